package io.moodline.analyzer;

import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.BundleException;
import io.moodline.models.BundleOutline;
import io.moodline.models.CropTemplate;
import io.moodline.models.FaceQuality;
import io.moodline.models.MaskKind;
import io.moodline.models.PictureResize;
import io.moodline.models.PictureResize.Rectangle;
import io.moodline.models.PictureWarp;
import io.moodline.models.Similarity;

/**
 * Cuts faces out as a bundle's template wants them, resampled once, from the full picture to the
 * network's input, and measures how well they can be seen. Where the cut-out leaves the picture,
 * the picture's edge is continued. A network that looks through a mask gets the one that the face's
 * landmarks make. Thread-safe.
 *
 * @param template of the bundle
 * @param sideFactor of the template's square, behind the detector in use
 * @param width of the network's input in pixels
 * @param height of the network's input in pixels
 * @param mask the kind that the network was made with
 */
record FaceCropper(CropTemplate template, double sideFactor, int width, int height, MaskKind mask) {
  private static final float[] NO_MASK = new float[0];
  private static final int FIVE_POINTS = 10;

  /**
   * The cropper of a bundle behind a detector.
   *
   * @throws BundleException when the bundle needs landmarks that the detector does not find
   */
  static FaceCropper of(BundleOutline bundle, String detector) {
    MaskKind mask = bundle.mask();
    if (mask == MaskKind.PUBLISHED_68) {
      throw new BundleException(
          "model "
              + bundle.name()
              + " looks through a mask of 68 landmarks, which no detector here finds: use it with landmark files in"
              + " evaluate or predict --cropped, or import it as oaenet-five-point");
    }
    CropTemplate template = bundle.crop();
    boolean needsLandmarks =
        mask == MaskKind.FIVE_POINT
            || template.followsLandmarks() && !template.side().containsKey(detector);
    if (needsLandmarks && !Detectors.findsLandmarks(detector)) {
      throw new BundleException(
          "model "
              + bundle.name()
              + " needs landmarks, which the detector "
              + detector
              + " does not find: fetch one that does with 'moodline model pull yunet'");
    }
    return new FaceCropper(
        template, template.sideFor(detector), bundle.width(), bundle.height(), mask);
  }

  /**
   * What was cut out.
   *
   * @param pixels uint8 [height, width, 3], RGB
   * @param points x and y of the landmarks in those pixels; empty where none were found
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  record CutOut(byte[] pixels, float[][] points, FaceQuality quality) {}

  /** A face as the network takes it. */
  CroppedFace crop(Picture picture, LocatedFace face) {
    CutOut cutOut = cutOut(picture, face);
    float[] weights = mask == MaskKind.NONE ? NO_MASK : mask.mask(cutOut.pixels(), cutOut.points());
    return new CroppedFace(face, cutOut.pixels(), weights, cutOut.quality());
  }

  /** A face as the template wants it, with its landmarks. */
  CutOut cutOut(Picture picture, LocatedFace face) {
    if (template.followsLandmarks() && face.landmarks().length == FIVE_POINTS) {
      try {
        return turned(picture, face);
      } catch (IllegalArgumentException e) {
        // All landmarks in one place say nothing; the box still does.
      }
    }
    return cutOut(picture, square(face.box()), face.landmarks());
  }

  /** A rectangle of a picture as the network takes it. */
  CutOut cutOut(Picture picture, Rectangle from, float[] landmarks) {
    byte[] pixels =
        PictureResize.resize(picture.rgb(), picture.width(), picture.height(), from, width, height);
    double inFrame = from.shareIn(picture.width(), picture.height());
    FaceQuality quality =
        FaceQuality.of(
            pixels, width, height, Math.min(from.width(), from.height()), inFrame, landmarks);
    float[][] points = new float[landmarks.length / 2][2];
    for (int i = 0; i < points.length; i++) {
      points[i][0] = (float) ((landmarks[2 * i] - from.left()) * width / from.width());
      points[i][1] = (float) ((landmarks[2 * i + 1] - from.top()) * height / from.height());
    }
    return new CutOut(pixels, points, quality);
  }

  private CutOut turned(Picture picture, LocatedFace face) {
    Similarity toPicture = template.toPicture(face.landmarks(), width, height);
    byte[] pixels =
        PictureWarp.warp(
            picture.rgb(), picture.width(), picture.height(), toPicture, width, height);
    double inFrame = shareIn(picture, toPicture);
    FaceQuality quality =
        FaceQuality.of(pixels, width, height, toPicture.scale() * width, inFrame, face.landmarks());
    Similarity toInput = toPicture.inverse();
    float[][] points = new float[face.landmarks().length / 2][2];
    for (int i = 0; i < points.length; i++) {
      double x = face.landmarks()[2 * i];
      double y = face.landmarks()[2 * i + 1];
      points[i] = new float[] {(float) toInput.x(x, y), (float) toInput.y(x, y)};
    }
    return new CutOut(pixels, points, quality);
  }

  private double shareIn(Picture picture, Similarity toPicture) {
    int inside = 0;
    for (int v = 0; v < height; v++) {
      for (int u = 0; u < width; u++) {
        double x = toPicture.x(u + 0.5, v + 0.5);
        double y = toPicture.y(u + 0.5, v + 0.5);
        inside += x >= 0 && y >= 0 && x < picture.width() && y < picture.height() ? 1 : 0;
      }
    }
    return (double) inside / (width * height);
  }

  /** What the template's square takes of a picture for a box. */
  Rectangle square(PixelBox box) {
    return Rectangle.square(box.centreX(), box.centreY(), sideFactor * box.height());
  }
}
