package io.moodline.analyzer;

import io.moodline.models.Bundle;
import io.moodline.models.PictureResize;
import io.moodline.models.PictureResize.Rectangle;

/**
 * Cuts faces out as a bundle wants them: a square about the box's centre, resampled once, from the
 * full picture to the network's input. Where the square leaves the picture, the picture's edge is
 * continued. Thread-safe.
 *
 * @param sideFactor the square's side as a factor of the box's height, which differs by detector
 * @param width of the network's input in pixels
 * @param height of the network's input in pixels
 */
record FaceCropper(double sideFactor, int width, int height) {
  static FaceCropper of(Bundle bundle, String detector) {
    return new FaceCropper(
        bundle.crop().sideFor(detector), bundle.inputWidth(), bundle.inputHeight());
  }

  /** The face as uint8 [height, width, 3], RGB. */
  byte[] crop(Picture picture, PixelBox box) {
    return PictureResize.resize(
        picture.rgb(), picture.width(), picture.height(), square(box), width, height);
  }

  /** What is cut out for a box. */
  Rectangle square(PixelBox box) {
    return Rectangle.square(box.centreX(), box.centreY(), sideFactor * box.height());
  }
}
