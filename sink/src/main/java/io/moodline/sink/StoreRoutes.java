package io.moodline.sink;

import io.javalin.http.Context;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;

/** Answers other instances from the stores of this one. Thread-safe. */
final class StoreRoutes implements Resource {
  private final StoreAsker local;

  /** Over this instance's own stores: whoever asks has found out already where to ask. */
  StoreRoutes(StoreAsker local) {
    this.local = local;
  }

  @Override
  public List<Route> routes() {
    return List.of(Route.get("/internal/v1/stores/{store}", Role.INTERNAL, this::ask));
  }

  private void ask(Context ctx) throws IOException {
    StoreAnswer answer = local.ask(question(ctx), param(ctx, "stale").equals("true"));
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    RemoteStores.encode(answer.values(), body);
    ctx.status(200)
        .header("Content-Type", "application/octet-stream")
        .header(RemoteStores.STALE, Boolean.toString(answer.stale()))
        .result(body.toByteArray());
  }

  private static StoreQuestion question(Context ctx) {
    QueryStore store =
        QueryStore.of(ctx.pathParam("store"))
            .orElseThrow(() -> Problem.notFound("there is no such store"));
    try {
      int limit = Integer.parseInt(param(ctx, "limit"));
      if (limit < 1 || limit > StoreQuestion.MAX_LIMIT) {
        throw Problem.malformed("limit is out of range");
      }
      return new StoreQuestion(
          store,
          io.moodline.schemas.StreamIds.check(param(ctx, "stream")),
          HexFormat.of().parseHex(param(ctx, "from")),
          HexFormat.of().parseHex(param(ctx, "to")),
          limit,
          param(ctx, "newestFirst").equals("true"));
    } catch (IllegalArgumentException e) {
      throw Problem.malformed("the question can not be read");
    }
  }

  private static String param(Context ctx, String name) {
    String value = ctx.queryParam(name);
    if (value == null) {
      throw Problem.malformed(name + " is missing");
    }
    return value;
  }
}
