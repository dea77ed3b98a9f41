package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.runtime.UserException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moodline alert}: what standing rules of a running server found. */
@Command(
    name = "alert",
    description = "Look back at what rules found.",
    subcommands = AlertCommand.Listing.class)
final class AlertCommand extends CommandGroup {
  @Command(name = "list", description = "List alerts, newest first.")
  static final class Listing extends ServerQuery {
    /** Most items that the server gives at a time. */
    private static final int PAGE = 1000;

    @Option(names = "--stream", paramLabel = "STREAM", description = "Only of this stream.")
    String stream = "";

    @Option(names = "--rule", paramLabel = "RULE", description = "Only what this rule found.")
    String rule = "";

    @Mixin TimeRange range = new TimeRange();

    @Option(
        names = "--limit",
        paramLabel = "NUMBER",
        description = "Most alerts to list (default: ${DEFAULT-VALUE}).")
    int limit = 100;

    @Override
    JsonNode ask(ApiClient api) {
      if (limit < 1) {
        throw new UserException("--limit " + limit + " lists nothing: give 1 or more");
      }
      return read(api);
    }

    @Override
    void print(JsonNode found) {
      System.out.printf(
          "%-24s  %-24s  %-24s %-24s %s%n", "START", "END", "STREAM", "RULE", "MESSAGE");
      for (JsonNode alert : found.path("alerts")) {
        System.out.printf(
            Locale.ROOT,
            "%-24s  %-24s  %-24s %-24s %s%n",
            alert.path("start").asText(),
            alert.path("end").isTextual() ? alert.path("end").asText() : "still firing",
            alert.path("stream").asText(),
            alert.path("rule").asText(),
            alert.path("message").asText());
      }
      if (found.path("next").isTextual()) {
        System.out.println("Older ones follow: give a larger --limit, or --to");
      }
    }

    /** As many pages as are wanted, as one. */
    private JsonNode read(ApiClient api) {
      ObjectNode whole = (ObjectNode) api.get(path(limit, ""));
      ArrayNode alerts = whole.withArray("alerts");
      while (alerts.size() < limit && whole.path("next").isTextual()) {
        JsonNode page = api.get(path(limit - alerts.size(), whole.path("next").textValue()));
        page.path("alerts").forEach(alerts::add);
        whole.set("next", page.path("next"));
        whole.put("stale", whole.path("stale").asBoolean() || page.path("stale").asBoolean());
      }
      return whole;
    }

    private String path(int wanted, String cursor) {
      Map<String, String> query = new LinkedHashMap<>();
      query.put("limit", Integer.toString(Math.min(PAGE, wanted)));
      query.put("rule", rule);
      range.addTo(query);
      query.put("cursor", cursor);
      String of = stream.isEmpty() ? "" : "streams/" + ApiClient.encode(stream) + "/";
      return ApiClient.path("/api/v1/" + of + "alerts", query);
    }
  }
}
