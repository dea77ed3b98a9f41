package io.moodline.analyzer;

import java.util.List;
import java.util.function.Function;

/** Detectors that answer what a test tells them. */
final class FakeDetectors {
  private FakeDetectors() {}

  /** Every thread's detector answers with {@code looks}, which must be thread-safe. */
  static Detectors of(Function<Picture, List<LocatedFace>> looks) {
    return new Detectors(
        CascadeDetector.NAME,
        "it is a fake",
        () ->
            new FaceDetector() {
              @Override
              public List<LocatedFace> detect(Picture picture) {
                return looks.apply(picture);
              }

              @Override
              public void close() {}
            });
  }

  static Detectors thatFindNothing() {
    return of(picture -> List.of());
  }
}
