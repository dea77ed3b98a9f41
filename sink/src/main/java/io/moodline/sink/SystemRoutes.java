package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.runtime.Health;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.Purpose;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Says how this process is doing and what it works with. Thread-safe. */
final class SystemRoutes implements Resource {
  /** What every reader of a score should know. */
  static final String NOTICE = "A score says how a face looks to a model, not what a person feels.";

  private static final PrometheusTextFormatWriter METRICS = PrometheusTextFormatWriter.create();

  private final StageContext stage;

  SystemRoutes(StageContext stage) {
    this.stage = stage;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/system", Role.VIEWER, this::system),
        Route.get("/health/live", Role.ANYONE, this::live),
        Route.get("/health/ready", Role.ANYONE, this::ready),
        Route.get("/metrics", Role.ANYONE, this::metrics));
  }

  void live(Context ctx) {
    Answers.json(ctx, 200, JsonNodeFactory.instance.objectNode().put("status", "UP"));
  }

  void ready(Context ctx) {
    boolean ready = stage.health().isReady();
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("status", ready ? "UP" : "DOWN");
    putParts(body);
    Answers.json(ctx, ready ? 200 : 503, body);
  }

  void system(Context ctx) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("version", version())
        .put("instance", stage.instance())
        .put("ready", stage.health().isReady())
        .put("model", reason("model"))
        .put("notice", NOTICE)
        .put("role", Access.role(ctx).name().toLowerCase(Locale.ROOT))
        .put("framesPerSecond", stage.settings().get(SinkSettings.FRAMES_PER_SECOND))
        .put("uploadMaxBytes", 1_000_000L * stage.settings().get(SinkSettings.UPLOAD_MEGABYTES));
    putDetector(body);
    ArrayNode purposes = body.putArray("purposes");
    for (Purpose purpose : Purpose.values()) {
      purposes.add(purpose.word());
    }
    putParts(body);
    Answers.json(ctx, 200, body);
  }

  void metrics(Context ctx) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream(16_384);
    METRICS.write(out, stage.metrics().scrape(), EscapingScheme.DEFAULT);
    ctx.status(200).header("Content-Type", METRICS.getContentType()).result(out.toByteArray());
  }

  private void putParts(ObjectNode body) {
    ArrayNode parts = body.putArray("parts");
    for (Health.Part part : stage.health().parts()) {
      parts
          .addObject()
          .put("name", part.name())
          .put("state", part.state().name())
          .put("reason", part.reason());
    }
  }

  /** The detector and what it can not see; null in a process without an analyzer. */
  private void putDetector(ObjectNode body) {
    String says = reason("detector");
    if (says == null) {
      body.putNull("detector");
      return;
    }
    String[] words = says.split(": ", 2);
    body.putObject("detector")
        .put("name", words[0])
        .put("limits", words.length == 2 ? words[1] : "");
  }

  /** What the part of the process that detects or classifies says of itself; null without one. */
  private @org.jspecify.annotations.Nullable String reason(String part) {
    return stage.health().parts().stream()
        .filter(it -> it.name().equals(part) && !it.reason().isEmpty())
        .map(Health.Part::reason)
        .findFirst()
        .orElse(null);
  }

  private static String version() {
    return Optional.ofNullable(SystemRoutes.class.getPackage().getImplementationVersion())
        .orElse("development");
  }
}
