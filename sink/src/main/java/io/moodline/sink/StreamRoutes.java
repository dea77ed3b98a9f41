package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.StreamIds;
import java.util.List;

/** Registers, changes, shows and removes streams. Thread-safe. */
final class StreamRoutes implements Resource {
  private final StageContext stage;
  private final StreamRegistry registry;
  private final MediaFolder media;
  private final RecordingCheck check;

  StreamRoutes(
      StageContext stage, StreamRegistry registry, MediaFolder media, RecordingCheck check) {
    this.stage = stage;
    this.registry = registry;
    this.media = media;
    this.check = check;
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
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    ArrayNode streams = body.putArray("streams");
    registry.all().forEach(stream -> streams.add(StreamJson.stream(stream)));
    Answers.json(ctx, 200, body);
  }

  void get(Context ctx) {
    Answers.json(ctx, 200, StreamJson.stream(find(registry, id(ctx))));
  }

  void put(Context ctx) {
    String id = id(ctx);
    StreamRequest request =
        StreamRequest.read(
            JsonBody.read(ctx, StreamRequest.FIELDS),
            stage.settings().get(SinkSettings.FRAMES_PER_SECOND));
    StreamRegistry.Edited edited = edit(id, request);
    if (edited.created()) {
      ctx.header("Location", "/api/v1/streams/" + id);
    }
    Answers.json(ctx, edited.created() ? 201 : 200, StreamJson.stream(edited.stream()));
  }

  StreamRegistry.Edited edit(String id, StreamRequest request) {
    return registry.edit(
        id,
        (before, revision) ->
            request.toSpec(
                id, before.orElse(null), revision, media, check, stage.secrets(), stage.clock()));
  }

  void delete(Context ctx) {
    String id = id(ctx);
    if (!registry.remove(id)) {
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
