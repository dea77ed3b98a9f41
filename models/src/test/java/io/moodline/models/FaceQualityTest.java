package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class FaceQualityTest {
  private static final float[] NONE = {};
  private static final float[] FRONTAL = {30, 40, 70, 40, 50, 60, 35, 80, 65, 80};

  private static FaceQuality pose(float[] landmarks) {
    return FaceQuality.of(new byte[3 * 9], 3, 3, 9, 1, landmarks);
  }

  @Test
  void aHeadThatLooksAheadIsNeitherTurnedNorTilted() {
    assertThat(pose(FRONTAL).yaw()).isCloseTo(0, within(1e-9));
    assertThat(pose(FRONTAL).roll()).isCloseTo(0, within(1e-9));
    assertThat(pose(NONE).yaw()).isNaN();
    assertThat(pose(NONE).roll()).isNaN();
  }

  @Test
  void aNoseBesideTheMiddleIsAHeadTurnedAside() {
    float[] left = FRONTAL.clone();
    left[4] = 62;
    float[] right = FRONTAL.clone();
    right[4] = 38;
    assertThat(pose(left).yaw()).isBetween(25.0, 45.0).isEqualTo(-pose(right).yaw());
    float[] further = FRONTAL.clone();
    further[4] = 75;
    assertThat(pose(further).yaw()).isBetween(pose(left).yaw() + 5, 90.0);
  }

  @Test
  void aTiltedHeadIsTiltedAndNotTurned() {
    Similarity tilt = Similarity.turn(30, 10, 20);
    float[] tilted = new float[10];
    for (int i = 0; i < 10; i += 2) {
      tilted[i] = (float) tilt.x(FRONTAL[i], FRONTAL[i + 1]);
      tilted[i + 1] = (float) tilt.y(FRONTAL[i], FRONTAL[i + 1]);
    }
    assertThat(pose(tilted).roll()).isCloseTo(30, within(1e-3));
    assertThat(pose(tilted).yaw()).isCloseTo(0, within(1e-3));
  }

  @Test
  void sharpnessFallsWithBlurAndDoesNotDependOnContrast() {
    byte[] noise = new SeededNumbers(1, "sharp").bytes(0, 3 * 48 * 48);
    FacePicture sharp = new FacePicture(48, 48, noise);
    double before = of(sharp).sharpness();
    double small = of(sharp.resized(24, 24).resized(48, 48)).sharpness();
    double smaller = of(sharp.resized(12, 12).resized(48, 48)).sharpness();
    assertThat(before).isGreaterThan(3 * small);
    assertThat(small).isGreaterThan(3 * smaller);
    byte[] faint = new byte[noise.length];
    for (int i = 0; i < faint.length; i++) {
      faint[i] = (byte) (100 + (noise[i] & 0xff) / 4);
    }
    assertThat(of(new FacePicture(48, 48, faint)).sharpness()).isCloseTo(before, within(0.1));
    byte[] flat = new byte[noise.length];
    java.util.Arrays.fill(flat, (byte) 51);
    assertThat(of(new FacePicture(48, 48, flat)).sharpness()).isZero();
    assertThat(of(new FacePicture(48, 48, flat)).brightness()).isCloseTo(0.2, within(1e-9));
  }

  private static FaceQuality of(FacePicture picture) {
    return FaceQuality.of(picture.rgb(), picture.width(), picture.height(), 48, 1, NONE);
  }
}
