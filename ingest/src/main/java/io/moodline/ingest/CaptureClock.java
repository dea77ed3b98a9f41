package io.moodline.ingest;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Event time of a run's frames. A recording: its start plus media time. A live stream: the source's
 * own media clock, anchored at the arrival of the first frame, so that jitter of the network does
 * not move frames; anchored anew when the two clocks have come too far apart. Strictly rising
 * within a run. Confined to one thread.
 */
final class CaptureClock {
  /** A frame can not have been seen after it arrived; some room for the anchor's own delay. */
  private static final Duration AHEAD = Duration.ofSeconds(2);

  private static final Duration BEHIND = Duration.ofSeconds(30);

  private @Nullable Instant anchor;
  private @Nullable Instant last;
  private final boolean live;

  private CaptureClock(boolean live, @Nullable Instant anchor) {
    this.live = live;
    this.anchor = anchor;
  }

  /** Of a recording. */
  static CaptureClock recording(Instant start) {
    return new CaptureClock(false, start);
  }

  /** Of a live stream. */
  static CaptureClock live() {
    return new CaptureClock(true, null);
  }

  /**
   * Event time of the next frame.
   *
   * @param mediaTimeMicros since the run's first picture
   * @param arrival when the frame came in; unused for recordings
   */
  Instant captureTime(long mediaTimeMicros, Instant arrival) {
    Instant from = anchor;
    if (from == null || live && isApart(from.plus(mediaTimeMicros, ChronoUnit.MICROS), arrival)) {
      from = arrival.minus(mediaTimeMicros, ChronoUnit.MICROS).truncatedTo(ChronoUnit.MICROS);
      anchor = from;
    }
    Instant time = from.plus(mediaTimeMicros, ChronoUnit.MICROS);
    Instant previous = last;
    if (previous != null && !time.isAfter(previous)) {
      time = previous.plus(1, ChronoUnit.MICROS);
    }
    last = time;
    return time;
  }

  /** Event time of media time 0; null before the first live frame. */
  @Nullable Instant start() {
    return anchor;
  }

  private static boolean isApart(Instant time, Instant arrival) {
    return time.isAfter(arrival.plus(AHEAD)) || time.isBefore(arrival.minus(BEHIND));
  }
}
