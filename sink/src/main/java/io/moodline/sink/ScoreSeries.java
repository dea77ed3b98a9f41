package io.moodline.sink;

import io.moodline.schemas.WindowBytes;
import io.moodline.schemas.WindowEntries;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Windows as bytes, oldest first, and their times and scores: what thinning looks at. A score that
 * a window does not have counts as 0. Confined to one thread.
 */
final class ScoreSeries {
  private final WindowBytes window = new WindowBytes();
  private final List<byte[]> windows = new ArrayList<>();

  /** In UTF-8; one column each. */
  private final List<byte[]> labels = new ArrayList<>();

  private final List<double[]> scores = new ArrayList<>();
  private final List<Long> millis = new ArrayList<>();

  /**
   * Adds a window.
   *
   * @throws io.moodline.schemas.AvroSerde.UnreadableRecordException when it is none; it is not
   *     added then
   */
  void add(byte[] value) {
    window.readScores(value);
    WindowEntries entries = window.scores();
    double[] row = new double[Math.max(labels.size(), entries.size())];
    for (int i = 0; i < entries.size(); i++) {
      int column = column(window.bytes(), entries.from(i), entries.to(i), i);
      if (column >= row.length) {
        row = Arrays.copyOf(row, labels.size());
      }
      row[column] = Double.longBitsToDouble(entries.value(i));
    }
    windows.add(value);
    scores.add(row);
    millis.add(window.startMillis());
  }

  /** Labels mostly come in the same order in each window, so their place is the first guess. */
  private int column(byte[] bytes, int from, int to, int guess) {
    if (guess < labels.size() && is(labels.get(guess), bytes, from, to)) {
      return guess;
    }
    for (int column = 0; column < labels.size(); column++) {
      if (is(labels.get(column), bytes, from, to)) {
        return column;
      }
    }
    labels.add(Arrays.copyOfRange(bytes, from, to));
    return labels.size() - 1;
  }

  private static boolean is(byte[] label, byte[] bytes, int from, int to) {
    return Arrays.equals(label, 0, label.length, bytes, from, to);
  }

  /** Adds the windows of a later series. */
  void addAll(ScoreSeries later) {
    int[] columns = new int[later.labels.size()];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = column(later.labels.get(i), 0, later.labels.get(i).length, i);
    }
    for (double[] row : later.scores) {
      double[] mapped = new double[labels.size()];
      for (int i = 0; i < row.length && i < columns.length; i++) {
        mapped[columns[i]] = row[i];
      }
      scores.add(mapped);
    }
    windows.addAll(later.windows);
    millis.addAll(later.millis);
  }

  /** How many windows there are. */
  int size() {
    return windows.size();
  }

  /** The windows that stay when at most so many may, in order. */
  List<byte[]> pick(int most) {
    if (windows.size() <= most) {
      return windows;
    }
    int[] byName =
        IntStream.range(0, labels.size())
            .boxed()
            .sorted(Comparator.comparing(column -> name(labels.get(column))))
            .mapToInt(column -> column)
            .toArray();
    double[][] sorted = new double[scores.size()][byName.length];
    for (int i = 0; i < sorted.length; i++) {
      double[] row = scores.get(i);
      for (int column = 0; column < byName.length; column++) {
        sorted[i][column] = byName[column] < row.length ? row[byName[column]] : 0;
      }
    }
    long[] times = millis.stream().mapToLong(it -> it).toArray();
    return Arrays.stream(Lttb.pick(times, sorted, most)).mapToObj(windows::get).toList();
  }

  private static String name(byte[] label) {
    return new String(label, StandardCharsets.UTF_8);
  }
}
