package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.models.FacePicture;
import io.moodline.runtime.UserException;
import java.util.List;
import org.junit.jupiter.api.Test;

class CropLandmarksTest {
  /** A detector that sees a face wherever the crop was put, and one beside it that is surer. */
  private static Detectors seeing(boolean inside) {
    FaceDetector detector =
        new FaceDetector() {
          @Override
          public List<LocatedFace> detect(Picture picture) {
            double side = 0.45 * picture.height();
            double left = (picture.width() - side) / 2;
            double top = (picture.height() - side) / 2;
            float[] points = new float[10];
            for (int i = 0; i < 10; i += 2) {
              points[i] = (float) (left + side * (i + 1) / 10);
              points[i + 1] = (float) (top + side / 4);
            }
            LocatedFace beside = new LocatedFace(new PixelBox(0, 0, 20, 20), new float[10], 1);
            LocatedFace face = new LocatedFace(new PixelBox(left, top, side, side), points, 0.7f);
            return inside ? List.of(beside, face) : List.of(beside);
          }

          @Override
          public void close() {}
        };
    return new Detectors(YunetDetector.NAME, "it is a fake", () -> detector);
  }

  @Test
  void givesTheLandmarksInPixelsOfTheCrop() {
    try (CropLandmarks landmarks = CropLandmarks.over(seeing(true))) {
      float[] points = landmarks.find(new FacePicture(48, 60, new byte[3 * 48 * 60])).orElseThrow();
      for (int i = 0; i < 5; i++) {
        assertThat(points[2 * i]).isCloseTo(48 * (2 * i + 1) / 10f, within());
        assertThat(points[2 * i + 1]).isCloseTo(15, within());
      }
    }
  }

  private static org.assertj.core.data.Offset<Float> within() {
    return org.assertj.core.api.Assertions.within(0.2f);
  }

  @Test
  void takesNoFaceBesideTheCrop() {
    try (CropLandmarks landmarks = CropLandmarks.over(seeing(false))) {
      assertThat(landmarks.find(new FacePicture(48, 48, new byte[3 * 48 * 48]))).isEmpty();
    }
  }

  @Test
  void refusesADetectorWithoutLandmarks() {
    assertThatThrownBy(() -> CropLandmarks.over(FakeDetectors.thatFindNothing()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("model pull yunet");
  }
}
