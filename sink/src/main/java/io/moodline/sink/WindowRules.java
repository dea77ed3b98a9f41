package io.moodline.sink;

import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.time.Duration;

/**
 * When windows are complete and when they close for good. Thread-safe.
 *
 * @param grace a window is complete when the watermark has passed its end by so much
 * @param idle a live stream that is silent for so long, on the wall clock, has ended for now
 * @param late frames so far behind the watermark change no window; at least the grace
 * @param keepLedgers the accounts of live streams' runs go so long after their end, on the wall
 *     clock
 */
record WindowRules(Duration grace, Duration idle, Duration late, Duration keepLedgers) {
  WindowRules(Duration grace, Duration idle, Duration late) {
    this(grace, idle, late, Duration.ofDays(30));
  }

  WindowRules {
    if (keepLedgers.compareTo(LEAST_KEPT) < 0) {
      throw new UserException(
          "setting timelines.keep-ledgers = "
              + keepLedgers.toHours()
              + "h is not valid: use at least 2d, since frames are in faces.v1 for one");
    }
    if (late.compareTo(grace) < 0) {
      throw new UserException(
          "setting timelines.late = "
              + late.toSeconds()
              + "s is not valid: use at least timelines.grace, "
              + grace.toSeconds()
              + "s");
    }
  }

  private static final Duration LEAST_KEPT = Duration.ofDays(2);

  static WindowRules of(Settings settings) {
    return new WindowRules(
        settings.get(TimelineSettings.GRACE),
        settings.get(TimelineSettings.IDLE),
        settings.get(TimelineSettings.LATE),
        settings.get(TimelineSettings.KEEP_LEDGERS));
  }
}
