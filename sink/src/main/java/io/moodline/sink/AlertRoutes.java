package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.schemas.AlertKey;
import io.moodline.schemas.StreamIds;
import io.moodline.sink.TimelineParams.Range;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lists what rules found in one stream or in all, newest first. An alert is one entry: while its
 * rule holds it is FIRING, then RESOLVED with an end. Thread-safe.
 */
final class AlertRoutes implements Resource {
  private final StreamRegistry registry;
  private final Supplier<AlertQueries> alerts;

  AlertRoutes(StreamRegistry registry, Supplier<AlertQueries> alerts) {
    this.registry = registry;
    this.alerts = alerts;
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/alerts", Role.VIEWER, this::listAll),
        Route.get("/api/v1/streams/{id}/alerts", Role.VIEWER, this::listOne));
  }

  private void listAll(Context ctx) {
    list(ctx, registry.all().stream().map(StreamView::id).toList());
  }

  private void listOne(Context ctx) {
    list(ctx, List.of(StreamRoutes.find(registry, StreamRoutes.id(ctx)).id()));
  }

  private void list(Context ctx, List<String> streams) {
    Page page = Page.read(ctx);
    Range range =
        Range.checked(
            TimelineParams.time(ctx, "from").orElse(Times.FIRST),
            TimelineParams.time(ctx, "to").orElse(Times.LAST));
    AlertQueries asked = alerts.get().orStale();
    AlertQueries.Found found =
        asked.find(
            new AlertQueries.Asked(
                streams, rule(ctx), range.from(), range.to(), after(page.after()), page.limit()));
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    ArrayNode array = body.putArray("alerts");
    found.alerts().forEach(alert -> array.add(EventJson.alert(alert)));
    AlertKey next = found.next();
    body.put("next", next == null ? null : Page.encode(text(next)));
    Answers.json(ctx, 200, body.put("stale", asked.stale()));
  }

  private static @Nullable String rule(Context ctx) {
    String rule = ctx.queryParam("rule");
    if (rule != null && !StreamIds.PATTERN.matcher(rule).matches()) {
      throw Problem.malformed("rule is no id of a rule");
    }
    return rule;
  }

  /** An alert's place in the list: no id holds a slash. */
  private static String text(AlertKey key) {
    return key.startMicros() + "/" + key.streamId() + "/" + key.ruleId();
  }

  private static @Nullable AlertKey after(String cursor) {
    if (cursor.isEmpty()) {
      return null;
    }
    String[] parts = cursor.split("/", -1);
    if (parts.length != 3 || !parts[0].matches("-?[0-9]{1,18}")) {
      throw Problem.malformed("cursor is none that this list gave: take next of an earlier page");
    }
    Instant start = Instant.EPOCH.plus(Long.parseLong(parts[0]), ChronoUnit.MICROS);
    return new AlertKey(parts[1], start, parts[2]);
  }
}
