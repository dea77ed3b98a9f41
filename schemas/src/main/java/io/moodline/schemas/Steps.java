package io.moodline.schemas;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** The lengths of timeline windows. Thread-safe. */
public final class Steps {
  /** Window lengths, finest first; each divides the next. */
  public static final List<Duration> ALL =
      List.of(
          Duration.ofSeconds(1),
          Duration.ofSeconds(10),
          Duration.ofMinutes(1),
          Duration.ofHours(1));

  private Steps() {}

  /**
   * Start of the window of length {@code step} that holds {@code time}; windows are aligned to
   * 1970.
   */
  public static Instant startOf(Instant time, Duration step) {
    return Instant.ofEpochMilli(
        Math.floorDiv(time.toEpochMilli(), step.toMillis()) * step.toMillis());
  }
}
