package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabelFilterTest {
  private static final int SCRIPTS = Integer.getInteger("moodline.label-scripts", 20);
  private static final double SCRIPT_SECONDS = 60;
  private static final LabelFilter FILTER =
      new LabelFilter(Duration.ofSeconds(4), Duration.ofMillis(100));

  @ParameterizedTest
  @ValueSource(doubles = {5, 10, 15, 25})
  void labelsFlipSeldomAndAreRightAsOftenAndSoon(double framesPerSecond) {
    Tally raw = new Tally();
    Tally smoothed = new Tally();
    for (int seed = 0; seed < SCRIPTS; seed++) {
      List<LabelScript.Shown> script = LabelScript.make(seed, framesPerSecond, SCRIPT_SECONDS);
      raw.add(script, rawLabels(script));
      smoothed.add(script, smoothedLabels(script));
    }
    double added = smoothed.meanDelay() - raw.meanDelay();
    System.out.printf(
        "%s frames/s: flips %d to %d, of which true %d; macro-F1 %.3f to %.3f; delay +%.0f ms%n",
        framesPerSecond,
        raw.flips,
        smoothed.flips,
        smoothed.trueFlips,
        raw.macroF1(),
        smoothed.macroF1(),
        1000 * added);
    assertThat((double) smoothed.flips).isLessThan(0.2 * raw.flips);
    assertThat(smoothed.macroF1()).isGreaterThanOrEqualTo(raw.macroF1());
    assertThat(added).isLessThanOrEqualTo(0.3);
  }

  private static List<Integer> rawLabels(List<LabelScript.Shown> script) {
    return script.stream().map(it -> it.scores().indexOf(Collections.max(it.scores()))).toList();
  }

  private static List<Integer> smoothedLabels(List<LabelScript.Shown> script) {
    List<Integer> labels = new ArrayList<>();
    double[] belief = LabelFilter.ignorance(LabelScript.LABELS);
    double before = Double.NEGATIVE_INFINITY;
    for (LabelScript.Shown shown : script) {
      belief = FILTER.step(belief, shown.seconds() - before, shown.scores());
      before = shown.seconds();
      labels.add(LabelFilter.likeliest(belief));
    }
    return labels;
  }

  /** Flips, delays and a confusion table over scripts. */
  private static final class Tally {
    private final int[][] told = new int[LabelScript.LABELS][LabelScript.LABELS];
    private int flips;
    private int trueFlips;
    private double delays;
    private int changes;

    void add(List<LabelScript.Shown> script, List<Integer> labels) {
      boolean waiting = false;
      double since = 0;
      for (int i = 0; i < labels.size(); i++) {
        int truth = script.get(i).truth();
        double now = script.get(i).seconds();
        told[truth][labels.get(i)]++;
        if (i > 0) {
          flips += labels.get(i).equals(labels.get(i - 1)) ? 0 : 1;
          if (truth != script.get(i - 1).truth()) {
            trueFlips++;
            delays += waiting ? now - since : 0; // never found: late for as long as it held
            changes++;
            waiting = true;
            since = now;
          }
        }
        if (waiting && labels.get(i) == truth) {
          delays += now - since;
          waiting = false;
        }
      }
    }

    double meanDelay() {
      return delays / changes;
    }

    double macroF1() {
      double sum = 0;
      for (int label = 0; label < told.length; label++) {
        int column = label;
        double shown = Arrays.stream(told[label]).sum();
        double named = Arrays.stream(told).mapToInt(row -> row[column]).sum();
        sum += 2 * told[label][label] / (shown + named);
      }
      return sum / told.length;
    }
  }

  @Test
  void oneFrameThatLooksLikeSomethingElseTurnsNoLabelAtFiveFramesASecond() {
    double[] belief = LabelFilter.ignorance(7);
    List<Float> happy = List.of(0.04f, 0.76f, 0.04f, 0.04f, 0.04f, 0.04f, 0.04f);
    List<Float> blink = List.of(1f, 0f, 0f, 0f, 0f, 0f, 0f);
    for (int i = 0; i < 10; i++) {
      belief = FILTER.step(belief, i == 0 ? Double.POSITIVE_INFINITY : 0.2, happy);
    }
    double[] after = FILTER.step(belief, 0.2, blink);
    assertThat(LabelFilter.likeliest(after)).isEqualTo(1);
    assertThat(LabelFilter.likeliest(FILTER.step(after, 0.2, blink))).isZero();
  }

  @Test
  void beliefFadesWhileNothingIsToldAndNeverLeavesTheRange() {
    double[] sure =
        FILTER.step(LabelFilter.ignorance(2), Double.POSITIVE_INFINITY, List.of(1f, 0f));
    double[] later = FILTER.step(sure, 4, List.of());
    assertThat(later[0]).isCloseTo(0.5 + (sure[0] - 0.5) * Math.exp(-1), within(1e-12));
    double[] muchLater = FILTER.step(sure, 1e12, List.of());
    assertThat(muchLater).containsExactly(0.5, 0.5);
    double[] none = FILTER.step(sure, 0, List.of(0f, 0f));
    assertThat(none[0] + none[1]).isCloseTo(1, within(1e-12));
  }

  @Test
  void framesThatComeTogetherCountTogetherAsOne() {
    List<Float> scores = List.of(0.6f, 0.4f);
    double[] start = LabelFilter.ignorance(2);
    double[] once = FILTER.step(start, 0.1, scores);
    double[] often = start;
    for (int i = 0; i < 10; i++) {
      often = FILTER.step(often, 0.01, scores);
    }
    assertThat(often[0]).isCloseTo(once[0], within(0.01));
  }
}
