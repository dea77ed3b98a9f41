package io.moodline.ingest;

import io.moodline.schemas.v1.TimeSource;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * When a frame was captured, and how much is known of it. Thread-safe.
 *
 * @param epochMicros since 1970, microseconds
 * @param uncertaintyMicros by how much it may be wrong beside the other frames of its run
 * @param driftPpm by how many millionths the media clock is fast; null while it is not known
 * @param senderOffsetMicros by how much the source's own clock is ahead of the arrival here; null
 *     without reports of it
 */
record ClockReading(
    long epochMicros,
    TimeSource source,
    long uncertaintyMicros,
    @Nullable Double driftPpm,
    @Nullable Long senderOffsetMicros) {

  /** When the least delayed arrivals would have brought the frame; null where that is its time. */
  @Nullable Instant arrival() {
    return source != TimeSource.SENDER_REPORT || senderOffsetMicros == null
        ? null
        : Instant.EPOCH.plus(epochMicros - senderOffsetMicros, ChronoUnit.MICROS);
  }

  /** The same, told at another time because time may not jump: so much less is certain. */
  ClockReading toldAt(long micros) {
    long more = Math.abs(micros - epochMicros);
    return new ClockReading(micros, source, uncertaintyMicros + more, driftPpm, senderOffsetMicros);
  }

  /** The same with what the source says of its own clock. */
  ClockReading withSenderOffset(long micros) {
    return new ClockReading(epochMicros, source, uncertaintyMicros, driftPpm, micros);
  }
}
