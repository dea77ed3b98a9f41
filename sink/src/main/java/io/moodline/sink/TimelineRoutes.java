package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.TimelineWindow;
import io.moodline.sink.TimelineParams.Range;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows timelines. Without {@code from} and {@code to} a recording is shown whole and a live stream
 * for its last hour. An explicit {@code step} streams every window of the range; without one JSON
 * is made of the finest step that has at most four times {@code maxPoints} windows, and a day of
 * seconds, thinned to {@code maxPoints} by {@link Lttb}; CSV and WebVTT, whose rows belong
 * together, are streamed in the finest step within {@code maxPoints}. Only what is thinned is held
 * in memory, see {@link WindowRoom}. Thread-safe.
 */
final class TimelineRoutes implements Resource {
  /** Longest answer that is streamed: eleven days of seconds, or two years of minutes. */
  static final long MAX_STREAMED = 1_000_000;

  /** Answers that are streamed at a time; each holds a thread while its reader is slow. */
  private static final int MAX_STREAMS = 16;

  private static final int READ_PER_POINT = 4;

  /** A range that may hold more than this is looked at more closely before room is taken. */
  private static final int FEW_WINDOWS = 10_000;

  private static final Duration LIVE_RANGE = Duration.ofHours(1);

  private final StageContext stage;
  private final StreamRegistry registry;
  private final TimelineQueries timelines;
  private final Semaphore streams = new Semaphore(MAX_STREAMS);
  private final WindowRoom room = new WindowRoom();

  TimelineRoutes(StageContext stage, StreamRegistry registry, TimelineQueries timelines) {
    this.stage = stage;
    this.registry = registry;
    this.timelines = timelines;
  }

  @Override
  public List<Route> routes() {
    return List.of(Route.get("/api/v1/streams/{id}/timeline", Role.VIEWER, this::get));
  }

  private void get(Context ctx) {
    StreamView stream = StreamRoutes.find(registry, StreamRoutes.id(ctx));
    TimelineText.Format format = TimelineParams.format(ctx);
    Optional<Duration> step = TimelineParams.step(ctx);
    long points = points(ctx);
    if (format != TimelineText.Format.JSON) {
      Range range = range(ctx, stream, timelines);
      Held held = timelines(timelines, stream);
      Duration fitting = step.orElseGet(() -> held.finest(range, points));
      text(ctx, stream, format, windows(timelines, held, fitting, range));
    } else {
      MarkedQueries asked = timelines.orStale();
      Range range = range(ctx, stream, asked);
      if (step.isPresent()) {
        TimelineWindows windows = windows(asked, timelines(asked, stream), step.get(), range);
        streamed(ctx, TimelineJson.head(stream.id(), null), asked::stale, windows);
      } else {
        thinned(ctx, asked, stream, range, points);
      }
    }
  }

  private void thinned(
      Context ctx, MarkedQueries asked, StreamView stream, Range range, long points) {
    Held held = timelines(asked, stream);
    Duration step = held.finest(range, read(points));
    int limit = TimelineParams.MAX_WINDOWS;
    long windows = range.windows(step);
    thinned(
        ctx,
        TimelineJson.head(stream.id(), null),
        step,
        windows > FEW_WINDOWS ? held.held(range, step).windows(step) : windows,
        () ->
            asked.thinned(
                stream.id(),
                step,
                Steps.startOf(range.from(), step),
                range.to(),
                limit + 1,
                (int) points),
        asked::stale);
  }

  /** Windows that are read at most for so many points. */
  static long read(long points) {
    return Math.min(READ_PER_POINT * points, TimelineParams.MAX_WINDOWS);
  }

  /**
   * Reads windows into memory, thins them and shows the rest.
   *
   * @param windows most that may be read
   */
  void thinned(
      Context ctx,
      ObjectNode head,
      Duration step,
      long windows,
      Supplier<TimelineQueries.Thinned> reader,
      BooleanSupplier stale) {
    int limit = TimelineParams.MAX_WINDOWS;
    room.hold(
        1 + (int) Math.min(windows, limit),
        () -> {
          TimelineQueries.Thinned thinned = reader.get();
          if (thinned.of() > limit) {
            throw tooMany(limit);
          }
          boolean mark = stale.getAsBoolean();
          Answers.json(ctx, out -> TimelineJson.write(out, head, step, thinned, mark));
        });
  }

  static Problem tooMany(long limit) {
    return Problem.malformed(
        "the range holds more than "
            + limit
            + " windows of this step: give a shorter range or a longer step");
  }

  private static TimelineWindows windows(
      TimelineQueries asked, Held stream, Duration step, Range range) {
    Range held = stream.held(range, step);
    if (held.windows(step) > MAX_STREAMED) {
      throw tooMany(MAX_STREAMED);
    }
    return new TimelineWindows(asked, stream.stream, step, held.from(), held.to());
  }

  /** Writes windows while they are read. */
  void streamed(Context ctx, ObjectNode head, BooleanSupplier stale, TimelineWindows windows) {
    oneOfSome(
        () ->
            Answers.stream(
                ctx, "application/json", out -> TimelineJson.stream(out, head, stale, windows)));
  }

  /** The same as CSV or WebVTT, which have no place for a mark: stale windows are no answer. */
  void text(Context ctx, StreamView stream, TimelineText.Format format, TimelineWindows windows) {
    ExportFormat file = format == TimelineText.Format.CSV ? ExportFormat.CSV : ExportFormat.VTT;
    oneOfSome(
        () -> Answers.text(ctx, file.mediaType(), out -> file.write(stream.spec(), windows, out)));
  }

  private void oneOfSome(Runnable answer) {
    if (!streams.tryAcquire()) {
      throw Problem.unavailable("there are " + MAX_STREAMS + " long answers under way already");
    }
    try {
      answer.run();
    } finally {
      streams.release();
    }
  }

  long points(Context ctx) {
    return TimelineParams.maxPoints(ctx, stage.settings().get(SinkSettings.MAX_POINTS));
  }

  private static Held timelines(TimelineQueries asked, StreamView stream) {
    return new Held(asked, stream.id());
  }

  /**
   * What is held of a stream, which differs by step: long steps are kept for longer. Confined to
   * one request, in which each step is asked once at most where it begins.
   */
  private static final class Held {
    private final TimelineQueries asked;
    private final String stream;
    private final Map<Duration, Optional<Instant>> starts = new HashMap<>();

    Held(TimelineQueries asked, String stream) {
      this.asked = asked;
      this.stream = stream;
    }

    /** The finest step of which the range holds at most so many windows, and all of them. */
    Duration finest(Range range, long most) {
      return Steps.ALL.stream()
          .filter(step -> range.windows(step) <= most && reachesBack(step, range))
          .findFirst()
          .orElse(Steps.ALL.get(Steps.ALL.size() - 1));
    }

    /** Mostly one look into the stores: others are asked only where this step begins later. */
    private boolean reachesBack(Duration step, Range range) {
      Optional<Instant> start = start(step);
      if (start.isPresent() && !start.get().isAfter(range.from())) {
        return true;
      }
      Optional<Instant> first = first();
      return first.isEmpty() || start.isPresent() && !start.get().isAfter(first.get());
    }

    /** Where the stream begins, as exactly as the steps that reach back so far can say. */
    Optional<Instant> first() {
      Optional<Instant> first = Optional.empty();
      for (Duration step : Steps.ALL) {
        Optional<Instant> start = start(step);
        if (start.isPresent()
            && (first.isEmpty() || !start.get().plus(step).isAfter(first.get()))) {
          first = start;
        }
      }
      return first;
    }

    private Optional<Instant> start(Duration step) {
      return starts.computeIfAbsent(
          step, it -> asked.earliest(stream, it).map(TimelineWindow::getStart));
    }

    /** The part of a range that can hold windows of a step. */
    Range held(Range range, Duration step) {
      Instant from = Steps.startOf(range.from(), step);
      Optional<Instant> start = start(step);
      Optional<Instant> end =
          asked.latest(stream, step).map(window -> window.getStart().plus(step));
      if (start.isEmpty() || end.isEmpty()) {
        return new Range(from, from);
      }
      return new Range(
          from.isBefore(start.get()) ? start.get() : from,
          range.to().isAfter(end.get()) ? end.get() : range.to());
    }
  }

  /** The range that a request names, or the stream's usual one. */
  Range range(Context ctx, StreamView stream) {
    return range(ctx, stream, timelines);
  }

  private Range range(Context ctx, StreamView stream, TimelineQueries asked) {
    Instant from = TimelineParams.time(ctx, "from").orElse(null);
    Instant to = TimelineParams.time(ctx, "to").orElse(null);
    if (from != null && to != null) {
      return Range.checked(from, to);
    }
    Range whole = StreamJson.isRecording(stream) ? extent(stream, asked) : lastHour(to);
    return Range.checked(
        from == null ? whole.from() : from, to == null ? later(whole.to(), from) : to);
  }

  private static Instant later(Instant end, @Nullable Instant from) {
    return from != null && from.isAfter(end) ? from : end;
  }

  private static Range extent(StreamView stream, TimelineQueries asked) {
    Instant start = Optional.ofNullable(stream.spec().getStart()).orElse(Instant.EPOCH);
    Optional<Instant> first = timelines(asked, stream).first();
    Optional<Instant> last =
        Steps.ALL.stream()
            .flatMap(step -> asked.latest(stream.id(), step).stream())
            .map(window -> window.getStart().plusMillis(window.getStepMillis()))
            .findFirst();
    return new Range(first.orElse(start), last.orElse(first.orElse(start)));
  }

  private Range lastHour(@Nullable Instant to) {
    Instant end = to == null ? stage.clock().instant() : to;
    return new Range(end.minus(LIVE_RANGE), end);
  }
}
