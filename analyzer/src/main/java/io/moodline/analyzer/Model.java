package io.moodline.analyzer;

import io.moodline.models.Bundle;
import io.moodline.models.Classifier;

/**
 * A bundle ready to score faces. Owns the classifier. The cropper may be used from any thread, the
 * classifier by one thread at a time.
 */
record Model(Bundle bundle, FaceCropper cropper, Classifier classifier) implements AutoCloseable {
  static Model open(Bundle bundle, String detector, int threads) {
    return new Model(bundle, FaceCropper.of(bundle, detector), bundle.classifier(threads));
  }

  @Override
  public void close() {
    classifier.close();
  }
}
