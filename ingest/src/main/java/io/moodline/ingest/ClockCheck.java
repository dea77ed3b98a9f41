package io.moodline.ingest;

import io.moodline.schemas.SourceReport;
import java.util.List;

/**
 * Whether a source's times make sense: even among themselves, and, of a live source, as fast as the
 * clock on the wall. The first half of the arrivals does not count: many cameras begin with a
 * burst. Thread-safe.
 *
 * @param mediaMicros the pictures' own times, rising
 * @param arrivalNanos when they came
 */
record ClockCheck(List<Long> mediaMicros, List<Long> arrivalNanos, boolean live) {
  private static final int FEWEST = 6;
  private static final double MOST_UNEVEN = 3;
  private static final double FAST = 1.3;

  ClockCheck {
    mediaMicros = List.copyOf(mediaMicros);
    arrivalNanos = List.copyOf(arrivalNanos);
  }

  /** Pictures per second of the source's own time; 0 where too few came. */
  double framesPerSecond() {
    double seconds = mediaMicros.isEmpty() ? 0 : span(mediaMicros, 0) / 1e6;
    return seconds <= 0 ? 0 : (mediaMicros.size() - 1) / seconds;
  }

  SourceReport.Clock verdict() {
    if (mediaMicros.size() < FEWEST) {
      return SourceReport.Clock.UNKNOWN;
    }
    List<Long> steps = new java.util.ArrayList<>();
    for (int i = 1; i < mediaMicros.size(); i++) {
      steps.add(mediaMicros.get(i) - mediaMicros.get(i - 1));
    }
    steps.sort(null);
    if (steps.get(steps.size() - 1) > MOST_UNEVEN * steps.get(steps.size() / 2)) {
      return SourceReport.Clock.UNEVEN;
    }
    int half = mediaMicros.size() / 2;
    double pace = live ? span(mediaMicros, half) * 1000 / Math.max(1, span(arrivalNanos, half)) : 1;
    if (pace > FAST) {
      return SourceReport.Clock.FAST;
    }
    return pace < 1 / FAST ? SourceReport.Clock.SLOW : SourceReport.Clock.STEADY;
  }

  private static double span(List<Long> times, int from) {
    return times.get(times.size() - 1) - times.get(from);
  }
}
