package io.moodline.schemas;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * The catalogue of topics: names, what is kept, and how large a record may be.
 *
 * <p>Every topic that belongs to streams has the same number of partitions, fixed for life, and is
 * partitioned by stream id through {@link StreamPartition}. Thread-safe.
 */
public final class Topics {
  /** Largest record of any topic in bytes: set on topic, producer, consumer and broker alike. */
  public static final int MAX_RECORD_BYTES = 8 * 1024 * 1024;

  private static final String HOUR = Long.toString(3_600_000L);
  private static final String DAY = Long.toString(24 * 3_600_000L);
  private static final String MONTH = Long.toString(30 * 24 * 3_600_000L);
  private static final String FRAME_SEGMENT_BYTES = Integer.toString(64 * 1024 * 1024);

  private static final Map<String, String> COMPACTED = Map.of("cleanup.policy", "compact");
  private static final Map<String, String> FRAMES =
      Map.of("cleanup.policy", "delete", "retention.ms", DAY, "segment.bytes", FRAME_SEGMENT_BYTES);
  private static final Map<String, String> HOURS =
      Map.of("cleanup.policy", "delete", "retention.ms", DAY, "segment.ms", HOUR);
  private static final String QUARTER = Long.toString(6 * 3_600_000L);

  /** What an erasure empties: a tombstone takes its record out of the log within hours. */
  private static final Map<String, String> ERASABLE =
      Map.of(
          "cleanup.policy", "compact",
          "max.compaction.lag.ms", QUARTER,
          "delete.retention.ms", HOUR);

  /** The same, and old records go by themselves. */
  private static final Map<String, String> ERASABLE_DAYS =
      Map.of(
          "cleanup.policy", "compact,delete",
          "retention.ms", MONTH,
          "max.compaction.lag.ms", QUARTER,
          "delete.retention.ms", HOUR);

  /**
   * A segment is compacted once another one follows it: whoever throws a key away writes the
   * tombstone once more after this time, and the key is out of the log files within minutes.
   */
  public static final Duration KEY_SEGMENT = Duration.ofSeconds(1);

  /** The tombstones stay long enough for whoever was away to meet them; they hold no key. */
  private static final Map<String, String> KEYS =
      Map.of(
          "cleanup.policy",
          "compact",
          "segment.ms",
          Long.toString(KEY_SEGMENT.toMillis()),
          "min.cleanable.dirty.ratio",
          "0.01",
          "max.compaction.lag.ms",
          Long.toString(60_000L),
          "delete.retention.ms",
          DAY,
          "file.delete.delay.ms",
          "1000");

  private static final Map<String, String> DAYS =
      Map.of("cleanup.policy", "delete", "retention.ms", MONTH);

  private final String prefix;

  /** A catalogue whose topic names start with {@code prefix} and a dot. */
  public Topics(String prefix) {
    if (!prefix.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
      throw new IllegalArgumentException(
          "topic prefix '" + prefix + "' may hold only letters, digits, '.', '_' and '-'");
    }
    this.prefix = prefix;
  }

  public String prefix() {
    return prefix;
  }

  public String streams() {
    return name("streams");
  }

  public String streamStatus() {
    return name("stream-status");
  }

  /** What each stream's frames and faces are sealed with. */
  public String streamKeys() {
    return name("stream-keys");
  }

  /** Frames of live streams. */
  public String frames() {
    return name("frames");
  }

  /** Frames of recordings, apart from the live ones because a log knows no priority. */
  public String recordingFrames() {
    return name("recording-frames");
  }

  public String faces() {
    return name("faces");
  }

  public String emotions() {
    return name("emotions");
  }

  public String tracks() {
    return name("tracks");
  }

  public String segments() {
    return name("segments");
  }

  public String timelines() {
    return name("timelines");
  }

  /** Seconds and sums of each track. */
  public String trackTimelines() {
    return name("track-timelines");
  }

  /** Streams and tracks whose derived data has to go; empty values, the key says it all. */
  public String erasures() {
    return name("erasures");
  }

  public String rules() {
    return name("rules");
  }

  public String alerts() {
    return name("alerts");
  }

  /** The same by stream, start and rule, for those who look back. */
  public String alertHistory() {
    return name("alert-history");
  }

  public String webhooks() {
    return name("webhooks");
  }

  public String webhookStatus() {
    return name("webhook-status");
  }

  public String shadowFaces() {
    return name("shadow-faces");
  }

  /** Which model is in use and which one is tried. */
  public String modelChoices() {
    return name("model-choices");
  }

  /** How each analyzer is doing. */
  public String analyzerStatus() {
    return name("analyzer-status");
  }

  public String deadLetters() {
    return name("dead-letters");
  }

  /**
   * All topics with their settings; {@code LogAppendTime} everywhere, since event time lives in the
   * value.
   */
  public List<Topic> all() {
    return List.of(
        new Topic(streams(), COMPACTED),
        new Topic(streamStatus(), COMPACTED),
        new Topic(streamKeys(), KEYS),
        new Topic(frames(), FRAMES),
        new Topic(recordingFrames(), FRAMES),
        new Topic(faces(), HOURS),
        new Topic(emotions(), ERASABLE_DAYS),
        new Topic(tracks(), ERASABLE_DAYS),
        new Topic(segments(), ERASABLE_DAYS),
        new Topic(timelines(), ERASABLE),
        new Topic(trackTimelines(), ERASABLE),
        new Topic(erasures(), DAYS),
        new Topic(rules(), COMPACTED),
        new Topic(alerts(), DAYS),
        new Topic(alertHistory(), ERASABLE),
        new Topic(webhooks(), COMPACTED),
        new Topic(webhookStatus(), COMPACTED),
        new Topic(shadowFaces(), HOURS),
        new Topic(modelChoices(), COMPACTED),
        new Topic(analyzerStatus(), COMPACTED),
        new Topic(deadLetters(), DAYS));
  }

  private String name(String what) {
    return prefix + "." + what + ".v1";
  }

  /** One topic: its full name and its settings beyond those that all share. */
  public record Topic(String name, Map<String, String> settings) {
    public Topic {
      settings = Map.copyOf(settings);
    }

    /** The topic's Kafka configuration, common settings included. */
    public Map<String, String> config() {
      var config = new java.util.HashMap<>(settings);
      config.put("message.timestamp.type", "LogAppendTime");
      config.put("max.message.bytes", Integer.toString(MAX_RECORD_BYTES));
      return Map.copyOf(config);
    }
  }
}
