package io.moodline.models;

/**
 * Turns, scales and moves points of one picture to points of another, never mirrors: {@code x = a u
 * - b v + left}, {@code y = b u + a v + top}. Points are continuous: the first pixel's centre is at
 * 0.5. Thread-safe.
 */
public record Similarity(double a, double b, double left, double top) {
  private static final double LEAST_SPREAD = 1e-9;

  /** The turn about a point by degrees, clockwise as seen. */
  static Similarity turn(double degrees, double x, double y) {
    double cos = Math.cos(Math.toRadians(degrees));
    double sin = Math.sin(Math.toRadians(degrees));
    return new Similarity(cos, sin, x - cos * x + sin * y, y - sin * x - cos * y);
  }

  /**
   * The one that brings points closest to others, by least squares.
   *
   * @param from x0, y0, x1, y1, ...
   * @param to as many
   * @throws IllegalArgumentException when all points of {@code from} are one
   */
  public static Similarity fit(double[] from, double[] to) {
    int points = from.length / 2;
    double fromX = mean(from, 0);
    double fromY = mean(from, 1);
    double toX = mean(to, 0);
    double toY = mean(to, 1);
    double spread = 0;
    double along = 0;
    double across = 0;
    for (int i = 0; i < points; i++) {
      double u = from[2 * i] - fromX;
      double v = from[2 * i + 1] - fromY;
      double x = to[2 * i] - toX;
      double y = to[2 * i + 1] - toY;
      spread += u * u + v * v;
      along += u * x + v * y;
      across += u * y - v * x;
    }
    if (from.length != to.length || points < 2 || spread < LEAST_SPREAD) {
      throw new IllegalArgumentException(points + " points that lie on one another");
    }
    double a = along / spread;
    double b = across / spread;
    return new Similarity(a, b, toX - a * fromX + b * fromY, toY - b * fromX - a * fromY);
  }

  private static double mean(double[] points, int axis) {
    double sum = 0;
    for (int i = axis; i < points.length; i += 2) {
      sum += points[i];
    }
    return sum / (points.length / 2);
  }

  /** How many pixels of the second picture one pixel of the first covers, along a side. */
  public double scale() {
    return Math.hypot(a, b);
  }

  public double x(double u, double v) {
    return a * u - b * v + left;
  }

  public double y(double u, double v) {
    return b * u + a * v + top;
  }

  /** The way back. */
  public Similarity inverse() {
    double square = a * a + b * b;
    double backA = a / square;
    double backB = -b / square;
    return new Similarity(
        backA, backB, -(backA * left - backB * top), -(backB * left + backA * top));
  }
}
