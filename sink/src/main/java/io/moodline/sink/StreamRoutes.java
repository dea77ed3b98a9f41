package io.moodline.sink;

import io.javalin.http.Context;
import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.UserException;
import io.moodline.schemas.StreamIds;
import io.moodline.schemas.v1.StreamSpec;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Registers, changes, shows and removes streams. Thread-safe. */
final class StreamRoutes implements Resource {
  private final StageContext stage;
  private final StreamRegistry registry;
  private final MediaFolder media;
  private final RecordingCheck check;
  private final ProbeRoutes probe;

  StreamRoutes(
      StageContext stage,
      StreamRegistry registry,
      MediaFolder media,
      RecordingCheck check,
      ProbeRoutes probe) {
    this.stage = stage;
    this.registry = registry;
    this.media = media;
    this.check = check;
    this.probe = probe;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/streams", Role.VIEWER, this::list),
        Route.put("/api/v1/streams/{id}", Role.OPERATOR, this::put),
        Route.get("/api/v1/streams/{id}", Role.VIEWER, this::get),
        Route.delete("/api/v1/streams/{id}", Role.OPERATOR, this::delete));
  }

  void list(Context ctx) {
    Page page = Page.read(ctx);
    Answers.json(ctx, 200, page.of("streams", registry.all(), StreamView::id, StreamJson::stream));
  }

  void get(Context ctx) {
    answer(ctx, 200, find(registry, id(ctx)));
  }

  private static void answer(Context ctx, int status, StreamView stream) {
    Precondition.tag(ctx, stream.spec().getRevision());
    Answers.json(ctx, status, StreamJson.stream(stream));
  }

  void put(Context ctx) {
    String id = id(ctx);
    StreamRequest request =
        StreamRequest.read(
            JsonBody.read(ctx, StreamRequest.FIELDS),
            stage.settings().get(SinkSettings.FRAMES_PER_SECOND));
    if (isProbed(ctx)) {
      probe.check(request.source(), id, registry.find(id).map(StreamView::spec));
    }
    StreamRegistry.Edited edited = edit(id, request, Precondition.read(ctx));
    if (edited.created()) {
      ctx.header("Location", "/api/v1/streams/" + id);
    }
    answer(ctx, edited.created() ? 201 : 200, edited.stream());
  }

  private static boolean isProbed(Context ctx) {
    String given = ctx.queryParam("probe");
    if (given != null && !given.equals("true") && !given.equals("false")) {
      throw Problem.malformed("probe is true or false");
    }
    return "true".equals(given);
  }

  /** Registers a stream, or changes it, whatever was there. */
  StreamRegistry.Edited edit(String id, StreamRequest request) {
    return edit(id, request, new Precondition(Set.of(), false));
  }

  private StreamRegistry.Edited edit(String id, StreamRequest request, Precondition demand) {
    return registry.edit(
        id,
        (before, revision) -> {
          demand.check(before.map(StreamSpec::getRevision));
          checkModel(request, before);
          return request.toSpec(
              id, before.orElse(null), revision, media, check, stage.secrets(), stage.clock());
        });
  }

  /** Only a model that is new to the stream: one that was removed does not lock its streams. */
  private void checkModel(StreamRequest request, Optional<StreamSpec> before) {
    String known = before.map(StreamSpec::getModel).orElse("");
    try {
      request.model().filter(name -> !name.equals(known)).ifPresent(check::checkModel);
    } catch (UserException e) {
      throw Problem.unprocessable(e);
    }
  }

  void delete(Context ctx) {
    String id = id(ctx);
    Precondition demand = Precondition.read(ctx);
    if (!registry.remove(id, demand::check)) {
      throw unknown(id);
    }
    ctx.status(204);
  }

  /** The stream id in the path. */
  static String id(Context ctx) {
    try {
      return StreamIds.check(ctx.pathParam("id"));
    } catch (IllegalArgumentException e) {
      throw Problem.malformed(String.valueOf(e.getMessage()));
    }
  }

  static StreamView find(StreamRegistry registry, String id) {
    return registry.find(id).orElseThrow(() -> unknown(id));
  }

  private static Problem unknown(String id) {
    return Problem.notFound("stream '" + id + "' is not known");
  }
}
