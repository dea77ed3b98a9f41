package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.schemas.v1.StreamState;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Shows the last changes of a stream's state. Thread-safe. */
final class HistoryRoutes implements Resource {
  private final StreamRegistry registry;
  private final Clock clock;

  HistoryRoutes(StreamRegistry registry, Clock clock) {
    this.registry = registry;
    this.clock = clock;
  }

  @Override
  public List<Route> routes() {
    return List.of(Route.get("/api/v1/streams/{id}/history", Role.VIEWER, this::get));
  }

  void get(Context ctx) {
    String id = StreamRoutes.id(ctx);
    StreamRoutes.find(registry, id);
    List<StreamHistory.Change> changes = registry.history().of(id);
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("stream", id);
    ArrayNode shown = body.putArray("changes");
    Map<StreamState, Double> seconds = new EnumMap<>(StreamState.class);
    for (int i = 0; i < changes.size(); i++) {
      StreamHistory.Change change = changes.get(i);
      boolean last = i + 1 == changes.size();
      Instant until = last ? clock.instant() : changes.get(i + 1).since();
      double lasted = Math.max(0, Duration.between(change.since(), until).toMillis() / 1000.0);
      seconds.merge(change.state(), lasted, Double::sum);
      shown.add(show(change).put("seconds", lasted));
    }
    body.set(
        "lastTrouble", registry.history().lastTrouble(id).map(HistoryRoutes::show).orElse(null));
    ObjectNode sums = body.putObject("secondsByState");
    seconds.forEach((state, sum) -> sums.put(state.name(), sum));
    Answers.json(ctx, 200, body);
  }

  private static ObjectNode show(StreamHistory.Change change) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("state", change.state().name())
        .put("since", Times.show(change.since()))
        .put("latest", Times.show(change.latest()))
        .put("reason", change.reason())
        .put("run", change.run())
        .put("times", change.times());
  }
}
