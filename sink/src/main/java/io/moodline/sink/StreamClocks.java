package io.moodline.sink;

import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamClock;
import java.time.Duration;
import java.time.Instant;

/**
 * How a stream's own time moves. It never looks at the partition's time nor at other streams.
 * Thread-safe.
 */
final class StreamClocks {
  private static final Duration FINEST = Steps.ALL.get(0);

  private StreamClocks() {}

  /** The clock of a stream that was never seen before. */
  static StreamClock first(FrameFaces frame, Duration late) {
    Instant time = frame.getCaptureTime();
    return new StreamClock(
        frame.getKind(),
        frame.getRunId(),
        time,
        false,
        time.minus(late),
        time.minus(late),
        null,
        null);
  }

  /** Whether a frame comes too late for its windows: judged by the finest one, for all alike. */
  static boolean isLate(StreamClock clock, FrameFaces frame, Duration late) {
    Instant end = Steps.startOf(frame.getCaptureTime(), FINEST).plus(FINEST);
    return !end.isAfter(later(clock.getKeptFrom(), clock.getWatermark().minus(late)));
  }

  /** The clock after a frame; an end mark moves neither run nor time. */
  static StreamClock heard(StreamClock clock, FrameFaces frame) {
    if (frame.getEndOfRun() != null) {
      return clock;
    }
    return new StreamClock(
        frame.getKind(),
        frame.getRunId(),
        later(clock.getWatermark(), frame.getCaptureTime()),
        false,
        clock.getCompleteTo(),
        clock.getKeptFrom(),
        clock.getTouchedFrom(),
        clock.getTouchedTo());
  }

  /** The clock after the windows at {@code time} changed. */
  static StreamClock touched(StreamClock clock, Instant time) {
    Instant from = clock.getTouchedFrom();
    Instant to = clock.getTouchedTo();
    return new StreamClock(
        clock.getKind(),
        clock.getRunId(),
        clock.getWatermark(),
        clock.getEnded(),
        clock.getCompleteTo(),
        clock.getKeptFrom(),
        from == null || time.isBefore(from) ? time : from,
        to == null || time.isAfter(to) ? time : to);
  }

  /** The clock of a stream from which no frame is expected. */
  static StreamClock ended(StreamClock clock) {
    return StreamClock.newBuilder(clock).setEnded(true).build();
  }

  /** The clock after all changed windows were published. */
  static StreamClock published(StreamClock clock, Instant completeTo, Instant keptFrom) {
    return new StreamClock(
        clock.getKind(),
        clock.getRunId(),
        clock.getWatermark(),
        clock.getEnded(),
        completeTo,
        keptFrom,
        null,
        null);
  }

  static Instant later(Instant a, Instant b) {
    return a.isAfter(b) ? a : b;
  }
}
