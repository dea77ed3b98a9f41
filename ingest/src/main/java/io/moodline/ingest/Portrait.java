package io.moodline.ingest;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import javax.imageio.ImageIO;

/**
 * One face that can be moved, scaled, mirrored, dimmed and warped at mouth and brows: a
 * public-domain photograph whose origin stands in ORIGIN.md beside it. Thread-safe.
 */
final class Portrait {
  /** Side of the face in the photograph, pixels: OpenCV's frontal cascade finds a box like this. */
  static final double FACE_SIDE = 97;

  /** Centre of the face in the photograph, pixels. */
  static final double FACE_X = 93.5;

  static final double FACE_Y = 110.5;

  private static final double MOUTH_X = 92;
  private static final double MOUTH_Y = 140;
  private static final double SHOULDERS_BOTTOM = 300;

  /** So far beside the photograph no feature reaches, pixels. */
  private static final double FAR = 40;

  private static final int SHIRT_COLOUR = 0x2C3A52;
  private static final int LIP_COLOUR = 0xB5736B;
  private static final int MOUTH_COLOUR = 0x3A1A1A;

  private final int width;
  private final int height;
  private final int[] argb;

  private Portrait(int width, int height, int[] argb) {
    this.width = width;
    this.height = height;
    this.argb = argb;
  }

  /** The bundled photograph, read once. */
  static Portrait load() {
    return Bundled.PORTRAIT;
  }

  private static final class Bundled {
    static final Portrait PORTRAIT = read();
  }

  private static Portrait read() {
    try (InputStream in = Portrait.class.getResourceAsStream("portrait.png")) {
      if (in == null) {
        throw new IllegalStateException("portrait.png is not in the jar");
      }
      BufferedImage image = ImageIO.read(in);
      int width = image.getWidth();
      int height = image.getHeight();
      return new Portrait(width, height, image.getRGB(0, 0, width, height, null, 0, width));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Draws the head over a picture.
   *
   * @param centreX middle of the face on the canvas, pixels
   * @param side side of the face's box on the canvas, pixels
   * @param brightness 1 leaves the photograph's
   */
  void draw(
      Canvas canvas,
      double centreX,
      double centreY,
      double side,
      boolean mirrored,
      double brightness,
      Expression expression) {
    double scale = side / FACE_SIDE;
    int left = (int) Math.floor(centreX - width * scale);
    int right = (int) Math.ceil(centreX + width * scale);
    int top = (int) Math.floor(centreY - FACE_Y * scale);
    int bottom = (int) Math.ceil(centreY + (SHOULDERS_BOTTOM - FACE_Y) * scale);
    double[] pixel = new double[4];
    int from = Math.max(0, left);
    Across[] columns = new Across[Math.max(0, Math.min(canvas.width(), right) - from)];
    for (int i = 0; i < columns.length; i++) {
      double u = (from + i + 0.5 - centreX) / scale;
      columns[i] = Across.at(u, FACE_X + (mirrored ? -u : u), expression);
    }
    for (int y = Math.max(0, top); y < Math.min(canvas.height(), bottom); y++) {
      double v = FACE_Y + (y + 0.5 - centreY) / scale;
      Down row = Down.at(v);
      for (int i = 0; i < columns.length; i++) {
        sample(columns[i], row, expression, pixel);
        if (pixel[3] < 1) {
          layShoulders(columns[i].fromMiddle(), v, pixel);
        }
        canvas.blend(from + i, y, pixel, brightness);
      }
    }
  }

  /** What is the same all the way down a column: it costs ten exponentials. */
  private record Across(
      double fromMiddle,
      double x,
      double jaw,
      double mouth,
      double corners,
      double inner,
      double outer,
      double leftEye,
      double rightEye,
      double narrowed) {
    static Across at(double fromMiddle, double x, Expression e) {
      double cheek = 1 - smooth(16, 38, Math.abs(x - MOUTH_X)); // the face's outline stays
      return new Across(
          fromMiddle,
          x,
          bell(x, MOUTH_X, 36),
          bell(x, MOUTH_X, 24),
          bell(x, MOUTH_X - 21, 9) + bell(x, MOUTH_X + 21, 9),
          bell(x, 80, 9) + bell(x, 106, 9),
          bell(x, 61, 9) + bell(x, 128, 9),
          bell(x, 70, 11),
          bell(x, 113, 11),
          (x - MOUTH_X) * e.narrow() * cheek);
    }
  }

  /** What is the same all along a row, where the jaw has not moved it. */
  private record Down(
      double y, double mouth, double corners, double brows, double leftEye, double rightEye) {
    static Down at(double y) {
      return new Down(
          y,
          bell(y, MOUTH_Y, 11),
          bell(y, MOUTH_Y - 2, 9),
          bell(y, 87, 6),
          bell(y, 97, 6),
          bell(y, 99, 6));
    }
  }

  /** Puts a plain shirt under the head, so that it does not float. */
  private static void layShoulders(double fromMiddle, double v, double[] pixel) {
    double across = square(fromMiddle / 84);
    double down = square((v - SHOULDERS_BOTTOM) / 128);
    double shirt = v < SHOULDERS_BOTTOM ? 1 - smooth(0.95, 1, StrictMath.sqrt(across + down)) : 0;
    double opacity = pixel[3] + shirt * (1 - pixel[3]);
    if (opacity > 0) {
      double under = shirt * (1 - pixel[3]) / opacity;
      tint(pixel, SHIRT_COLOUR, under);
      pixel[3] = opacity;
    }
  }

  /** Colour (red, green, blue 0 to 255) and opacity (0 to 1) of the warped portrait at a point. */
  private void sample(Across column, Down unmoved, Expression e, double[] out) {
    double u = column.x();
    double v = unmoved.y();
    if (u < -FAR || u > width + FAR) {
      Arrays.fill(out, 0);
      return;
    }
    double x = u;
    // The jaw drops: what is below the mouth's middle moves down, the gap between is stretched.
    double y = v - e.open() * smooth(MOUTH_Y - 2, MOUTH_Y + 12 + e.open(), v) * column.jaw();
    Down row = y == v ? unmoved : Down.at(y);
    double mouth = column.mouth() * row.mouth();
    double corner = row.corners() * column.corners();
    double inner = row.brows() * column.inner();
    double outer = row.brows() * column.outer();
    double sourceX = x + column.narrowed() * row.mouth();
    double sourceY =
        y
            + (y - MOUTH_Y) * e.thin() * mouth
            - e.corners() * corner
            - e.innerBrows() * inner
            - e.outerBrows() * outer
            + (y - 97) * e.eyes() * column.leftEye() * row.leftEye()
            + (y - 99) * e.eyes() * column.rightEye() * row.rightEye();
    bilinear(sourceX - 0.5, sourceY - 0.5, out);
    // Teeth sag in the middle of a smile: their line is a parabola through the mouth's corners.
    double line = MOUTH_Y + 2 - 3.5 * square((sourceX - MOUTH_X) / 21);
    double teeth = e.lips() * disc((sourceX - MOUTH_X) / 23, (sourceY - line) / 5);
    tint(out, LIP_COLOUR, teeth);
    double gap =
        Math.min(1, e.open() / 6)
            * disc(
                (u - MOUTH_X) / (16 / (1 + Math.max(0, e.narrow()))),
                (v - MOUTH_Y - e.open() * 0.6) / (2 + e.open() * 0.6));
    tint(out, MOUTH_COLOUR, gap);
  }

  private void bilinear(double x, double y, double[] out) {
    int x0 = (int) Math.floor(x);
    int y0 = (int) Math.floor(y);
    Arrays.fill(out, 0);
    double right = x - x0;
    double low = y - y0;
    add(x0, y0, (1 - right) * (1 - low), out);
    add(x0 + 1, y0, right * (1 - low), out);
    add(x0, y0 + 1, (1 - right) * low, out);
    add(x0 + 1, y0 + 1, right * low, out);
    if (out[3] > 0) {
      for (int i = 0; i < 3; i++) {
        out[i] /= out[3];
      }
    }
  }

  private void add(int x, int y, double weight, double[] out) {
    if (x < 0 || y < 0 || x >= width || y >= height) {
      return;
    }
    int pixel = argb[y * width + x];
    double opacity = weight * (pixel >>> 24) / 255.0;
    out[0] += opacity * (pixel >> 16 & 0xFF);
    out[1] += opacity * (pixel >> 8 & 0xFF);
    out[2] += opacity * (pixel & 0xFF);
    out[3] += opacity;
  }

  private static void tint(double[] pixel, int colour, double amount) {
    pixel[0] += (((colour >> 16) & 0xFF) - pixel[0]) * amount;
    pixel[1] += (((colour >> 8) & 0xFF) - pixel[1]) * amount;
    pixel[2] += ((colour & 0xFF) - pixel[2]) * amount;
  }

  private static double bell(double at, double centre, double width) {
    return StrictMath.exp(-0.5 * square((at - centre) / width));
  }

  private static double disc(double x, double y) {
    return 1 - smooth(0.7, 1.1, StrictMath.sqrt(x * x + y * y));
  }

  private static double smooth(double from, double to, double at) {
    double t = Math.max(0, Math.min(1, (at - from) / (to - from)));
    return t * t * (3 - 2 * t);
  }

  private static double square(double x) {
    return x * x;
  }
}
