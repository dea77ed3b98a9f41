package io.moodline.ingest;

import java.util.Arrays;

/**
 * A picture being drawn: BGR, three bytes a pixel, row by row. Confined to the thread that draws.
 */
record Canvas(int width, int height, byte[] bgr) {

  static Canvas of(int width, int height) {
    return new Canvas(width, height, new byte[width * height * 3]);
  }

  Canvas copy() {
    return new Canvas(width, height, bgr.clone());
  }

  int greenAt(int x, int y) {
    return bgr[(y * width + x) * 3 + 1] & 0xFF;
  }

  /** Lays a colour (red, green, blue 0 to 255, opacity 0 to 1) over a pixel. */
  void blend(int x, int y, double[] colour, double brightness) {
    int at = (y * width + x) * 3;
    for (int i = 0; i < 3; i++) {
      double under = bgr[at + i] & 0xFF;
      double over = Math.min(255, colour[2 - i] * brightness);
      bgr[at + i] = (byte) Math.round(under + (over - under) * colour[3]);
    }
  }

  /** Fills a rectangle, cut at the edges, with a grey of 0 to 255. */
  void fill(int x, int y, int w, int h, int grey) {
    for (int row = Math.max(0, y); row < Math.min(height, y + h); row++) {
      int from = (row * width + Math.max(0, x)) * 3;
      int to = (row * width + Math.min(width, x + w)) * 3;
      Arrays.fill(bgr, from, to, (byte) grey);
    }
  }
}
