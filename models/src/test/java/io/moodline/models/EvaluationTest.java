package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class EvaluationTest {

  @Test
  void countsByHand() {
    Evaluation evaluation = new Evaluation(List.of("a", "b", "c"));
    evaluation.add(0, new float[] {0.9f, 0.1f, 0});
    evaluation.add(0, new float[] {0.4f, 0.6f, 0});
    evaluation.add(1, new float[] {0.2f, 0.8f, 0});
    Evaluation.Report report = evaluation.report();
    assertThat(report.faces()).isEqualTo(3);
    assertThat(report.accuracy()).isCloseTo(2.0 / 3, within(1e-9));
    assertThat(report.recall()).containsOnlyKeys("a", "b");
    assertThat(report.recall().get("a")).isEqualTo(0.5);
    assertThat(report.balancedAccuracy()).isEqualTo(0.75);
    // F1: a 2*1/(2+1), b 2*1/(1+2); c does not occur.
    assertThat(report.macroF1()).isCloseTo(2.0 / 3, within(1e-9));
    assertThat(report.calibrationError()).isCloseTo((0.1 + 0.6 + 0.2) / 3, within(1e-6));
    assertThat(report.confusion())
        .isEqualTo(List.of(List.of(1L, 1L, 0L), List.of(0L, 1L, 0L), List.of(0L, 0L, 0L)));
  }

  @Test
  void answersZerosForNoFacesAndRefusesLabelsThatAreNone() {
    Evaluation evaluation = new Evaluation(List.of("a", "b"));
    assertThat(evaluation.report().accuracy()).isZero();
    assertThat(evaluation.report().calibrationError()).isZero();
    assertThatThrownBy(() -> evaluation.add(2, new float[2]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> evaluation.add(0, new float[3]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void findsTheTemperatureThatTheLabelsWereDrawnWith() {
    Random random = new Random(3);
    float[][] logits = new float[20_000][4];
    int[] truth = new int[logits.length];
    for (int i = 0; i < logits.length; i++) {
      for (int label = 0; label < 4; label++) {
        logits[i][label] = (float) (3 * random.nextGaussian());
      }
      float[] scores = Classifier.softmax(logits[i], 1.7);
      double drawn = random.nextDouble();
      while (truth[i] < 3 && (drawn -= scores[truth[i]]) > 0) {
        truth[i]++;
      }
    }
    assertThat(Temperature.fit(logits, truth)).isCloseTo(1.7, within(0.05));
  }

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES)
  void theLiteBundleScoresFerPlusAsItsCardSays() throws IOException {
    FerPlus validation = FerPlus.validation();
    JsonNode expected =
        Manifest.JSON
            .readTree(EvaluationTest.class.getResource("/parity/lite-ferplus.json"))
            .path("validation");
    float[][] logits = new float[validation.faces().size()][];
    try (Classifier classifier = Bundle.builtIn("lite-ferplus").classifier(2)) {
      byte[][] faces = validation.faces().toArray(byte[][]::new);
      float[][] all = classifier.logits(ClassifierTest.joined(faces), faces.length);
      System.arraycopy(all, 0, logits, 0, all.length);
    }
    double temperature = expected.path("temperature").asDouble();
    Evaluation asTrained = new Evaluation(LiteBundle.LABELS);
    Evaluation calibrated = new Evaluation(LiteBundle.LABELS);
    for (int i = 0; i < logits.length; i++) {
      asTrained.add(validation.truth()[i], Classifier.softmax(logits[i], 1));
      calibrated.add(validation.truth()[i], Classifier.softmax(logits[i], temperature));
    }
    Evaluation.Report report = asTrained.report();
    System.out.println(report + "\n" + calibrated.report().calibrationError());
    System.out.println("fitted temperature " + Temperature.fit(logits, validation.truth()));
    assertThat(report.faces()).isEqualTo(expected.path("faces").asLong());
    assertThat(report.accuracy()).isCloseTo(expected.path("accuracy").asDouble(), within(1e-6));
    for (int row = 0; row < 8; row++) {
      for (int column = 0; column < 8; column++) {
        assertThat(report.confusion().get(row).get(column))
            .isEqualTo(expected.path("confusion_rows_true").get(row).get(column).asLong());
      }
    }
    assertThat(report.calibrationError()).isCloseTo(expected.path("ece").asDouble(), within(1e-3));
    assertThat(calibrated.report().calibrationError())
        .isCloseTo(expected.path("ece_at_temperature").asDouble(), within(1e-3));
  }
}
