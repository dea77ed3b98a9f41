package io.moodline.sink;

import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.http.Context;

/** How bodies are written. Thread-safe. */
final class Answers {
  private Answers() {}

  static void json(Context ctx, int status, JsonNode body) {
    ctx.status(status).header("Content-Type", "application/json").result(body.toString());
  }

  static void text(Context ctx, String contentType, String body) {
    ctx.status(200).header("Content-Type", contentType + "; charset=utf-8").result(body);
  }
}
