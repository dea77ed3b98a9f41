package io.moodline.sink;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Times and scores of windows, oldest first: what thinning looks at. A score that a window does not
 * have counts as 0. Confined to one thread.
 */
final class ScoreSeries {
  private final List<String> labels = new ArrayList<>();
  private final List<double[]> scores = new ArrayList<>();
  private final List<Long> millis = new ArrayList<>();
  private double[] current = {};
  private int next;

  /** A score of the window that {@link #end} ends. */
  void score(CharSequence label, double score) {
    int column = column(label);
    if (column >= current.length) {
      current = Arrays.copyOf(current, labels.size());
    }
    current[column] = score;
  }

  /** Labels mostly come in the order of the window before, so the next one is the first guess. */
  private int column(CharSequence label) {
    int guess = next < labels.size() ? next : 0;
    for (int i = 0; i < labels.size(); i++) {
      int column = (guess + i) % labels.size();
      if (labels.get(column).contentEquals(label)) {
        next = column + 1;
        return column;
      }
    }
    labels.add(label.toString());
    next = labels.size();
    return labels.size() - 1;
  }

  /** Ends a window; its scores were given before. */
  void end(long startMillis) {
    scores.add(current);
    millis.add(startMillis);
    current = new double[labels.size()];
    next = 0;
  }

  /** Forgets what was given of a window that could not be read to its end. */
  void drop() {
    current = new double[labels.size()];
    next = 0;
  }

  /** Which windows stay when at most so many may, in order. */
  int[] pick(int most) {
    int[] byName =
        IntStream.range(0, labels.size())
            .boxed()
            .sorted(java.util.Comparator.comparing(labels::get))
            .mapToInt(column -> column)
            .toArray();
    double[][] sorted = new double[scores.size()][byName.length];
    for (int i = 0; i < sorted.length; i++) {
      double[] row = scores.get(i);
      for (int column = 0; column < byName.length; column++) {
        sorted[i][column] = byName[column] < row.length ? row[byName[column]] : 0;
      }
    }
    return Lttb.pick(millis.stream().mapToLong(it -> it).toArray(), sorted, most);
  }
}
