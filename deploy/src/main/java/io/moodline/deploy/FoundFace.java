package io.moodline.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.UserException;
import io.moodline.sink.FaceOverlay;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One emotion event of a replay. Thread-safe.
 *
 * @param scores 0 to 1 by label
 * @param label empty where it is withheld
 */
record FoundFace(
    long sequence,
    int face,
    long mediaTimeMicros,
    FaceOverlay.Mark mark,
    Map<String, Double> scores,
    Optional<String> label) {

  /** All events of one run of a stream, in order. */
  static List<FoundFace> of(ApiClient api, String stream, String run) {
    String path =
        "/api/v1/streams/"
            + ApiClient.encode(stream)
            + "/emotions.jsonl?run="
            + ApiClient.encode(run);
    try (Stream<String> lines = api.lines(path)) {
      return lines.map(FoundFace::read).toList();
    }
  }

  private static FoundFace read(String line) {
    try {
      JsonNode event = ApiClient.JSON.readTree(line);
      JsonNode box = event.path("box");
      Map<String, Double> scores = new LinkedHashMap<>();
      event
          .path("scores")
          .properties()
          .forEach(it -> scores.put(it.getKey(), it.getValue().asDouble()));
      String label = event.path("label").asText("");
      boolean labelled = event.path("label").isTextual();
      return new FoundFace(
          event.path("sequence").asLong(),
          event.path("face").asInt(),
          event.path("mediaTimeMicros").asLong(),
          new FaceOverlay.Mark(
              box.path("x").asDouble(),
              box.path("y").asDouble(),
              box.path("width").asDouble(),
              box.path("height").asDouble(),
              labelled ? label : "",
              event.path("score").asDouble(),
              ""),
          scores,
          labelled ? Optional.of(label) : Optional.empty());
    } catch (JsonProcessingException e) {
      throw new UserException("the server sent an event that is no JSON", e);
    }
  }
}
