package io.moodline.analyzer;

/** A rectangle in pixels of a picture; parts may lie outside where a face is cut off. */
record PixelBox(double x, double y, double width, double height) {
  double centreX() {
    return x + width / 2;
  }

  double centreY() {
    return y + height / 2;
  }

  /** Shared area as a share of the area of both together, 0 to 1. */
  double overlap(PixelBox other) {
    double sharedWidth = Math.min(x + width, other.x + other.width) - Math.max(x, other.x);
    double sharedHeight = Math.min(y + height, other.y + other.height) - Math.max(y, other.y);
    if (sharedWidth <= 0 || sharedHeight <= 0) {
      return 0;
    }
    double shared = sharedWidth * sharedHeight;
    return shared / (width * height + other.width * other.height - shared);
  }
}
