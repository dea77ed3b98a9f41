package io.moodline.analyzer;

/**
 * One decoded picture.
 *
 * @param rgb uint8 [height, width, 3], RGB, rows without gaps; not copied, so nobody writes to it
 */
@SuppressWarnings("ArrayRecordComponent") // megabytes that are handed on, never compared
record Picture(int width, int height, byte[] rgb) {
  Picture {
    if (rgb.length != 3L * width * height) {
      throw new IllegalArgumentException(
          rgb.length + " bytes for a picture of " + width + " x " + height);
    }
  }
}
