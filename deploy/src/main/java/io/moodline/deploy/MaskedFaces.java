package io.moodline.deploy;

import io.moodline.analyzer.FaceCrops;
import io.moodline.analyzer.FaceCrops.FaceCrop;
import io.moodline.models.Bundle;
import io.moodline.models.Classifiers;
import io.moodline.models.MaskKind;
import io.moodline.runtime.UserException;
import java.util.List;
import java.util.function.Supplier;

/**
 * Reads and scores faces for models with and without a mask: one that looks through the published
 * mask gets the published crop, made with the landmarks, and the mask of it. Thread-safe.
 */
final class MaskedFaces {
  private MaskedFaces() {}

  /** Whether faces can only be scored behind a detector, because it alone finds the landmarks. */
  static boolean needsDetector(Bundle bundle) {
    return bundle.mask() == MaskKind.FIVE_POINT;
  }

  /**
   * Refuses a model whose landmarks only a detector finds.
   *
   * @param remedy what to do instead, in a clause
   */
  static void refuseWithoutDetector(Bundle bundle, String remedy) {
    if (needsDetector(bundle)) {
      throw new UserException(
          "model "
              + bundle.name()
              + " looks through a mask of five landmarks, which a face crop does not come with: "
              + remedy);
    }
  }

  /** The face of a picture file as the bundle wants it. */
  static FaceCrop read(
      Bundle bundle, FaceCrops crops, byte[] file, String name, Supplier<double[][]> landmarks) {
    return bundle.mask() == MaskKind.PUBLISHED_68
        ? crops.read(file, name, landmarks.get())
        : crops.read(file, name).orElseThrow();
  }

  /** Scores in the bundle's label order; landmarks of another kind of mask are refused. */
  static float[][] classify(Bundle bundle, Classifiers classifiers, List<FaceCrop> crops) {
    byte[][] faces = crops.stream().map(FaceCrop::pixels).toArray(byte[][]::new);
    if (bundle.mask() == MaskKind.NONE) {
      return classifiers.classify(faces);
    }
    float[][] masks =
        crops.stream()
            .map(crop -> bundle.mask().mask(crop.pixels(), crop.landmarks()))
            .toArray(float[][]::new);
    return classifiers.classify(faces, masks);
  }
}
