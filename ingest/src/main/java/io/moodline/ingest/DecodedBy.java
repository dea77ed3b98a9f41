package io.moodline.ingest;

/**
 * What decodes a source. Thread-safe.
 *
 * @param decoder {@code software}, or FFmpeg's name of the hardware, for example {@code cuda}
 * @param why in a clause for people: what was asked for, found missing, or measured
 */
record DecodedBy(String decoder, String why) {
  static DecodedBy software(String why) {
    return new DecodedBy(HardwareWish.SOFTWARE, why);
  }
}
