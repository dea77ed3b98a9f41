package io.moodline.analyzer;

import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.Bundle;
import io.moodline.models.Classifiers;
import io.moodline.models.Devices;
import io.moodline.models.MaskKind;
import java.util.List;

/**
 * A bundle ready to score faces. Owns the sessions. The cropper may be used from any thread, the
 * sessions by one thread at a time.
 */
record Model(Bundle bundle, FaceCropper cropper, Classifiers classifiers) implements AutoCloseable {
  /** Opens the sessions; what the bundle holds of its network goes, since they have their own. */
  static Model open(Bundle bundle, String detector, Devices devices) {
    FaceCropper cropper = FaceCropper.of(bundle.outline(), detector);
    Classifiers classifiers = devices.open(bundle);
    bundle.giveUpNetwork();
    return new Model(bundle, cropper, classifiers);
  }

  /** Scores of each face, in the order of the bundle's labels. */
  float[][] score(List<CroppedFace> faces) {
    byte[][] pixels = faces.stream().map(CroppedFace::pixels).toArray(byte[][]::new);
    if (bundle.mask() == MaskKind.NONE) {
      return classifiers.classify(pixels);
    }
    float[][] masks = faces.stream().map(CroppedFace::mask).toArray(float[][]::new);
    return classifiers.classify(pixels, masks);
  }

  @Override
  public void close() {
    classifiers.close();
  }
}
