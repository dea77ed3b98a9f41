package io.moodline.ingest;

import io.moodline.schemas.v1.TimeSource;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * Event time of a run's frames. A recording: its start plus media time. A live stream: what its
 * link says, else the media clock anchored at the least delayed arrival. Strictly rising within a
 * run: where the clocks turn out to meet elsewhere than was thought, time goes a little slower or
 * faster than the media clock until it is right again. Confined to one thread.
 */
final class CaptureClock {
  /** By how much faster or slower, as a part, time goes to come right. */
  private static final double BEND = 0.1;

  /** The same where time is ahead by more than {@link #FAR_MICROS}. */
  private static final double STRONG_BEND = 0.5;

  /** Time that is behind by more than this jumps. */
  private static final long FAR_MICROS = 1_000_000;

  private final @Nullable Instant recorded;
  private final ArrivalClock arrivals = new ArrivalClock();
  private @Nullable ClockReading last;
  private long lastMediaMicros;
  private @Nullable Instant start;

  private CaptureClock(@Nullable Instant recorded) {
    this.recorded = recorded;
    this.start = recorded;
  }

  /** Of a recording. */
  static CaptureClock recording(Instant start) {
    return new CaptureClock(start);
  }

  /** Of a live stream. */
  static CaptureClock live() {
    return new CaptureClock(null);
  }

  /**
   * Event time of the next frame.
   *
   * @param mediaTimeMicros since the run's first picture
   * @param arrival when the frame came in; unused for recordings
   * @param told what the link says of the frame; null where it says nothing
   */
  ClockReading read(long mediaTimeMicros, Instant arrival, @Nullable ClockReading told) {
    ClockReading right = right(mediaTimeMicros, arrival, told);
    ClockReading before = last;
    ClockReading reading = right;
    if (before != null) {
      long step = Math.max(1, mediaTimeMicros - lastMediaMicros);
      reading = right.toldAt(next(before.epochMicros(), step, right.epochMicros()));
    }
    last = reading;
    lastMediaMicros = mediaTimeMicros;
    if (start == null) {
      start = instant(reading).minus(mediaTimeMicros, ChronoUnit.MICROS);
    }
    return reading;
  }

  private ClockReading right(long mediaTimeMicros, Instant arrival, @Nullable ClockReading told) {
    if (recorded != null) {
      long micros = micros(recorded) + mediaTimeMicros;
      return new ClockReading(micros, TimeSource.RECORDING, 0, null, null);
    }
    arrivals.arrived(mediaTimeMicros, micros(arrival));
    return told == null ? arrivals.read(mediaTimeMicros) : told;
  }

  private long next(long before, long step, long right) {
    if (recorded != null || right - before - step > FAR_MICROS) {
      return Math.max(before + 1, right);
    }
    double slower = before + step - right > FAR_MICROS ? STRONG_BEND : BEND;
    long least = before + Math.max(1, Math.round(step * (1 - slower)));
    long most = Math.max(least, before + Math.round(step * (1 + BEND)));
    return Math.max(least, Math.min(most, right));
  }

  /** The last frame's; null before the first one. */
  @Nullable ClockReading last() {
    return last;
  }

  /** Event time of media time 0; null before the first live frame. */
  @Nullable Instant start() {
    return start;
  }

  static Instant instant(ClockReading reading) {
    return Instant.EPOCH.plus(reading.epochMicros(), ChronoUnit.MICROS);
  }

  private static long micros(Instant time) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, time);
  }
}
