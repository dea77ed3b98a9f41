package io.moodline.models;

/**
 * Fits the temperature that logits are divided by before the softmax, so that a score of 0.8 is
 * right four times of five: the one that makes the truth most likely on faces that were not trained
 * on. It never changes which label wins. Thread-safe.
 */
public final class Temperature {
  private static final double LEAST = 0.05;
  private static final double MOST = 20;
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;
  private static final double PRECISION = 1e-4;

  private Temperature() {}

  /**
   * Fits on logits [faces, labels] and the index of each face's true label. Between 0.05 and 20.
   */
  public static double fit(float[][] logits, int[] truth) {
    if (logits.length == 0 || logits.length != truth.length) {
      throw new IllegalArgumentException(logits.length + " faces and " + truth.length + " labels");
    }
    // The loss is convex in 1/T, so it has one valley in log T: golden section search finds it.
    double low = Math.log(LEAST);
    double high = Math.log(MOST);
    while (high - low > PRECISION) {
      double first = high - GOLDEN * (high - low);
      double second = low + GOLDEN * (high - low);
      if (loss(logits, truth, Math.exp(first)) < loss(logits, truth, Math.exp(second))) {
        high = second;
      } else {
        low = first;
      }
    }
    return Math.exp((low + high) / 2);
  }

  /** Mean negative log likelihood of the truth. */
  static double loss(float[][] logits, int[] truth, double temperature) {
    double loss = 0;
    for (int i = 0; i < logits.length; i++) {
      double largest = Double.NEGATIVE_INFINITY;
      for (float logit : logits[i]) {
        largest = Math.max(largest, logit);
      }
      double sum = 0;
      for (float logit : logits[i]) {
        sum += Math.exp((logit - largest) / temperature);
      }
      loss += Math.log(sum) - (logits[i][truth[i]] - largest) / temperature;
    }
    return loss / logits.length;
  }
}
