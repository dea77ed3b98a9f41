package io.moodline.sink;

import io.moodline.schemas.v1.Box;

/** How boxes lie to one another. Thread-safe. */
final class Boxes {
  private Boxes() {}

  static Box around(double x, double y, double width, double height) {
    return new Box(
        (float) (x - width / 2), (float) (y - height / 2), (float) width, (float) height);
  }

  /** Intersection over union, 0 to 1. */
  static double overlap(Box a, Box b) {
    double common = common(a, b);
    double union = area(a) + area(b) - common;
    return union > 0 ? common / union : 0;
  }

  /** The share of {@code inner} that lies within {@code outer}, 0 to 1. */
  static double covered(Box inner, Box outer) {
    return area(inner) > 0 ? common(inner, outer) / area(inner) : 0;
  }

  /** The box with {@code share} of its sides added at each side. */
  static Box grown(Box box, double share) {
    double x = box.getX() + box.getWidth() / 2;
    double y = box.getY() + box.getHeight() / 2;
    return around(x, y, box.getWidth() * (1 + 2 * share), box.getHeight() * (1 + 2 * share));
  }

  private static double common(Box a, Box b) {
    double width =
        Math.min(a.getX() + a.getWidth(), b.getX() + b.getWidth()) - Math.max(a.getX(), b.getX());
    double height =
        Math.min(a.getY() + a.getHeight(), b.getY() + b.getHeight()) - Math.max(a.getY(), b.getY());
    return Math.max(0, width) * Math.max(0, height);
  }

  private static double area(Box box) {
    return (double) box.getWidth() * box.getHeight();
  }
}
