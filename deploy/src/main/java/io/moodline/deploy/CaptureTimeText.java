package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What the API says of a source's capture times, in words for people. Thread-safe. */
final class CaptureTimeText {
  private static final double MICROS_PER_SECOND = 1e6;
  private static final double LONGEST_SECONDS = 10_000;
  private static final double SECONDS_PER_DAY = 86_400;

  private CaptureTimeText() {}

  /** For a table: where times come from, and by how much they may be wrong. */
  static String brief(JsonNode status) {
    return switch (status.path("timeSource").asText("")) {
      case "SENDER_REPORT" -> "camera " + within(status);
      case "ARRIVAL" -> "arrival " + within(status);
      case "RECORDING" -> "recording";
      default -> "-";
    };
  }

  private static String within(JsonNode status) {
    return "±" + length(status.path("timeUncertaintyMicros").asLong());
  }

  /** All that is known, as a sentence's part; empty where nothing is. */
  static String sentence(JsonNode status) {
    List<String> parts = new ArrayList<>();
    switch (status.path("timeSource").asText("")) {
      case "SENDER_REPORT" -> parts.add("taken from the camera's own clock, " + within(status));
      case "ARRIVAL" -> parts.add("taken from the least delayed arrivals, " + within(status));
      case "RECORDING" -> parts.add("counted from the recording's start");
      default -> {
        return "";
      }
    }
    JsonNode drift = status.path("mediaClockDriftPpm");
    if (drift.isNumber()) {
      String way = drift.asDouble() < 0 ? "slow" : "fast";
      parts.add(
          String.format(Locale.ROOT, "media clock %.1f ppm %s", Math.abs(drift.asDouble()), way));
    }
    JsonNode offset = status.path("senderClockOffsetMicros");
    if (offset.isNumber()) {
      String way = offset.asLong() < 0 ? "behind" : "ahead of";
      parts.add("camera's clock " + length(Math.abs(offset.asLong())) + " " + way + " its arrival");
    }
    return String.join(", ", parts);
  }

  /** A length of time in the unit in which it is read best. */
  static String length(long micros) {
    double seconds = micros / MICROS_PER_SECOND;
    if (seconds < 0.01) {
      return String.format(Locale.ROOT, "%.1f ms", 1000 * seconds);
    } else if (seconds < 10) {
      return String.format(Locale.ROOT, "%.0f ms", 1000 * seconds);
    } else if (seconds < LONGEST_SECONDS) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    return String.format(Locale.ROOT, "%.1f days", seconds / SECONDS_PER_DAY);
  }
}
