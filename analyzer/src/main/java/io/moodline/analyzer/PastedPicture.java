package io.moodline.analyzer;

import io.moodline.models.PictureResize;

/**
 * A face crop enlarged and put onto a larger picture, so that a detector has something to look for
 * where only crops are labelled. What surrounds it is the crop itself, blurred beyond recognition.
 * Thread-safe.
 *
 * @param picture the larger one
 * @param left where the crop begins, in pixels
 * @param top where the crop begins, in pixels
 * @param side of the crop's width and height in it
 */
record PastedPicture(Picture picture, int left, int top, int side) {
  /** A crop fills so much of a picture's height, as a face that is looked at from a metre. */
  private static final double SHARE = 0.45;

  private static final int LEAST_HEIGHT = 480;
  private static final int BLURRED_SIDE = 4;

  static PastedPicture of(Picture crop) {
    int side = Math.max((int) (SHARE * LEAST_HEIGHT), Math.max(crop.width(), crop.height()));
    int height = (int) Math.round(side / SHARE);
    int width = height * 4 / 3;
    byte[] blurred =
        PictureResize.resize(crop.rgb(), crop.width(), crop.height(), BLURRED_SIDE, BLURRED_SIDE);
    byte[] rgb = PictureResize.resize(blurred, BLURRED_SIDE, BLURRED_SIDE, width, height);
    byte[] enlarged = PictureResize.resize(crop.rgb(), crop.width(), crop.height(), side, side);
    int left = (width - side) / 2;
    int top = (height - side) / 2;
    for (int y = 0; y < side; y++) {
      System.arraycopy(enlarged, 3 * y * side, rgb, 3 * ((top + y) * width + left), 3 * side);
    }
    return new PastedPicture(new Picture(width, height, rgb), left, top, side);
  }

  /** Whether a face is that of the crop, not one that the detector saw beside it. */
  boolean shows(LocatedFace face) {
    double x = face.box().centreX();
    double y = face.box().centreY();
    return x >= left && x < left + side && y >= top && y < top + side;
  }

  /** Points of the larger picture in pixels of the crop: x0, y0, x1, y1, ... */
  float[] inCrop(float[] points, Picture crop) {
    float[] inside = new float[points.length];
    for (int i = 0; i < points.length; i += 2) {
      inside[i] = (points[i] - left) * crop.width() / side;
      inside[i + 1] = (points[i + 1] - top) * crop.height() / side;
    }
    return inside;
  }
}
