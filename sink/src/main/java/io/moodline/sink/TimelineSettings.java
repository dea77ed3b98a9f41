package io.moodline.sink;

import io.moodline.runtime.Setting;
import java.time.Duration;
import java.util.List;

/** Settings of the timelines. Thread-safe. */
public final class TimelineSettings {
  static final Setting<Duration> GRACE =
      Setting.duration(
          "timelines.grace",
          "10s",
          "A window is complete when the stream's time has passed its end by so much.");
  static final Setting<Duration> IDLE =
      Setting.duration(
          "timelines.idle",
          "30s",
          "A live stream without frames for so long, by the clock on the wall, has its windows completed.");
  static final Setting<Duration> LATE =
      Setting.duration(
          "timelines.late",
          "1h",
          "Frames that come so long after the end of their 1 s window, in the stream's time, no longer change the timeline.");
  static final Setting<String> STATE_FOLDER =
      Setting.text(
          "streams.state.folder",
          "",
          "Folder of Kafka Streams' stores. Empty means streams in the data folder.");

  static final Setting<Integer> STANDBYS =
      Setting.integer(
          "streams.standbys",
          1,
          0,
          9,
          "Copies of each store on other processes of a cluster; they answer, marked stale, while the owner is away.");
  static final Setting<Duration> OWNER_PATIENCE =
      Setting.duration(
          "queries.owner-patience",
          "150ms",
          "A query asks a copy of the store too when the store's owner has not answered for so long.");

  static final Setting<Duration> KEEP_LEDGERS =
      Setting.duration(
          "timelines.keep-ledgers",
          "30d",
          "The account of a live stream's run is kept for so long after its end; at least two days.");
  static final Setting<Duration> KEEP_SECONDS = keep("1s", "7d");
  static final Setting<Duration> KEEP_TENS = keep("10s", "30d");
  static final Setting<Duration> KEEP_MINUTES = keep("1m", "365d");
  static final Setting<Duration> KEEP_HOURS = keep("1h", "3650d");

  static final Setting<Duration> KEEP_TRACKS =
      Setting.duration(
          "timelines.keep-tracks",
          "7d",
          "What tracks showed, by second and as a whole, is kept for so long after it was last written.");

  static final Setting<Duration> KEEP_ALERTS =
      Setting.duration(
          "timelines.keep-alerts",
          "30d",
          "Alerts can be looked back at for so long after they were last written.");

  private static Setting<Duration> keep(String step, String value) {
    return Setting.duration(
        "timelines.keep-" + step,
        value,
        "Windows of " + step + " are kept for so long after they were last written.");
  }

  /** With those of the tracks. */
  public static final List<Setting<?>> ALL =
      Setting.all(
          List.of(
              GRACE,
              IDLE,
              LATE,
              STATE_FOLDER,
              STANDBYS,
              OWNER_PATIENCE,
              KEEP_LEDGERS,
              KEEP_SECONDS,
              KEEP_TENS,
              KEEP_MINUTES,
              KEEP_HOURS,
              KEEP_TRACKS,
              KEEP_ALERTS),
          TrackSettings.ALL);

  private TimelineSettings() {}
}
