package io.moodline.sink;

import io.moodline.runtime.Setting;
import java.time.Duration;
import java.util.List;

/** Settings of tracks and of the labels' filter. Thread-safe. */
final class TrackSettings {
  static final Setting<Double> STRONG_SCORE =
      Setting.decimal(
          "tracks.strong-score",
          0.7,
          0,
          1,
          "A face with a smaller face score goes on with a track but begins none.");
  static final Setting<Duration> LOST =
      Setting.duration(
          "tracks.lost",
          "2s",
          "A track whose face was not seen for so long, in the stream's time, has ended; at least three frames.");
  static final Setting<Duration> REVISE =
      Setting.duration(
          "tracks.revise",
          "2s",
          "For so long, in the stream's time, late frames still change labels and segments; then they are final.");
  static final Setting<Duration> DWELL =
      Setting.duration(
          "emotions.dwell",
          "4s",
          "Mean time for which a face keeps a label: longer means steadier labels that change later.");
  static final Setting<Duration> EVIDENCE =
      Setting.duration(
          "emotions.evidence",
          "100ms",
          "Frames that are closer together than this repeat one another in part and count for less.");

  static final List<Setting<?>> ALL = List.of(STRONG_SCORE, LOST, REVISE, DWELL, EVIDENCE);

  private TrackSettings() {}
}
