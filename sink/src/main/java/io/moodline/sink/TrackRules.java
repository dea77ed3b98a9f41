package io.moodline.sink;

import io.moodline.runtime.Settings;
import java.time.Duration;

/**
 * How faces are followed and how their labels are filtered. Thread-safe.
 *
 * @param strongScore a face with a smaller {@code faceScore} goes on with a track but begins none
 * @param lost a track whose face was not seen for so long, in the stream's time, has ended
 * @param revise sightings stay open to late frames for so long, in the stream's time
 * @param dwell mean time for which a face keeps a label
 * @param evidence frames that are closer together than this repeat one another in part
 */
record TrackRules(
    double strongScore, Duration lost, Duration revise, Duration dwell, Duration evidence) {
  static TrackRules of(Settings settings) {
    return new TrackRules(
        settings.get(TrackSettings.STRONG_SCORE),
        settings.get(TrackSettings.LOST),
        settings.get(TrackSettings.REVISE),
        settings.get(TrackSettings.DWELL),
        settings.get(TrackSettings.EVIDENCE));
  }

  /** A track may miss three frames however seldom frames come, within a minute. */
  Duration lostAt(double framesPerSecond) {
    Duration frames = Duration.ofMillis(Math.min(60_000, Math.round(3000 / framesPerSecond)));
    return frames.compareTo(lost) > 0 ? frames : lost;
  }
}
