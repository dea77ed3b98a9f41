package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleCalibrationTest {
  @TempDir Path bundles;

  @Test
  void storesTheTemperatureAndSealsTheBundleAgain() {
    Bundle shipped = Bundle.builtIn("lite-ferplus");
    BundleWriter.install(bundles, shipped.contents().named("mine"), shipped.model());
    Evaluation evaluation = new Evaluation(shipped.labels());
    evaluation.add(1, new float[] {0, 1, 0, 0, 0, 0, 0, 0});

    Bundle stored = BundleCalibration.store(bundles, "mine", 1.6, "two faces", evaluation.report());

    assertThat(stored.temperature()).isEqualTo(1.6);
    assertThat(stored.digest()).isNotEqualTo(shipped.digest());
    assertThat(stored.model()).isEqualTo(shipped.model());
    assertThat(stored.metrics()).contains("two faces").contains("FER+ validation");
    assertThat(stored.modelCard()).contains("Temperature 1.600");
    byte[][] face = {ClassifierTest.parityFaces()[0]};
    try (Classifier sharp = shipped.classifier(1);
        Classifier soft = stored.classifier(1)) {
      assertThat(surest(soft.classify(face)[0])).isLessThan(surest(sharp.classify(face)[0]));
    }
    assertThat(new Bundles(bundles).names()).isEqualTo(List.of("lite-ferplus", "mine"));
  }

  private static double surest(float[] scores) {
    return IntStream.range(0, scores.length).mapToDouble(i -> scores[i]).max().orElseThrow();
  }

  @Test
  void refusesATemperatureThatIsNone() {
    Evaluation.Report report = new Evaluation(List.of("a", "b")).report();
    assertThatThrownBy(() -> BundleCalibration.store(bundles, "mine", Double.NaN, "x", report))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("temperature of NaN");
    assertThatThrownBy(() -> BundleCalibration.store(bundles, "mine", 1, "x", report))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("has no model.json");
  }
}
