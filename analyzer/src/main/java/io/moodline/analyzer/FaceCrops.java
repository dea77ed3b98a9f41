package io.moodline.analyzer;

import io.moodline.models.Bundle;
import io.moodline.models.PictureResize;
import io.moodline.models.PictureResize.Rectangle;
import io.moodline.runtime.Settings;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Picture files to faces as a bundle takes them: of pictures that are crops already, or of whole
 * ones in which the service's own detector looks for the face. May own a detector. Confined to one
 * thread at a time.
 */
public final class FaceCrops implements AutoCloseable {
  /**
   * A face as a bundle takes it.
   *
   * @param pixels uint8 [height, width, 3], RGB
   * @param landmarks x and y of points in those pixels; empty where none are known
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record FaceCrop(byte[] pixels, float[][] landmarks) {}

  private final Bundle bundle;
  private final @Nullable FaceDetector detector;
  private final String detectorName;
  private final @Nullable FaceCropper cropper;

  private FaceCrops(Bundle bundle, @Nullable FaceDetector detector, String detectorName) {
    this.bundle = bundle;
    this.detector = detector;
    this.detectorName = detectorName;
    this.cropper = detector == null ? null : FaceCropper.of(bundle, detectorName);
  }

  /** For pictures that show a face and nothing else. */
  public static FaceCrops ofCroppedPictures(Bundle bundle) {
    return new FaceCrops(bundle, null, "");
  }

  /**
   * For pictures in which a face is to be found, with the detector that the settings name.
   *
   * @throws io.moodline.runtime.UserException when it can not be used
   */
  public static FaceCrops ofWholePictures(Bundle bundle, Path moodlineHome, Settings settings) {
    Detectors detectors = Detectors.choose(moodlineHome, settings);
    return new FaceCrops(bundle, detectors.open(), detectors.name());
  }

  /**
   * The face of a picture: the whole picture resized, or what the cropper makes of the face with
   * the highest score; nothing where the detector finds none.
   *
   * @param fileBytes a JPEG, PNG, BMP or WebP; its EXIF orientation is respected
   * @param fileName names the file in messages
   * @throws io.moodline.runtime.UserException when it is no picture or too large
   */
  public Optional<FaceCrop> read(byte[] fileBytes, String fileName) {
    Picture picture = PictureFile.read(fileBytes, fileName);
    FaceCropper found = cropper;
    if (detector == null || found == null) {
      Rectangle whole = new Rectangle(0, 0, picture.width(), picture.height());
      return Optional.of(crop(picture, whole, new float[0]));
    }
    return detector.detect(picture).stream()
        .min(LocatedFace.ORDER)
        .map(face -> crop(picture, found.square(face.box()), face.landmarks()));
  }

  /**
   * The face of a picture that its 68 landmarks show, cut out as OAENet was published.
   *
   * @param landmarks x and y of each in the picture's pixels, in the usual order (iBUG)
   */
  public FaceCrop read(byte[] fileBytes, String fileName, double[][] landmarks) {
    if (landmarks.length != LandmarkCropper.LANDMARKS) {
      throw new IllegalArgumentException(landmarks.length + " landmarks");
    }
    Picture picture = PictureFile.read(fileBytes, fileName);
    return LandmarkCropper.crop(
        picture, landmarks, bundle.inputWidth(), bundle.inputHeight(), fileName);
  }

  private FaceCrop crop(Picture picture, Rectangle from, float[] landmarks) {
    int width = bundle.inputWidth();
    int height = bundle.inputHeight();
    byte[] pixels =
        PictureResize.resize(picture.rgb(), picture.width(), picture.height(), from, width, height);
    return new FaceCrop(pixels, FaceCropper.points(landmarks, from, width, height));
  }

  /** The face detector in use; empty where there is none. */
  public String detectorName() {
    return detectorName;
  }

  /** Gives the natives back. */
  @Override
  public void close() {
    if (detector != null) {
      detector.close();
    }
  }
}
