package io.moodline.sink;

import io.javalin.http.Context;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamState;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * Pauses and resumes streams, replays among them: a recording goes on with the very next frame of
 * the same run, a live stream with a new run. Asking twice changes nothing, but a refused stream is
 * looked at anew. Thread-safe.
 */
final class PauseRoutes implements Resource {
  private final StageContext stage;
  private final StreamRegistry registry;

  PauseRoutes(StageContext stage, StreamRegistry registry) {
    this.stage = stage;
    this.registry = registry;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.post(
            "/api/v1/streams/{id}/pause", Role.OPERATOR, ctx -> set(ctx, DesiredState.PAUSED)),
        Route.post(
            "/api/v1/streams/{id}/resume", Role.OPERATOR, ctx -> set(ctx, DesiredState.RUNNING)));
  }

  private void set(Context ctx, DesiredState desired) {
    String id = StreamRoutes.id(ctx);
    StreamView found = StreamRoutes.find(registry, id);
    boolean refused =
        found.currentStatus().filter(it -> it.getState() == StreamState.REFUSED).isPresent();
    boolean again = refused && desired == DesiredState.RUNNING; // written, it is looked at anew
    StreamView changed =
        registry
            .edit(
                id,
                (before, revision) ->
                    changed(
                        before.orElseThrow(() -> Problem.notFound("stream '" + id + "' is gone")),
                        revision,
                        desired,
                        again))
            .stream();
    Answers.json(ctx, 200, StreamJson.stream(changed));
  }

  private StreamSpec changed(
      StreamSpec before, long revision, DesiredState desired, boolean again) {
    return before.getDesiredState() == desired && !again
        ? before
        : StreamSpec.newBuilder(before)
            .setDesiredState(desired)
            .setRevision(revision)
            .setUpdatedAt(stage.clock().instant().truncatedTo(ChronoUnit.MICROS))
            .build();
  }
}
