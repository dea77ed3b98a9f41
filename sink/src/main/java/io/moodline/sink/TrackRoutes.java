package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.OpenWindow;
import io.moodline.schemas.v1.TrackWindow;
import io.moodline.sink.TimelineParams.Range;
import io.moodline.sink.TimelineQueries.Thinned;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Lists the tracks of a stream and shows their timelines. A track's timeline is shown whole unless
 * a range is asked for; without {@code step} in the finest step within the budget of points, as a
 * stream's is. Thread-safe.
 */
final class TrackRoutes implements Resource {
  private final StreamRegistry registry;
  private final Supplier<TrackQueries> tracks;
  private final TimelineRoutes timelines;

  TrackRoutes(StreamRegistry registry, Supplier<TrackQueries> tracks, TimelineRoutes timelines) {
    this.registry = registry;
    this.tracks = tracks;
    this.timelines = timelines;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/streams/{id}/tracks", Role.VIEWER, this::list),
        Route.get("/api/v1/streams/{id}/tracks/{track}/timeline", Role.VIEWER, this::get));
  }

  /** Newest first: what came last is asked for most, and there may be very many. */
  private void list(Context ctx) {
    StreamView stream = StreamRoutes.find(registry, StreamRoutes.id(ctx));
    Page page = Page.read(ctx);
    TrackQueries asked = tracks.get().orStale();
    long below = page.after().isEmpty() ? Long.MAX_VALUE : number(page.after());
    List<TrackWindow> found = asked.tracks(stream.id(), below, page.limit() + 1);
    List<TrackWindow> shown = found.subList(0, Math.min(page.limit(), found.size()));
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("stream", stream.id());
    ArrayNode array = body.putArray("tracks");
    shown.forEach(track -> array.add(json(track)));
    body.put(
        "next",
        found.size() > shown.size() ? Page.cursor(shown.get(shown.size() - 1).getTrackId()) : null);
    Answers.json(ctx, 200, body.put("stale", asked.stale()));
  }

  private static long number(String cursor) {
    if (!cursor.matches("[1-9][0-9]{0,17}")) {
      throw Problem.malformed("cursor is none that this list gave: take next of an earlier page");
    }
    return Long.parseLong(cursor);
  }

  private static ObjectNode json(TrackWindow track) {
    OpenWindow sums = track.getSums();
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("track", track.getTrackId())
            .put("run", track.getRunId())
            .put("start", Times.show(track.getStart()))
            .put("end", Times.show(track.getEnd()))
            .put("ended", track.getIsFinal())
            .put("frames", sums.getFaces())
            .put("labelled", sums.getLabelledFaces());
    ObjectNode scores = node.putObject("scores");
    new TreeMap<>(WindowSums.means(sums)).forEach(scores::put);
    return node.put("dominant", WindowSums.dominant(sums));
  }

  private void get(Context ctx) {
    StreamView stream = StreamRoutes.find(registry, StreamRoutes.id(ctx));
    TrackQueries asked = tracks.get().orStale();
    TrackWindow track = track(ctx, asked, stream.id());
    Optional<Duration> step = TimelineParams.step(ctx);
    long points = timelines.points(ctx);
    Range range = range(ctx, track);
    TimelineText.Format format = TimelineParams.format(ctx);
    ObjectNode head = TimelineJson.head(stream.id(), track.getTrackId());
    if (format != TimelineText.Format.JSON) {
      Duration fitting = step.orElseGet(() -> finest(range, points));
      checkLength(range, fitting, TimelineRoutes.MAX_STREAMED);
      if (asked.stale()) {
        throw new NotReadyException("only a copy of the track answers now: ask for JSON, or again");
      }
      timelines.text(ctx, stream, format, reader(tracks.get(), track, fitting, range));
    } else if (step.isPresent()) {
      checkLength(range, step.get(), TimelineRoutes.MAX_STREAMED);
      timelines.streamed(ctx, head, asked::stale, reader(asked, track, step.get(), range));
    } else {
      Duration fitting = finest(range, TimelineRoutes.read(points));
      checkLength(range, fitting, TimelineParams.MAX_WINDOWS);
      timelines.thinned(
          ctx,
          head,
          fitting,
          range.windows(fitting),
          () -> Thinned.read(reader(asked, track, fitting, range), (int) points),
          asked::stale);
    }
  }

  private static TrackWindow track(Context ctx, TrackQueries asked, String stream) {
    long number = number(ctx);
    return asked
        .track(stream, number)
        .orElseThrow(() -> Problem.notFound("stream '" + stream + "' has no track " + number));
  }

  /** The number of a track in an address. */
  static long number(Context ctx) {
    String track = ctx.pathParam("track");
    if (!track.matches("[1-9][0-9]{0,17}")) {
      throw Problem.malformed("a track is named by its number");
    }
    return Long.parseLong(track);
  }

  /** What was asked for, within the track. */
  private static Range range(Context ctx, TrackWindow track) {
    Instant behind = track.getEnd().plusMillis(1);
    Instant from = TimelineParams.time(ctx, "from").orElse(track.getStart());
    Instant to = TimelineParams.time(ctx, "to").orElse(StreamClocks.later(from, behind));
    Range asked = Range.checked(from, to);
    Instant start = StreamClocks.later(asked.from(), track.getStart());
    Instant end = asked.to().isBefore(behind) ? asked.to() : behind;
    return new Range(start, end.isBefore(start) ? start : end);
  }

  private static Duration finest(Range range, long most) {
    return Steps.ALL.stream()
        .filter(step -> range.windows(step) <= most)
        .findFirst()
        .orElse(Steps.ALL.get(Steps.ALL.size() - 1));
  }

  private static TimelineWindows reader(
      TrackQueries asked, TrackWindow track, Duration step, Range range) {
    return new TimelineWindows(
        (from, to, limit) -> asked.windows(track, step, from, to, limit),
        step,
        range.from(),
        range.to());
  }

  private static void checkLength(Range range, Duration step, long most) {
    if (range.windows(step) > most) {
      throw TimelineRoutes.tooMany(most);
    }
  }
}
