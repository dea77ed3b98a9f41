package io.moodline.analyzer;

import io.moodline.analyzer.FaceCrops.FaceCrop;
import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.Bundle;
import io.moodline.models.Bundles;
import io.moodline.runtime.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds and scores the faces of single pictures, with the same detector, cropper and classifier as
 * the stream's frames. Owns a detector and a model. Confined to one thread at a time.
 */
public final class FacePredictor implements AutoCloseable {
  private final FaceDetector detector;
  private final Detectors detectors;
  private final Model model;
  private boolean closed;

  private FacePredictor(FaceDetector detector, Detectors detectors, Model model) {
    this.detector = detector;
    this.detectors = detectors;
    this.model = model;
  }

  /**
   * Opens the detector and the model that the settings name.
   *
   * @param moodlineHome where bundles are
   * @throws io.moodline.runtime.UserException when one of them can not be used
   */
  public static FacePredictor open(Path moodlineHome, Settings settings) {
    Detectors detectors = Detectors.choose(moodlineHome, settings);
    FaceDetector detector = detectors.open();
    try {
      Bundles bundles = new Bundles(Analyzer.bundles(moodlineHome));
      Model model =
          ModelLoader.of(bundles, detectors.name(), DeviceChoice.of(settings))
              .loadAsSet(settings.get(AnalyzerSettings.MODEL));
      return new FacePredictor(detector, detectors, model);
    } catch (RuntimeException | Error e) {
      detector.close();
      throw e;
    }
  }

  /**
   * The faces of a picture, by falling face score, then from left to right.
   *
   * @param fileBytes a JPEG, PNG, BMP or WebP; its EXIF orientation is respected
   * @param fileName names the file in messages
   * @throws io.moodline.runtime.UserException when it is no picture or too large
   */
  public List<PredictedFace> predict(byte[] fileBytes, String fileName) {
    Picture picture = PictureFile.read(fileBytes, fileName);
    List<CroppedFace> found =
        detector.detect(picture).stream().map(face -> model.cropper().crop(picture, face)).toList();
    float[][] scores = model.score(found);
    List<PredictedFace> faces = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      faces.add(face(model.bundle(), found.get(i), scores[i]));
    }
    return List.copyOf(faces);
  }

  private static PredictedFace face(Bundle bundle, CroppedFace cropped, float[] scores) {
    LocatedFace found = cropped.face();
    PixelBox box = found.box();
    var pixels =
        new PredictedFace.Box(
            (int) Math.round(box.x()),
            (int) Math.round(box.y()),
            (int) Math.round(box.width()),
            (int) Math.round(box.height()));
    FaceCrop crop = new FaceCrop(cropped.pixels(), new float[0][], cropped.quality());
    return PredictedFace.of(bundle, pixels, found.faceScore(), scores, crop);
  }

  /** The model that scores. */
  public Bundle bundle() {
    return model.bundle();
  }

  /** The face detector in use: {@code yunet} or {@code opencv-cascade}. */
  public String detectorName() {
    return detectors.name();
  }

  /** What that detector can not see, in a clause for people. */
  public String detectorLimits() {
    return detectors.limits();
  }

  /** Gives the natives back. A second call does nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      model.close();
      detector.close();
    }
  }
}
