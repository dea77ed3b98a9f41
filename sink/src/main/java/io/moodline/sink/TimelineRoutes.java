package io.moodline.sink;

import io.javalin.http.Context;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Shows timelines. Without {@code from} and {@code to} a recording is shown whole and a live stream
 * for its last hour; without {@code step} the finest one is taken that keeps the answer within
 * {@code maxPoints} windows. Thread-safe.
 */
final class TimelineRoutes implements Resource {
  /** A day of seconds: the longest answer that is made. */
  private static final int MAX_WINDOWS = 86_400;

  private static final Duration LIVE_RANGE = Duration.ofHours(1);

  private final StageContext stage;
  private final StreamRegistry registry;
  private final TimelineQueries timelines;

  TimelineRoutes(StageContext stage, StreamRegistry registry, TimelineQueries timelines) {
    this.stage = stage;
    this.registry = registry;
    this.timelines = timelines;
  }

  @Override
  public List<Route> routes() {
    return List.of(Route.get("/api/v1/streams/{id}/timeline", Role.VIEWER, this::get));
  }

  void get(Context ctx) {
    StreamView stream = StreamRoutes.find(registry, StreamRoutes.id(ctx));
    TimelineText.Format format = format(ctx);
    Range range = range(ctx, stream);
    Duration step =
        param(ctx, "step").map(Times::readStep).orElseGet(() -> step(range, maxPoints(ctx)));
    List<TimelineWindow> windows =
        timelines.windows(
            stream.id(), step, Steps.startOf(range.from(), step), range.to(), MAX_WINDOWS + 1);
    if (windows.size() > MAX_WINDOWS) {
      throw Problem.malformed(
          "the range holds more than "
              + MAX_WINDOWS
              + " windows of this step: give a shorter range or a longer step");
    }
    switch (format) {
      case JSON -> Answers.json(ctx, 200, TimelineText.json(stream.id(), step, windows));
      case CSV -> Answers.text(ctx, "text/csv", TimelineText.csv(windows));
      case VTT -> Answers.text(ctx, "text/vtt", TimelineText.vtt(stream.spec(), windows));
    }
  }

  /** A range of event time that was asked for. */
  record Range(Instant from, Instant to) {
    long windows(Duration step) {
      long length = Math.max(0, Duration.between(from, to).toMillis());
      return (length + step.toMillis() - 1) / step.toMillis();
    }
  }

  /** The range that a request names, or the stream's usual one. */
  Range range(Context ctx, StreamView stream) {
    Instant from = param(ctx, "from").map(text -> Times.read("from", text)).orElse(null);
    Instant to = param(ctx, "to").map(text -> Times.read("to", text)).orElse(null);
    if (from != null && to != null) {
      return checked(from, to);
    }
    Range whole = StreamJson.isRecording(stream) ? extent(stream) : lastHour(to);
    return checked(from == null ? whole.from() : from, to == null ? later(whole.to(), from) : to);
  }

  private static Range checked(Instant from, Instant to) {
    if (to.isBefore(from)) {
      throw Problem.malformed("to is before from");
    }
    return new Range(from, to);
  }

  private static Instant later(Instant end, @Nullable Instant from) {
    return from != null && from.isAfter(end) ? from : end;
  }

  private Range extent(StreamView stream) {
    Instant start = Optional.ofNullable(stream.spec().getStart()).orElse(Instant.EPOCH);
    return timelines
        .extent(stream.id())
        .map(extent -> new Range(extent.from(), extent.to()))
        .orElse(new Range(start, start));
  }

  private Range lastHour(@Nullable Instant to) {
    Instant end = to == null ? stage.clock().instant() : to;
    return new Range(end.minus(LIVE_RANGE), end);
  }

  private static Duration step(Range range, long maxPoints) {
    return Steps.ALL.stream()
        .filter(step -> range.windows(step) <= maxPoints)
        .findFirst()
        .orElse(Steps.ALL.get(Steps.ALL.size() - 1));
  }

  private long maxPoints(Context ctx) {
    return param(ctx, "maxPoints")
        .map(
            text -> {
              if (!text.matches("[1-9][0-9]{0,4}") || Long.parseLong(text) > MAX_WINDOWS) {
                throw Problem.malformed("maxPoints is out of range: give 1 to " + MAX_WINDOWS);
              }
              return Long.parseLong(text);
            })
        .orElse((long) stage.settings().get(SinkSettings.MAX_POINTS));
  }

  private static TimelineText.Format format(Context ctx) {
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

  private static Optional<String> param(Context ctx, String name) {
    return Optional.ofNullable(ctx.queryParam(name));
  }
}
