package io.moodline.ingest;

/**
 * What is to decode a source. Thread-safe.
 *
 * @param name {@link #AUTO}, or FFmpeg's name of a kind of hardware; empty for software
 * @param whySoftware why no hardware is to be tried, in a clause for people; empty where it is
 */
record HardwareWish(String name, String whySoftware) {
  /** Hardware where it is there and takes less of the processor than software. */
  static final String AUTO = "auto";

  static final String OFF = "off";

  /** In the place of a hardware's name: the processor. */
  static final String SOFTWARE = "software";

  private static final HardwareWish RECORDING =
      software("recordings are decoded in software, so that their frames are always the same");
  private static final HardwareWish FELL =
      software("its decoder went down a short while ago, and the driver may have done it");
  private static final HardwareWish NOT_ASKED =
      software(IngestSettings.DECODER_HARDWARE.key() + " is " + OFF);

  /** No hardware. */
  static HardwareWish software(String why) {
    return new HardwareWish("", why);
  }

  /** As the setting says: {@link #OFF}, {@link #AUTO} or a name. */
  static HardwareWish of(String setting) {
    return setting.equals(OFF) ? NOT_ASKED : new HardwareWish(setting, "");
  }

  /**
   * What becomes of this wish.
   *
   * @param fell whether the source's decoder went down lately
   */
  HardwareWish of(DecodeOrder order, boolean fell) {
    if (name.isEmpty()) {
      return this;
    }
    return order.isLive() ? fell ? FELL : this : RECORDING;
  }
}
