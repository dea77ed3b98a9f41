package io.moodline.models;

/**
 * Cuts a turned square out of a picture and resizes it in one step, with the filter of {@link
 * PictureResize}: bilinear, as wide as one pixel of the result where that is larger than one of the
 * picture, so that nothing is skipped when a large face becomes a small one. The filter stands as
 * the result stands. Beyond the picture its outermost pixels are continued.
 *
 * <p>Sums in double precision, one rounding. Thread-safe.
 */
public final class PictureWarp {
  private static final int CHANNELS = 3;

  /** A pixel that covers more than this is of a face larger than any picture. */
  private static final double LARGEST_SCALE = 512;

  private PictureWarp() {}

  /**
   * Cuts out and resizes.
   *
   * @param picture uint8 [height, width, 3], interleaved
   * @param toPicture where a point of the result lies in the picture
   * @return uint8 [toHeight, toWidth, 3]
   */
  public static byte[] warp(
      byte[] picture, int width, int height, Similarity toPicture, int toWidth, int toHeight) {
    double scale = toPicture.scale();
    if (picture.length < (long) width * height * CHANNELS
        || !(scale > 0 && scale < LARGEST_SCALE)) {
      throw new IllegalArgumentException(
          toPicture + " of a picture of " + width + " x " + height + " in " + picture.length);
    }
    Warp warp = new Warp(picture, width, height, toPicture);
    byte[] result = new byte[toWidth * toHeight * CHANNELS];
    for (int v = 0; v < toHeight; v++) {
      for (int u = 0; u < toWidth; u++) {
        warp.pixel(u + 0.5, v + 0.5, result, (v * toWidth + u) * CHANNELS);
      }
    }
    return result;
  }

  /** The picture and the filter's shape. Confined to one call. */
  private static final class Warp {
    private final byte[] picture;
    private final int width;
    private final int height;
    private final Similarity toPicture;
    private final double cos;
    private final double sin;
    private final double support;
    private final double reach;

    Warp(byte[] picture, int width, int height, Similarity toPicture) {
      this.picture = picture;
      this.width = width;
      this.height = height;
      this.toPicture = toPicture;
      this.cos = toPicture.a() / toPicture.scale();
      this.sin = toPicture.b() / toPicture.scale();
      this.support = Math.max(toPicture.scale(), 1);
      this.reach = support * (Math.abs(cos) + Math.abs(sin));
    }

    void pixel(double u, double v, byte[] to, int at) {
      double centreX = toPicture.x(u, v) - 0.5;
      double centreY = toPicture.y(u, v) - 0.5;
      double all = 0;
      double red = 0;
      double green = 0;
      double blue = 0;
      int lastX = (int) Math.floor(centreX + reach);
      int lastY = (int) Math.floor(centreY + reach);
      for (int y = (int) Math.ceil(centreY - reach); y <= lastY; y++) {
        int row = clamp(y, height) * width;
        for (int x = (int) Math.ceil(centreX - reach); x <= lastX; x++) {
          double weight = weight(x - centreX, y - centreY);
          if (weight > 0) {
            int from = (row + clamp(x, width)) * CHANNELS;
            all += weight;
            red += weight * (picture[from] & 0xff);
            green += weight * (picture[from + 1] & 0xff);
            blue += weight * (picture[from + 2] & 0xff);
          }
        }
      }
      to[at] = (byte) (int) (red / all + 0.5);
      to[at + 1] = (byte) (int) (green / all + 0.5);
      to[at + 2] = (byte) (int) (blue / all + 0.5);
    }

    private double weight(double x, double y) {
      double along = 1 - Math.abs(cos * x + sin * y) / support;
      double across = 1 - Math.abs(cos * y - sin * x) / support;
      return along > 0 && across > 0 ? along * across : 0;
    }

    private static int clamp(int index, int size) {
      return Math.max(0, Math.min(index, size - 1));
    }
  }
}
