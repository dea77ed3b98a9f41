package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OaenetMaskTest {
  private static final int SIDE = 224;

  @Test
  void equalsThePublishedMask() {
    Path file = TestData.require("../specs/preprocess/oaenet-pre-expected.npz");
    Map<String, Npz.Array> expected = Npz.read(file, 64 << 20);
    float[] bgr = expected.get("resized").toTensor().values();
    byte[] face = new byte[bgr.length];
    for (int i = 0; i < face.length; i++) {
      face[i] = (byte) bgr[i - i % 3 + 2 - i % 3];
    }
    float[] rho = expected.get("rho").toTensor().values();
    double[] correlations = OaenetMask.correlations(face);
    for (int i = 0; i < 4; i++) {
      assertThat(correlations[i]).isCloseTo(rho[i], within(4e-6));
    }
    float[] points = expected.get("landmarks224").toTensor().values();
    float[][] landmarks = new float[points.length / 2][];
    for (int i = 0; i < landmarks.length; i++) {
      landmarks[i] = Arrays.copyOfRange(points, 2 * i, 2 * i + 2);
    }
    assertThat(landmarks).hasDimensions(68, 2);
    float[] mask = expected.get("mask").toTensor().values();
    float[] actual = OaenetMask.of(face, landmarks);
    int channels = mask.length / actual.length;
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).isCloseTo(mask[i * channels], within(4e-6f));
    }
  }

  @Test
  void stampsPyramidsAndLaterOnesCoverEarlierOnes() {
    byte[] flat = new byte[SIDE * SIDE * 3];
    float[] mask = OaenetMask.of(flat, new float[][] {{100.9f, 50}, {104, 50}});
    // Nothing has edges, so nothing correlates, which counts as alike.
    assertThat(mask[0]).isEqualTo(1);
    assertThat(mask[50 * SIDE + 104]).isEqualTo(1);
    assertThat(mask[50 * SIDE + 100]).isEqualTo((float) (1 - 4.0 / 15));
    assertThat(mask[57 * SIDE + 111]).isEqualTo((float) (1 - 14.0 / 15));
    assertThat(mask[50 * SIDE + 93]).isEqualTo((float) (1 - 7.0 / 15));
  }

  @Test
  void leavesOutLandmarksBeyondTheFace() {
    byte[] flat = new byte[SIDE * SIDE * 3];
    float[] mask = OaenetMask.of(flat, new float[][] {{223, 10}, {10, 223}, {-5, 10}, {300, 300}});
    for (float value : mask) {
      assertThat(value).isEqualTo(1);
    }
    float[] atTheEdge = OaenetMask.of(flat, new float[][] {{222, 222}, {0, 0}});
    assertThat(atTheEdge[222 * SIDE + 222]).isEqualTo(1);
    assertThat(atTheEdge[223 * SIDE + 223]).isEqualTo((float) (1 - 2.0 / 15));
    assertThat(atTheEdge[0]).isEqualTo(1);
  }
}
