package io.moodline.models;

import io.moodline.models.ModelVariants.LabelledFaces;
import java.util.List;

/**
 * Faces to measure a variant on where no labelled ones are at hand: the float32 network's own
 * answers are the labels, so what is measured is agreement, and the card says so. Thread-safe.
 */
public final class VariantFaces {
  private VariantFaces() {}

  /** Faces, each with the label that the bundle's network gives it. */
  public static LabelledFaces labelledBy(Bundle bundle, String name, List<byte[]> faces) {
    try (Classifier classifier = bundle.classifier(1)) {
      int[] truth =
          faces.stream()
              .mapToInt(face -> Evaluation.largest(classifier.classify(new byte[][] {face})[0]))
              .toArray();
      return new LabelledFaces(name + ", labelled by the float32 network", faces, truth);
    }
  }

  /** The bundle's canaries, labelled the same way: few, and not all of them faces. */
  public static LabelledFaces ofCanaries(Bundle bundle) {
    return labelledBy(
        bundle, "the bundle's canaries", List.copyOf(bundle.contents().canaries().values()));
  }
}
