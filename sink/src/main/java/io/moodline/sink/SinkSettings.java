package io.moodline.sink;

import io.moodline.runtime.AccessTokens;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import java.time.Duration;
import java.util.List;

/** Settings of the HTTP server and what it hands out. Thread-safe. */
public final class SinkSettings {
  static final Setting<String> HOST =
      Setting.text(
          "http.host",
          "127.0.0.1",
          "Address that the HTTP server listens on. Any but 127.0.0.1, ::1 and localhost needs access tokens, see"
              + " moodline token.");
  static final Setting<Integer> PORT =
      Setting.integer("http.port", 7470, 0, 65535, "Port of the HTTP server; 0 takes a free one.");
  static final Setting<String> ADVERTISED =
      Setting.text(
          "http.advertised",
          "",
          "Where other processes of a cluster reach this one's HTTP server, host or host:port. Empty means http.host,"
              + " or this machine's name where that is a wildcard.");
  static final Setting<String> TOKENS_FILE =
      Setting.text(
          "http.tokens.file",
          "",
          "File of the access tokens' hashes. Empty means tokens in MOODLINE_HOME; moodline token makes it.");
  static final Setting<Boolean> TOKENS_ALWAYS =
      Setting.flag(
          "http.tokens.always", false, "Whether tokens are demanded on a loopback address too.");
  static final Setting<Integer> REQUEST_RATE =
      Setting.integer(
          "http.requests-per-second",
          500,
          0,
          1_000_000,
          "Requests per second that one address may make over time, twice as many at once; more are answered 429. 0"
              + " means any number.");
  static final Setting<Integer> UPLOAD_MEGABYTES =
      Setting.integer(
          "http.upload-max-megabytes",
          4096,
          1,
          1_000_000,
          "Largest recording that can be uploaded, in megabytes of a million bytes.");
  static final Setting<Integer> UPLOAD_KILOBYTES_PER_SECOND =
      Setting.integer(
          "http.upload-least-kilobytes-per-second",
          32,
          0,
          1_000_000,
          "Kilobytes of a thousand bytes per second that an upload must come with to be sure of its place. Eight come"
              + " at a time; for a ninth the connection of the one that is furthest behind this rate is closed. 0"
              + " closes none.");
  static final Setting<Duration> SLOW_SENDER =
      Setting.duration(
          "http.slow-sender-limit",
          "30s",
          "How long an upload may stand still before it is behind http.upload-least-kilobytes-per-second.");
  static final Setting<Integer> EVENT_READERS =
      Setting.integer(
          "http.event-readers-max",
          4000,
          1,
          100_000,
          "Most readers of events (server-sent, WebSocket) at a time. One more is answered 503.");
  static final Setting<Integer> EVENT_READERS_PER_TOKEN =
      Setting.integer(
          "http.event-readers-per-token",
          1000,
          1,
          100_000,
          "Most of them that one access token may have. One more is answered 429.");
  static final Setting<Integer> EVENT_RING =
      Setting.integer(
          "http.event-ring-records",
          4096,
          64,
          1_000_000,
          "Newest records of each topic and partition that all readers of events share in memory, 8 MB at most; who"
              + " is further behind reads the log.");
  static final Setting<Duration> SLOW_READER =
      Setting.duration(
          "http.slow-reader-limit",
          "10s",
          "A reader of events that does not take one block of events in so long is cut; it can resume with"
              + " Last-Event-ID.");
  static final Setting<Duration> WEBHOOK_DEAD_AFTER =
      Setting.duration(
          "webhooks.dead-after",
          "24h",
          "A webhook whose delivery failed for so long is given up until it is changed.");
  static final Setting<String> WEBHOOK_NETWORKS =
      Setting.text(
          "webhooks.networks",
          "",
          "Networks that webhooks may reach while the HTTP server listens on other than loopback addresses, such as"
              + " 10.0.0.0/8, between commas.");
  static final Setting<Integer> MAX_POINTS =
      Setting.integer(
          "http.timeline-points",
          1000,
          1,
          86_400,
          "Windows that a timeline without step holds at most, where a coarser step exists.");
  static final Setting<Double> FRAMES_PER_SECOND =
      Setting.decimal(
          "streams.frames-per-second",
          5,
          0.1,
          60,
          "Frames to analyse per second of media, for streams that do not say.");

  public static final List<Setting<?>> ALL =
      List.of(
          HOST,
          PORT,
          ADVERTISED,
          TOKENS_FILE,
          TOKENS_ALWAYS,
          REQUEST_RATE,
          UPLOAD_MEGABYTES,
          UPLOAD_KILOBYTES_PER_SECOND,
          SLOW_SENDER,
          EVENT_READERS,
          EVENT_READERS_PER_TOKEN,
          EVENT_RING,
          SLOW_READER,
          WEBHOOK_DEAD_AFTER,
          WEBHOOK_NETWORKS,
          MAX_POINTS,
          FRAMES_PER_SECOND);

  private SinkSettings() {}

  /** The access tokens that the settings name. */
  public static AccessTokens tokens(Settings settings) {
    return Access.tokens(settings);
  }

  /** The key of the address that the HTTP server listens on. */
  public static String hostKey() {
    return HOST.key();
  }

  /** The key of its port. */
  public static String portKey() {
    return PORT.key();
  }

  /** Address that a program on this machine reaches the HTTP server at. */
  public static String localHost(Settings settings) {
    String host = settings.get(HOST);
    boolean everywhere = host.equals("0.0.0.0") || host.equals("::");
    return everywhere ? "127.0.0.1" : host.contains(":") ? "[" + host + "]" : host;
  }
}
