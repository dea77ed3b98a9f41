package io.moodline.sink;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * The forward filter of a hidden Markov model of one face's label.
 *
 * <p><b>Hidden</b> is the label. It stays for {@code dwell} on average and then jumps to any label
 * alike, so that over {@code dt} seconds it is kept with {@code exp(-dt / dwell)}, and frames need
 * not come at a steady rate. <b>Observed</b> are the model's scores, taken for the likelihoods of
 * the labels up to a factor, as a classifier's are that was trained without a preference. Two
 * things keep one bad frame from turning the label: scores below {@value #LEAST_SCORE} count as
 * that much, and a frame that follows the last within {@code evidence} counts by the share of that
 * time, as neighbouring frames err alike. Thread-safe.
 */
final class LabelFilter {
  /** Highest odds that one frame can give are 1 to this. */
  static final double LEAST_SCORE = 0.01;

  private final double dwellSeconds;
  private final double evidenceSeconds;

  LabelFilter(Duration dwell, Duration evidence) {
    this.dwellSeconds = dwell.toMillis() / 1000.0;
    this.evidenceSeconds = Math.max(1e-6, evidence.toMillis() / 1000.0);
  }

  /** What is believed of a face that was never seen. */
  static double[] ignorance(int labels) {
    double[] belief = new double[labels];
    Arrays.fill(belief, 1.0 / labels);
    return belief;
  }

  /**
   * What is believed after one more sighting.
   *
   * @param before probability of each label, summing to 1; left as it is
   * @param seconds since the sighting before; infinite for the first
   * @param scores the model's; empty where the picture tells nothing but that time passed
   */
  double[] step(double[] before, double seconds, List<Float> scores) {
    double kept = Double.isInfinite(seconds) ? 1 : Math.exp(-seconds / dwellSeconds);
    double weight = Math.min(1, seconds / evidenceSeconds);
    double[] after = new double[before.length];
    double sum = 0;
    for (int i = 0; i < before.length; i++) {
      double likelihood =
          scores.isEmpty() ? 1 : Math.pow(Math.max(LEAST_SCORE, scores.get(i)), weight);
      after[i] = (kept * before[i] + (1 - kept) / before.length) * likelihood;
      sum += after[i];
    }
    for (int i = 0; i < after.length; i++) {
      after[i] /= sum;
    }
    return after;
  }

  /** The likeliest label; the first of equals. */
  static int likeliest(double[] belief) {
    int best = 0;
    for (int i = 1; i < belief.length; i++) {
      if (belief[i] > belief[best]) {
        best = i;
      }
    }
    return best;
  }
}
