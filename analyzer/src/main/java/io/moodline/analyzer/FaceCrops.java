package io.moodline.analyzer;

import io.moodline.models.Bundle;
import io.moodline.models.FacePicture;
import io.moodline.models.FaceQuality;
import io.moodline.models.PictureResize.Rectangle;
import io.moodline.runtime.Settings;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
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
   * @param quality what the bundle's gate judges
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  public record FaceCrop(byte[] pixels, float[][] landmarks, FaceQuality quality) {}

  private final Bundle bundle;
  private final @Nullable FaceDetector detector;
  private final String detectorName;
  private final boolean pasted;
  private final FaceCropper cropper;

  private FaceCrops(
      Bundle bundle, @Nullable FaceDetector detector, String detectorName, boolean pasted) {
    this.bundle = bundle;
    this.pasted = pasted;
    this.detector = detector;
    this.detectorName = detectorName;
    this.cropper =
        detector == null ? wholePicture(bundle) : FaceCropper.of(bundle.outline(), detectorName);
  }

  /** What is cut out does not depend on the template: it is all there is. */
  private static FaceCropper wholePicture(Bundle bundle) {
    return new FaceCropper(
        bundle.crop(), 1, bundle.inputWidth(), bundle.inputHeight(), bundle.mask());
  }

  /** For pictures that show a face and nothing else. */
  public static FaceCrops ofCroppedPictures(Bundle bundle) {
    return new FaceCrops(bundle, null, "", false);
  }

  /**
   * For pictures in which a face is to be found, with the detector that the settings name.
   *
   * @throws io.moodline.runtime.UserException when it can not be used
   */
  public static FaceCrops ofWholePictures(Bundle bundle, Path moodlineHome, Settings settings) {
    return detecting(bundle, moodlineHome, settings, false);
  }

  /**
   * For pictures that show a face and nothing else, which are enlarged and put onto larger ones, so
   * that the detector has to find it. A synthetic figure comes of it: no background of a real
   * picture distracts the detector, no real edge helps it.
   *
   * @throws io.moodline.runtime.UserException when the detector can not be used
   */
  public static FaceCrops ofPastedPictures(Bundle bundle, Path moodlineHome, Settings settings) {
    return detecting(bundle, moodlineHome, settings, true);
  }

  private static FaceCrops detecting(
      Bundle bundle, Path moodlineHome, Settings settings, boolean pasted) {
    Detectors detectors = Detectors.choose(moodlineHome, settings);
    FaceDetector detector = detectors.open();
    try {
      return new FaceCrops(bundle, detector, detectors.name(), pasted);
    } catch (RuntimeException | Error e) {
      detector.close();
      throw e;
    }
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
    if (detector == null) {
      Rectangle whole = new Rectangle(0, 0, picture.width(), picture.height());
      return Optional.of(crop(cropper.cutOut(picture, whole, new float[0])));
    }
    if (pasted) {
      PastedPicture larger = PastedPicture.of(picture);
      return best(detector.detect(larger.picture()).stream().filter(larger::shows))
          .map(face -> crop(cropper.cutOut(larger.picture(), face)));
    }
    return best(detector.detect(picture).stream()).map(face -> crop(cropper.cutOut(picture, face)));
  }

  private static Optional<LocatedFace> best(Stream<LocatedFace> faces) {
    return faces.min(LocatedFace.ORDER);
  }

  /**
   * A picture's own pixels.
   *
   * @throws io.moodline.runtime.UserException when it is no picture or too large
   */
  public static FacePicture picture(byte[] fileBytes, String fileName) {
    Picture picture = PictureFile.read(fileBytes, fileName);
    return new FacePicture(picture.width(), picture.height(), picture.rgb());
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

  private static FaceCrop crop(FaceCropper.CutOut cutOut) {
    return new FaceCrop(cutOut.pixels(), cutOut.points(), cutOut.quality());
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
