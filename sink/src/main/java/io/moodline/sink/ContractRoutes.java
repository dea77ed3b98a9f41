package io.moodline.sink;

import io.javalin.http.Context;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;

/**
 * What others may rely on: the descriptions of the HTTP API and of the topics, and the records'
 * schemas. Thread-safe.
 */
final class ContractRoutes implements Resource {
  private static final String YAML = "application/yaml; charset=utf-8";

  private final byte[] openApi = read("/openapi.yaml");
  private final byte[] asyncApi = read("/asyncapi.yaml");
  private final Map<String, String> schemas = new HashMap<>();

  ContractRoutes(Topics topics) {
    for (Schema schema : Serdes.byTopic(topics).values()) {
      schemas.put(schema.getName() + ".avsc", schema.toString(true));
    }
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/openapi.yaml", Role.ANYONE, ctx -> send(ctx, openApi)),
        Route.get("/asyncapi.yaml", Role.ANYONE, ctx -> send(ctx, asyncApi)),
        Route.get("/schemas/{file}", Role.ANYONE, this::schema));
  }

  private static void send(Context ctx, byte[] description) {
    ctx.status(200)
        .header("Content-Type", YAML)
        .header("Cache-Control", "no-cache")
        .result(description);
  }

  private void schema(Context ctx) {
    String schema = schemas.get(ctx.pathParam("file"));
    if (schema == null) {
      throw Problem.notFound("there is no such schema");
    }
    ctx.status(200).header("Content-Type", "application/json").result(schema);
  }

  private static byte[] read(String resource) {
    try (InputStream in = ContractRoutes.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + resource);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
