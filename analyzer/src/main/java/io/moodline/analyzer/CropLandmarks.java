package io.moodline.analyzer;

import io.moodline.models.FacePicture;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Finds the five landmarks of pictures that show a face and nothing else, as data sets hand them
 * out: each is enlarged and put onto a larger picture, where the service's own detector looks for
 * it. Owns a detector. Confined to one thread at a time.
 */
public final class CropLandmarks implements AutoCloseable {
  private final FaceDetector detector;

  private CropLandmarks(FaceDetector detector) {
    this.detector = detector;
  }

  /**
   * Opens the detector that the settings name.
   *
   * @throws UserException when it is not there or finds no landmarks
   */
  public static CropLandmarks open(Path moodlineHome, Settings settings) {
    return over(Detectors.choose(moodlineHome, settings));
  }

  static CropLandmarks over(Detectors detectors) {
    if (!Detectors.findsLandmarks(detectors.name())) {
      throw new UserException(
          "the detector "
              + detectors.name()
              + " finds no landmarks: fetch one that does with 'moodline model pull yunet'");
    }
    return new CropLandmarks(detectors.open());
  }

  /**
   * The landmarks of the surest face, if one is found.
   *
   * @return x0, y0, x1, y1, ... in the picture's pixels: right eye, left eye, nose tip, right and
   *     left corner of the mouth, as the person has them
   */
  public Optional<float[]> find(FacePicture crop) {
    Picture picture = new Picture(crop.width(), crop.height(), crop.rgb());
    PastedPicture larger = PastedPicture.of(picture);
    return detector.detect(larger.picture()).stream()
        .filter(larger::shows)
        .min(LocatedFace.ORDER)
        .map(face -> larger.inCrop(face.landmarks(), picture));
  }

  /** Gives the natives back. */
  @Override
  public void close() {
    detector.close();
  }
}
