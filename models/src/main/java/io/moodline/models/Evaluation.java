package io.moodline.models;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts how well scores fit the truth, face by face, and sums it up in the usual figures. Confined
 * to one thread.
 */
public final class Evaluation {
  private static final int CALIBRATION_BINS = 15;

  private final List<String> labels;
  private final long[][] confusion;
  private final long[] binFaces = new long[CALIBRATION_BINS];
  private final long[] binHits = new long[CALIBRATION_BINS];
  private final double[] binScores = new double[CALIBRATION_BINS];

  /**
   * The figures of one evaluation.
   *
   * @param faces how many were scored
   * @param accuracy share of faces whose largest score is the truth's
   * @param balancedAccuracy mean recall of the labels that occur
   * @param macroF1 mean F1 of the labels that occur
   * @param calibrationError expected calibration error: how far the largest score is from the share
   *     of hits, in 15 bins of equal width, weighted by faces
   * @param recall by label; labels that do not occur are left out
   * @param confusion faces by truth (rows) and by largest score (columns), in label order
   */
  public record Report(
      long faces,
      double accuracy,
      double balancedAccuracy,
      double macroF1,
      double calibrationError,
      Map<String, Double> recall,
      List<List<Long>> confusion) {}

  /** For a network with these labels, in index order. */
  public Evaluation(List<String> labels) {
    this.labels = List.copyOf(labels);
    this.confusion = new long[labels.size()][labels.size()];
  }

  /** Adds one face: the index of its true label and its scores, which sum to 1. */
  public void add(int truth, float[] scores) {
    if (scores.length != labels.size() || truth < 0 || truth >= labels.size()) {
      throw new IllegalArgumentException(
          "label " + truth + " and " + scores.length + " scores for " + labels.size() + " labels");
    }
    int guess = largest(scores);
    confusion[truth][guess]++;
    int bin = Math.min((int) (scores[guess] * CALIBRATION_BINS), CALIBRATION_BINS - 1);
    binFaces[bin]++;
    binHits[bin] += guess == truth ? 1 : 0;
    binScores[bin] += scores[guess];
  }

  /** The index of the largest score; the first one of equals. */
  static int largest(float[] scores) {
    int largest = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[largest]) {
        largest = i;
      }
    }
    return largest;
  }

  /** The figures so far. */
  public Report report() {
    long faces = 0;
    long hits = 0;
    double f1Sum = 0;
    Map<String, Double> recall = new LinkedHashMap<>();
    for (int label = 0; label < labels.size(); label++) {
      long faced = 0;
      long said = 0;
      for (int other = 0; other < labels.size(); other++) {
        faced += confusion[label][other];
        said += confusion[other][label];
      }
      long hit = confusion[label][label];
      faces += faced;
      hits += hit;
      if (faced > 0) {
        recall.put(labels.get(label), (double) hit / faced);
        f1Sum += 2.0 * hit / (faced + said);
      }
    }
    double recallSum = recall.values().stream().mapToDouble(Double::doubleValue).sum();
    int occurring = Math.max(recall.size(), 1);
    return new Report(
        faces,
        (double) hits / Math.max(faces, 1),
        recallSum / occurring,
        f1Sum / occurring,
        calibrationError(Math.max(faces, 1)),
        Collections.unmodifiableMap(recall),
        rows());
  }

  private double calibrationError(long faces) {
    double error = 0;
    for (int bin = 0; bin < CALIBRATION_BINS; bin++) {
      error += Math.abs(binHits[bin] - binScores[bin]) / faces;
    }
    return error;
  }

  private List<List<Long>> rows() {
    return java.util.Arrays.stream(confusion)
        .map(row -> java.util.Arrays.stream(row).boxed().toList())
        .toList();
  }
}
