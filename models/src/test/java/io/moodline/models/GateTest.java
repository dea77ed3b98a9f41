package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.models.Gate.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GateTest {
  private static final Gate GATE = new Gate(24, 0.05, 0.1, 40, 30, 0.7, 0.5);
  private static final float[] SURE = {0.1f, 0.9f};

  @ParameterizedTest
  @CsvSource({
    "24, 0.05, 0.1, 40, 30, 0.7,",
    "24, 0.05, 0.1, -40, -30, 0.7,",
    "23, 0.05, 0.1, 40, 30, 0.7, SMALL",
    "24, 0.04, 0.1, 40, 30, 0.7, BLURRED",
    "24, 0.05, 0.09, 40, 30, 0.7, DARK",
    "24, 0.05, 0.1, -41, 0, 0.7, TURNED",
    "24, 0.05, 0.1, 0, 31, 0.7, TURNED",
    "24, 0.05, 0.1, 50, 60, 0.7, TURNED",
    "24, 0.05, 0.1, 40, 30, 0.6, CUT_OFF",
    "1, 0, 0, NaN, NaN, 0, SMALL BLURRED DARK CUT_OFF",
  })
  void withholdsALabelForEachLimitThatAFaceMisses(
      double pixels,
      double sharpness,
      double brightness,
      double yaw,
      double roll,
      double inFrame,
      String reasons) {
    FaceQuality face = new FaceQuality(pixels, sharpness, brightness, inFrame, yaw, roll);
    assertThat(String.join(" ", GATE.judge(face, SURE).stream().map(Enum::name).toList()))
        .isEqualTo(reasons == null ? "" : reasons);
    assertThat(Gate.NONE.judge(face, SURE)).isEmpty();
  }

  @Test
  void isUnsureWhereNoScoreIsLarge() {
    FaceQuality good = new FaceQuality(100, 1, 0.5, 1, 0, 0);
    assertThat(GATE.judge(good, new float[] {0.49f, 0.31f, 0.2f})).containsExactly(Reason.UNSURE);
    assertThat(GATE.judge(good, new float[] {0.2f, 0.5f, 0.3f})).isEmpty();
    assertThat(GATE.withoutScore().judge(good, new float[] {0.4f, 0.3f, 0.3f})).isEmpty();
  }

  @Test
  void standsInTheManifestWithTheLimitsThatThereAre() {
    Gate some = new Gate(24, Double.NaN, 0.1, Double.NaN, 30, Double.NaN, 0.5);
    assertThat(some.toJson().has("leastSharpness")).isFalse();
    assertThat(Gate.parse(some.toJson(), "here")).isEqualTo(some);
    assertThat(Gate.parse(Manifest.JSON.createObjectNode(), "here")).isEqualTo(Gate.NONE);
    for (String wrong : new String[] {"-1", "1.5", "\"much\""}) {
      assertThatThrownBy(
              () -> Gate.parse(Manifest.JSON.readTree("{\"leastScore\":" + wrong + "}"), "here"))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("here: gate.leastScore must lie between 0 and 1");
    }
  }
}
