package io.moodline.models;

/**
 * Cuts a rectangle out of a picture and resizes it with an antialiased bilinear filter, to the last
 * bit as Pillow does ({@code crop}, then {@code resize} with {@code BILINEAR}), which is what the
 * networks were trained on. A filter without antialiasing differs by up to 42 grey levels when it
 * shrinks a picture to a third.
 *
 * <p>The rectangle may lie partly outside the picture: the outermost pixels are continued there.
 * Black, the other choice, would put an edge into the face that no training picture had, and pull a
 * network's per-picture brightness and contrast off.
 *
 * <p>Two passes, across and then down, each rounded to bytes; weights are fixed-point numbers with
 * 22 binary digits. Thread-safe.
 */
public final class PictureResize {
  private static final int CHANNELS = 3;
  private static final int PRECISION = 22;
  private static final int LARGEST_SIDE = 1 << 14;

  private PictureResize() {}

  /** A rectangle in a picture's pixels; may lie partly outside the picture. */
  public record Rectangle(int left, int top, int width, int height) {
    public Rectangle {
      if (width < 1 || height < 1 || width > LARGEST_SIDE || height > LARGEST_SIDE) {
        throw new IllegalArgumentException(
            "a rectangle of " + width + " x " + height + "; 1 to " + LARGEST_SIDE + " each");
      }
      if (Math.abs((long) left) > LARGEST_SIDE || Math.abs((long) top) > LARGEST_SIDE) {
        throw new IllegalArgumentException("a rectangle at " + left + ", " + top);
      }
    }

    /** The square of that side about a centre, on whole pixels. */
    public static Rectangle square(double centreX, double centreY, double side) {
      int pixels = Math.max(1, (int) Math.round(side));
      return new Rectangle(
          (int) Math.round(centreX - pixels / 2.0),
          (int) Math.round(centreY - pixels / 2.0),
          pixels,
          pixels);
    }

    /** Share of it that lies in a picture of that size, 0 to 1. */
    public double shareIn(int pictureWidth, int pictureHeight) {
      long across = Math.min(left + width, pictureWidth) - Math.max(left, 0);
      long down = Math.min(top + height, pictureHeight) - Math.max(top, 0);
      return across <= 0 || down <= 0 ? 0 : (double) across * down / ((double) width * height);
    }

    boolean meets(int pictureWidth, int pictureHeight) {
      return left < pictureWidth && top < pictureHeight && left + width > 0 && top + height > 0;
    }
  }

  /** Resizes the whole picture. */
  public static byte[] resize(byte[] picture, int width, int height, int toWidth, int toHeight) {
    return resize(picture, width, height, new Rectangle(0, 0, width, height), toWidth, toHeight);
  }

  /**
   * Cuts out and resizes.
   *
   * @param picture uint8 [height, width, 3], interleaved; the order of the channels stays
   * @param from what to cut out; must meet the picture
   * @return uint8 [toHeight, toWidth, 3]
   */
  public static byte[] resize(
      byte[] picture, int width, int height, Rectangle from, int toWidth, int toHeight) {
    byte[] resized = new byte[toWidth * toHeight * CHANNELS];
    resize(picture, width, height, from, resized, 0, toWidth, toHeight);
    return resized;
  }

  /** As above, into {@code to} from {@code offset} on: for filling a batch without copies. */
  public static void resize(
      byte[] picture,
      int width,
      int height,
      Rectangle from,
      byte[] to,
      int offset,
      int toWidth,
      int toHeight) {
    if (picture.length < (long) width * height * CHANNELS || !from.meets(width, height)) {
      throw new IllegalArgumentException(
          from + " of a picture of " + width + " x " + height + " in " + picture.length + " bytes");
    }
    byte[] across = new byte[from.height() * toWidth * CHANNELS];
    passAcross(picture, width, height, from, across, toWidth);
    passDown(across, from.height(), toWidth * CHANNELS, to, offset, toHeight);
  }

  private static void passAcross(
      byte[] picture, int width, int height, Rectangle from, byte[] to, int toWidth) {
    int[] columns = new int[from.width()];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = clamp(from.left() + i, width) * CHANNELS;
    }
    Filter filter = Filter.between(from.width(), toWidth);
    int rowBytes = toWidth * CHANNELS;
    int rowBefore = -1;
    for (int y = 0; y < from.height(); y++) {
      int row = clamp(from.top() + y, height);
      if (row == rowBefore) {
        // Above and below the picture its first and last row are continued: no need to filter
        // again.
        System.arraycopy(to, (y - 1) * rowBytes, to, y * rowBytes, rowBytes);
      } else {
        rowAcross(picture, row * width * CHANNELS, columns, filter, to, y * rowBytes);
      }
      rowBefore = row;
    }
  }

  private static void rowAcross(
      byte[] picture, int row, int[] columns, Filter filter, byte[] to, int toRow) {
    int at = toRow;
    for (int x = 0; x < filter.first.length; x++) {
      int first = filter.first[x];
      int[] weights = filter.weights[x];
      int red = Filter.HALF;
      int green = Filter.HALF;
      int blue = Filter.HALF;
      for (int k = 0; k < weights.length; k++) {
        int pixel = row + columns[first + k];
        int weight = weights[k];
        red += (picture[pixel] & 0xff) * weight;
        green += (picture[pixel + 1] & 0xff) * weight;
        blue += (picture[pixel + 2] & 0xff) * weight;
      }
      to[at++] = level(red);
      to[at++] = level(green);
      to[at++] = level(blue);
    }
  }

  private static void passDown(
      byte[] rows, int height, int rowBytes, byte[] to, int offset, int toHeight) {
    Filter filter = Filter.between(height, toHeight);
    for (int y = 0; y < toHeight; y++) {
      int first = filter.first[y] * rowBytes;
      int[] weights = filter.weights[y];
      int toRow = offset + y * rowBytes;
      for (int x = 0; x < rowBytes; x++) {
        int sum = Filter.HALF;
        int from = first + x;
        for (int weight : weights) {
          sum += (rows[from] & 0xff) * weight;
          from += rowBytes;
        }
        to[toRow + x] = level(sum);
      }
    }
  }

  private static byte level(int sum) {
    return (byte) Math.min(sum >> PRECISION, 255);
  }

  private static int clamp(int index, int size) {
    return Math.max(0, Math.min(index, size - 1));
  }

  /** Which samples make one of the resized ones, and how much of each, along one axis. */
  private static final class Filter {
    static final int HALF = 1 << (PRECISION - 1);

    final int[] first;
    final int[][] weights;

    private Filter(int count) {
      first = new int[count];
      weights = new int[count][];
    }

    static Filter between(int samples, int resized) {
      Filter filter = new Filter(resized);
      double scale = (double) samples / resized;
      double support = Math.max(scale, 1);
      for (int i = 0; i < resized; i++) {
        double centre = (i + 0.5) * scale;
        int from = Math.max((int) (centre - support + 0.5), 0);
        int to = Math.min((int) (centre + support + 0.5), samples);
        double[] shares = new double[to - from];
        double sum = 0;
        for (int k = 0; k < shares.length; k++) {
          // The sum runs in index order: another order would round differently.
          shares[k] = Math.max(0, 1 - Math.abs((from + k - centre + 0.5) / support));
          sum += shares[k];
        }
        filter.first[i] = from;
        filter.weights[i] = new int[shares.length];
        for (int k = 0; k < shares.length; k++) {
          filter.weights[i][k] = (int) (shares[k] / sum * (1 << PRECISION) + 0.5);
        }
      }
      return filter;
    }
  }
}
