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
 */
record WindowRules(Duration grace, Duration idle, Duration late) {
  WindowRules {
    if (late.compareTo(grace) < 0) {
      throw new UserException(
          "setting timelines.late = "
              + late.toSeconds()
              + "s is not valid: use at least timelines.grace, "
              + grace.toSeconds()
              + "s");
    }
  }

  static WindowRules of(Settings settings) {
    return new WindowRules(
        settings.get(TimelineSettings.GRACE),
        settings.get(TimelineSettings.IDLE),
        settings.get(TimelineSettings.LATE));
  }
}
