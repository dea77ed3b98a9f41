package io.moodline.deploy;

import io.moodline.analyzer.FaceCrops;
import io.moodline.analyzer.FaceCrops.FaceCrop;
import io.moodline.analyzer.PredictedFace;
import io.moodline.models.Bundle;
import io.moodline.models.Classifiers;
import io.moodline.models.Devices;
import io.moodline.models.Landmarks;
import java.nio.file.Path;
import java.util.List;

/**
 * Scores pictures that are face crops already, without looking for a face in them. Owns a network.
 * Confined to one thread.
 */
final class CroppedFaces implements AutoCloseable {
  private final Bundle bundle;
  private final Classifiers classifiers;
  private final FaceCrops crops;

  CroppedFaces(Bundle bundle, Devices devices) {
    MaskedFaces.refuseWithoutDetector(
        bundle, "give whole pictures and leave --cropped out, so that the detector finds them");
    this.bundle = bundle;
    this.crops = FaceCrops.ofCroppedPictures(bundle);
    this.classifiers = devices.open(bundle);
  }

  /** The face in a file; its box is all of what the network sees. */
  PredictedFace predict(Path file) {
    FaceCrop crop =
        MaskedFaces.read(
            bundle, crops, PictureBytes.read(file), file.toString(), () -> Landmarks.beside(file));
    float[] scores = MaskedFaces.classify(bundle, classifiers, List.of(crop))[0];
    PredictedFace.Box box = new PredictedFace.Box(0, 0, bundle.inputWidth(), bundle.inputHeight());
    return PredictedFace.of(bundle, box, 1, scores, crop);
  }

  @Override
  public void close() {
    classifiers.close();
    crops.close();
  }
}
