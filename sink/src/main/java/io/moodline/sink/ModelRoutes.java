package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.schemas.v1.AnalyzerStatus;
import io.moodline.schemas.v1.ModelChoice;
import io.moodline.schemas.v1.ModelTrial;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Shows how the analyzers are doing, and tries, promotes and drops models. The choice reaches the
 * analyzers through a topic; whether a bundle is there is theirs to say. Thread-safe.
 */
final class ModelRoutes implements Resource {
  private static final double USUAL_SHARE = 0.1;

  private final AnalyzerRegistry registry;

  ModelRoutes(AnalyzerRegistry registry) {
    this.registry = registry;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/analyzers", Role.VIEWER, this::analyzers),
        Route.get("/api/v1/models/choice", Role.VIEWER, this::choice),
        Route.put("/api/v1/models/trial", Role.OPERATOR, this::tryModel),
        Route.delete("/api/v1/models/trial", Role.OPERATOR, this::drop),
        Route.post("/api/v1/models/trial/promotion", Role.OPERATOR, this::promote));
  }

  private void analyzers(Context ctx) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    ArrayNode list = body.putArray("analyzers");
    registry.analyzers().forEach(status -> list.add(json(status)));
    Answers.json(ctx, 200, body);
  }

  private void choice(Context ctx) {
    Answers.json(ctx, 200, json(registry.choice()));
  }

  private void tryModel(Context ctx) {
    JsonBody body = JsonBody.read(ctx, Set.of("model", "share"));
    String model =
        body.model().orElseThrow(() -> Problem.unprocessable("field 'model' must name a bundle"));
    double share = body.number("share").orElse(USUAL_SHARE);
    if (!(share > 0 && share <= 1)) {
      throw Problem.unprocessable("field 'share' must be above 0 and at most 1");
    }
    answer(
        ctx, before -> new ModelChoice(before.getModel(), model, share, 0L, before.getUpdatedAt()));
  }

  private void drop(Context ctx) {
    answer(ctx, before -> new ModelChoice(before.getModel(), null, 0.0, 0L, before.getUpdatedAt()));
  }

  private void promote(Context ctx) {
    answer(
        ctx,
        before -> {
          if (before.getTrial() == null) {
            throw Problem.of(409, "no model is under trial: there is nothing to promote");
          }
          return new ModelChoice(before.getTrial(), null, 0.0, 0L, before.getUpdatedAt());
        });
  }

  private void answer(Context ctx, UnaryOperator<ModelChoice> edit) {
    Answers.json(ctx, 200, json(registry.choose(edit)));
  }

  private static ObjectNode json(ModelChoice choice) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("model", choice.getModel())
        .put("trial", choice.getTrial())
        .put("share", choice.getShare())
        .put("revision", choice.getRevision())
        .put("updatedAt", Times.show(choice.getUpdatedAt()));
  }

  private static ObjectNode json(AnalyzerStatus status) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("instance", status.getInstance())
            .put("load", status.getLoad().name())
            .put("since", Times.show(status.getSince()))
            .put("oldestLiveMillis", status.getOldestLiveMillis())
            .put("staleFrames", status.getStaleFrames());
    node.set("lag", StreamJson.counts(status.getLag()));
    node.put("detector", status.getDetector())
        .put("model", status.getModel())
        .put("modelDigest", status.getModelDigest());
    ModelTrial trial = status.getTrial();
    if (trial == null) {
      node.putNull("trial");
    } else {
      node.putObject("trial")
          .put("model", trial.getModel())
          .put("modelDigest", trial.getModelDigest())
          .put("share", trial.getShare())
          .put("faces", trial.getFaces())
          .put("otherLabel", trial.getOtherLabel())
          .put("meanDifference", trial.getMeanDifference());
    }
    return node.put("problem", status.getProblem())
        .put("opening", status.getOpening())
        .put("updatedAt", Times.show(status.getUpdatedAt()));
  }
}
