package io.moodline.ingest;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A straight line that gives the offset between two clocks, from points where both were read.
 * Thread-safe.
 *
 * @param atMicros where {@code offsetMicros} holds, on the media clock
 * @param slope by how much the offset grows in a microsecond of the media clock
 */
record ClockLine(long atMicros, double offsetMicros, double slope) {
  /** No clock is worse than this. */
  private static final double STEEPEST = 0.05;

  /** Points that lie closer together say nothing of the slope. */
  private static final long SHORTEST_MICROS = 10_000_000;

  /**
   * Two clocks read at once.
   *
   * @param mediaMicros the media clock
   * @param offsetMicros the other clock less the media clock
   */
  record Point(long mediaMicros, long offsetMicros) {}

  /**
   * The line under all points that lies closest to them: what delays a point can only lift it.
   *
   * @param points at least one, by rising media time
   */
  static ClockLine under(List<Point> points) {
    Point last = points.get(points.size() - 1);
    double slope = isShort(points) ? 0 : clamp(slopeUnder(points));
    double offset = points.stream().mapToDouble(point -> level(point, last, slope)).min().orElse(0);
    return new ClockLine(last.mediaMicros, last.offsetMicros + offset, slope);
  }

  /**
   * The line through the middle of the points: half of them may be wrong.
   *
   * @param points at least one
   */
  static ClockLine through(List<Point> points) {
    Point last = points.get(points.size() - 1);
    double slope = isShort(points) ? 0 : clamp(middleSlope(points));
    double offset =
        median(points.stream().mapToDouble(point -> level(point, last, slope)).toArray());
    return new ClockLine(last.mediaMicros, last.offsetMicros + offset, slope);
  }

  /** The offset at a time of the media clock. */
  long offsetAt(long mediaMicros) {
    return Math.round(offsetMicros + slope * (mediaMicros - atMicros));
  }

  /** By how many millionths the media clock is fast. */
  double fastPpm() {
    return 0.0 - slope * 1e6; // never a negative zero
  }

  /** How far a point lies above the line, microseconds. */
  long residual(Point point) {
    return point.offsetMicros - offsetAt(point.mediaMicros);
  }

  static double median(double[] values) {
    Arrays.sort(values);
    int half = values.length / 2;
    return values.length % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  }

  static boolean isShort(List<Point> points) {
    long span = points.get(points.size() - 1).mediaMicros - points.get(0).mediaMicros;
    return span < SHORTEST_MICROS;
  }

  private static double clamp(double slope) {
    return Math.max(-STEEPEST, Math.min(STEEPEST, slope));
  }

  private static double level(Point point, Point zero, double slope) {
    return point.offsetMicros - zero.offsetMicros - slope * (point.mediaMicros - zero.mediaMicros);
  }

  private static double slope(Point from, Point to) {
    return (double) (to.offsetMicros - from.offsetMicros) / (to.mediaMicros - from.mediaMicros);
  }

  /** The slope of the lower hull's edge at the points' middle: no line under them is closer. */
  private static double slopeUnder(List<Point> points) {
    List<Point> hull = new ArrayList<>();
    for (Point point : points) {
      while (hull.size() > 1
          && slope(hull.get(hull.size() - 2), hull.get(hull.size() - 1))
              >= slope(hull.get(hull.size() - 1), point)) {
        hull.remove(hull.size() - 1);
      }
      hull.add(point);
    }
    double middle = points.stream().mapToDouble(Point::mediaMicros).average().orElse(0);
    int edge = 1;
    while (edge < hull.size() - 1 && hull.get(edge).mediaMicros < middle) {
      edge++;
    }
    return slope(hull.get(edge - 1), hull.get(edge));
  }

  /** The median of the slopes of all pairs (Theil and Sen). */
  private static double middleSlope(List<Point> points) {
    double[] slopes =
        IntStream.range(1, points.size())
            .boxed()
            .flatMap(
                to -> points.subList(0, to).stream().map(from -> List.of(from, points.get(to))))
            .filter(pair -> pair.get(0).mediaMicros != pair.get(1).mediaMicros)
            .mapToDouble(pair -> slope(pair.get(0), pair.get(1)))
            .toArray();
    return median(slopes);
  }
}
