package io.moodline.sink;

/**
 * Thins a series so that its picture stays the same: "largest triangle three buckets" (S.
 * Steinarsson, 2013). The points between first and last are put into buckets of equal number; of
 * each bucket the point stays that makes the largest triangle with the one before and the mean of
 * the next bucket. With several values per point their triangles are added up. Thread-safe.
 */
final class Lttb {
  private Lttb() {}

  /**
   * Which points stay, in order.
   *
   * @param times of the points, ascending
   * @param values {@code double[points][series]}
   * @param most how many may stay, 1 or more
   */
  static int[] pick(long[] times, double[][] values, int most) {
    int count = times.length;
    if (most >= count) {
      return java.util.stream.IntStream.range(0, count).toArray();
    }
    if (most < 3) {
      return most == 1 ? new int[] {0} : new int[] {0, count - 1};
    }
    int[] picked = new int[most];
    picked[most - 1] = count - 1;
    for (int bucket = 1; bucket < most - 1; bucket++) {
      int next = start(bucket + 1, count, most);
      int after = Math.min(count, Math.max(next + 1, start(bucket + 2, count, most)));
      picked[bucket] =
          largest(times, values, picked[bucket - 1], start(bucket, count, most), next, after);
    }
    return picked;
  }

  /** First point of a bucket; the first point of all is bucket 0 and the last one the last. */
  private static int start(int bucket, int count, int most) {
    return 1 + (int) ((long) (bucket - 1) * (count - 2) / (most - 2));
  }

  private static int largest(
      long[] times, double[][] values, int before, int from, int to, int after) {
    double meanTime = mean(times, to, after);
    double[] mean = mean(values, to, after);
    int best = from;
    double bestArea = -1;
    for (int i = from; i < to; i++) {
      double area = 0;
      for (int s = 0; s < mean.length; s++) {
        area +=
            Math.abs(
                (times[before] - meanTime) * (values[i][s] - values[before][s])
                    - (double) (times[before] - times[i]) * (mean[s] - values[before][s]));
      }
      if (area > bestArea) {
        bestArea = area;
        best = i;
      }
    }
    return best;
  }

  private static double mean(long[] times, int from, int to) {
    long sum = 0;
    for (int i = from; i < to; i++) {
      sum += times[i];
    }
    return (double) sum / (to - from);
  }

  private static double[] mean(double[][] values, int from, int to) {
    double[] mean = new double[values[from].length];
    for (int i = from; i < to; i++) {
      for (int s = 0; s < mean.length; s++) {
        mean[s] += values[i][s] / (to - from);
      }
    }
    return mean;
  }
}
