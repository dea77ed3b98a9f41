package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The dashboard of an operator, and what its panels ask Prometheus. */
final class Dashboard {
  private Dashboard() {}

  static JsonNode read() throws IOException {
    return ApiClient.JSON.readTree(Path.of("grafana/moodline.json").toFile());
  }

  /** Each panel's expressions, with a number where Grafana puts one for its variable. */
  static List<String> expressions() throws IOException {
    List<String> expressions = new ArrayList<>();
    for (JsonNode panel : read().path("panels")) {
      for (JsonNode target : panel.path("targets")) {
        expressions.add(target.path("expr").asText().replace("$__rate_interval", "1m"));
      }
    }
    return expressions;
  }
}
