package io.moodline.sink;

import io.moodline.runtime.StageContext;

/**
 * The two Kafka Streams applications of the sink: {@code timelines} counts frames into windows, and
 * {@code timeline-table} answers queries. Reports its health as the part {@code timelines}.
 * Thread-safe.
 */
final class TimelineEngine implements AutoCloseable {
  /** Name of the health part. */
  static final String HEALTH_PART = "timelines";

  private TimelineEngine() {}

  /** Starts both applications and returns without waiting until they run: see the health part. */
  static TimelineEngine start(StageContext ctx) {
    throw new UnsupportedOperationException();
  }

  TimelineQueries queries() {
    throw new UnsupportedOperationException();
  }

  /** Stops both within about 10 s and keeps their state for the next start. */
  @Override
  public void close() {}
}
