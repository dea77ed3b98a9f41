package io.moodline.sink;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Scores of a face whose label is known at every moment: labels that hold for one to six seconds,
 * errors that neighbouring frames share, and blinks, single frames that look like something else
 * entirely.
 */
final class LabelScript {
  static final int LABELS = 7;

  /** Errors of frames that are this far apart are hardly alike any more. */
  private static final double ALIKE_SECONDS = 0.07;

  /** A frame: when, what it shows, and what a model says of it. */
  record Shown(double seconds, int truth, List<Float> scores) {}

  private LabelScript() {}

  static List<Shown> make(long seed, double framesPerSecond, double length) {
    Random random = new Random(seed);
    List<Shown> shown = new ArrayList<>();
    double[] errors = new double[LABELS];
    double kept = Math.exp(-1 / (framesPerSecond * ALIKE_SECONDS));
    int truth = 0;
    double until = 0;
    for (int i = 0; i < length * framesPerSecond; i++) {
      double seconds = i / framesPerSecond;
      if (seconds >= until) {
        truth = (truth + 1 + random.nextInt(LABELS - 1)) % LABELS;
        until = seconds + 1 + 5 * random.nextDouble();
      }
      for (int label = 0; label < LABELS; label++) {
        errors[label] = kept * errors[label] + Math.sqrt(1 - kept * kept) * random.nextGaussian();
      }
      int blink = random.nextDouble() < 0.2 / framesPerSecond ? random.nextInt(LABELS) : -1;
      shown.add(new Shown(seconds, truth, scores(truth, blink, errors)));
    }
    return shown;
  }

  private static List<Float> scores(int truth, int blink, double[] errors) {
    double[] odds = new double[LABELS];
    double sum = 0;
    for (int label = 0; label < LABELS; label++) {
      double logit = 1.3 * errors[label] + (label == truth ? 3 : 0) + (label == blink ? 7 : 0);
      odds[label] = Math.exp(logit);
      sum += odds[label];
    }
    List<Float> scores = new ArrayList<>();
    for (double odd : odds) {
      scores.add((float) (odd / sum));
    }
    return scores;
  }
}
