package io.moodline.sink;

import io.javalin.http.Context;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/** Reads what a request for a timeline says. Thread-safe. */
final class TimelineParams {
  /** Longest answer that is made in memory: a day of seconds. */
  static final int MAX_WINDOWS = 86_400;

  private TimelineParams() {}

  /** A range of event time that was asked for. */
  record Range(Instant from, Instant to) {
    /** A range whose end is not before its start. */
    static Range checked(Instant from, Instant to) {
      if (to.isBefore(from)) {
        throw Problem.malformed("to is before from");
      }
      return new Range(from, to);
    }

    long windows(Duration step) {
      long length = Math.max(0, Duration.between(from, to).toMillis());
      return (length + step.toMillis() - 1) / step.toMillis();
    }
  }

  static Optional<String> param(Context ctx, String name) {
    return Optional.ofNullable(ctx.queryParam(name));
  }

  static Optional<Duration> step(Context ctx) {
    return param(ctx, "step").map(Times::readStep);
  }

  static Optional<Instant> time(Context ctx, String name) {
    return param(ctx, name).map(text -> Times.read(name, text));
  }

  static long maxPoints(Context ctx, int usual) {
    return param(ctx, "maxPoints")
        .map(
            text -> {
              if (!text.matches("[1-9][0-9]{0,4}") || Long.parseLong(text) > MAX_WINDOWS) {
                throw Problem.malformed("maxPoints is out of range: give 1 to " + MAX_WINDOWS);
              }
              return Long.parseLong(text);
            })
        .orElse((long) usual);
  }

  static TimelineText.Format format(Context ctx) {
    Optional<String> asked = param(ctx, "format");
    if (asked.isPresent()) {
      return switch (asked.get()) {
        case "json" -> TimelineText.Format.JSON;
        case "csv" -> TimelineText.Format.CSV;
        case "vtt" -> TimelineText.Format.VTT;
        default -> throw Problem.malformed("format is not known: give json, csv or vtt");
      };
    }
    String accept = Optional.ofNullable(ctx.header("Accept")).orElse("").toLowerCase(Locale.ROOT);
    if (accept.contains("text/csv")) {
      return TimelineText.Format.CSV;
    }
    return accept.contains("text/vtt") ? TimelineText.Format.VTT : TimelineText.Format.JSON;
  }
}
