package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * A stream's events in words for people: what repeats itself (the counts of a state, a segment that
 * still grows) is left out. Confined to the thread that reads the events.
 */
final class EventText {
  private String state = "";

  /**
   * A line for an event, or none.
   *
   * @param event its kind, as server-sent events name it
   * @param data what it holds, as the API describes it
   */
  Optional<String> line(String event, JsonNode data) {
    return switch (event) {
      case "emotion" -> Optional.of(emotion(data));
      case "status" -> status(data);
      case "segment" -> data.path("final").asBoolean() ? Optional.of(segment(data)) : none();
      case "track" -> Optional.of(track(data));
      case "alert" -> Optional.of(alert(data));
      case "gap" -> Optional.of("events are missing: " + data.path("reason").asText());
      default -> Optional.of(event + " " + data);
    };
  }

  private static Optional<String> none() {
    return Optional.empty();
  }

  /** The event's name at the end is as `moodline explain` takes it. */
  private static String emotion(JsonNode data) {
    EventId id =
        new EventId(
            data.path("stream").asText(),
            data.path("run").asText(),
            data.path("sequence").asLong(),
            data.path("face").asInt());
    String words =
        data.path("label").isNull()
            ? "withheld: " + ApiClient.texts(data.path("withheld"))
            : String.format(
                Locale.ROOT,
                "%-10s %.2f",
                data.path("label").asText(),
                data.path("score").asDouble());
    return at(data, "time", String.format(Locale.ROOT, "%s  %-16s  %s", face(data), words, id));
  }

  private Optional<String> status(JsonNode data) {
    String reason = data.path("reason").asText("");
    String now = data.path("state").asText() + (reason.isEmpty() ? "" : ": " + reason);
    if (now.equals(state)) {
      return none();
    }
    state = now;
    return Optional.of(at(data, "since", "stream    " + now));
  }

  private static String segment(JsonNode data) {
    Duration length =
        Duration.between(
            Instant.parse(data.path("start").asText()), Instant.parse(data.path("end").asText()));
    return at(
        data,
        "start",
        String.format(
            Locale.ROOT,
            "%s  kept %s for %.1f s, mean score %.2f",
            face(data),
            data.path("label").asText(),
            length.toMillis() / 1000.0,
            data.path("meanScore").asDouble()));
  }

  private static String track(JsonNode data) {
    long other = data.path("otherTrack").asLong();
    String words =
        switch (data.path("event").asText()) {
          case "ENTRY" -> "came into view";
          case "EXIT" -> "has gone, after " + data.path("frames").asLong() + " frames";
          case "SPLIT" -> "came out of face " + other;
          case "MERGE" -> "went into face " + other;
          default -> data.path("event").asText();
        };
    return at(data, "time", face(data) + "  " + words);
  }

  private static String alert(JsonNode data) {
    boolean over = data.path("end").isTextual();
    return at(
        data,
        over ? "end" : "start",
        String.format(
            Locale.ROOT,
            "alert     %s %s: %s",
            data.path("rule").asText(),
            data.path("state").asText().toLowerCase(Locale.ROOT),
            data.path("message").asText()));
  }

  private static String face(JsonNode data) {
    return data.path("track").isNull()
        ? "face    -"
        : String.format(Locale.ROOT, "face %4d", data.path("track").asLong());
  }

  private static String at(JsonNode data, String time, String words) {
    return String.format(Locale.ROOT, "%-24s", data.path(time).asText("-")) + "  " + words;
  }
}
