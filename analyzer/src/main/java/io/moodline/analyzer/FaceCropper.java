package io.moodline.analyzer;

import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.Bundle;
import io.moodline.models.BundleException;
import io.moodline.models.MaskKind;
import io.moodline.models.PictureResize;
import io.moodline.models.PictureResize.Rectangle;

/**
 * Cuts faces out as a bundle wants them: a square about the box's centre, resampled once, from the
 * full picture to the network's input. Where the square leaves the picture, the picture's edge is
 * continued. A network that looks through a mask gets the one that the face's landmarks make.
 * Thread-safe.
 *
 * @param sideFactor the square's side as a factor of the box's height, which differs by detector
 * @param width of the network's input in pixels
 * @param height of the network's input in pixels
 * @param mask the kind that the network was made with
 */
record FaceCropper(double sideFactor, int width, int height, MaskKind mask) {
  private static final float[] NO_MASK = new float[0];

  /**
   * The cropper of a bundle behind a detector.
   *
   * @throws BundleException when the bundle needs landmarks that the detector does not find
   */
  static FaceCropper of(Bundle bundle, String detector) {
    MaskKind mask = bundle.mask();
    if (mask == MaskKind.PUBLISHED_68) {
      throw new BundleException(
          "model "
              + bundle.name()
              + " looks through a mask of 68 landmarks, which no detector here finds: use it with landmark files in"
              + " evaluate or predict --cropped, or import it as oaenet-five-point");
    }
    if (mask == MaskKind.FIVE_POINT && !Detectors.findsLandmarks(detector)) {
      throw new BundleException(
          "model "
              + bundle.name()
              + " needs landmarks, which the detector "
              + detector
              + " does not find: fetch one that does with 'moodline model pull yunet'");
    }
    return new FaceCropper(
        bundle.crop().sideFor(detector), bundle.inputWidth(), bundle.inputHeight(), mask);
  }

  /** A face as the network takes it. */
  CroppedFace crop(Picture picture, LocatedFace face) {
    byte[] pixels = crop(picture, face.box());
    float[] weights =
        mask == MaskKind.NONE
            ? NO_MASK
            : mask.mask(pixels, points(face.landmarks(), square(face.box()), width, height));
    return new CroppedFace(face, pixels, weights);
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

  /** Landmarks of a picture, x0, y0, x1, y1, ..., as x and y in the pixels of what is cut out. */
  static float[][] points(float[] landmarks, Rectangle from, int width, int height) {
    float[][] points = new float[landmarks.length / 2][2];
    for (int i = 0; i < points.length; i++) {
      points[i][0] = (float) ((landmarks[2 * i] - from.left()) * width / from.width());
      points[i][1] = (float) ((landmarks[2 * i + 1] - from.top()) * height / from.height());
    }
    return points;
  }
}
