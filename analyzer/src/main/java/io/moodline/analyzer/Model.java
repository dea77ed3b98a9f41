package io.moodline.analyzer;

import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.Bundle;
import io.moodline.models.Classifier;
import io.moodline.models.MaskKind;
import java.util.List;

/**
 * A bundle ready to score faces. Owns the classifier. The cropper may be used from any thread, the
 * classifier by one thread at a time.
 */
record Model(Bundle bundle, FaceCropper cropper, Classifier classifier) implements AutoCloseable {
  static Model open(Bundle bundle, String detector, int threads) {
    return new Model(bundle, FaceCropper.of(bundle, detector), bundle.classifier(threads));
  }

  /** Scores of each face, in the order of the bundle's labels. */
  float[][] score(List<CroppedFace> faces) {
    byte[][] pixels = faces.stream().map(CroppedFace::pixels).toArray(byte[][]::new);
    if (bundle.mask() == MaskKind.NONE) {
      return classifier.classify(pixels);
    }
    float[][] masks = faces.stream().map(CroppedFace::mask).toArray(float[][]::new);
    return classifier.classify(pixels, masks);
  }

  @Override
  public void close() {
    classifier.close();
  }
}
