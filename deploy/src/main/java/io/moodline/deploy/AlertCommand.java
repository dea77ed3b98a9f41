package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.runtime.UserException;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code moodline alert}: what standing rules of a running server found. */
@Command(
    name = "alert",
    description = "Look back at what rules found.",
    subcommands = AlertCommand.Listing.class)
final class AlertCommand implements Callable<Integer> {
  @Spec @Nullable CommandSpec spec;

  @Override
  public Integer call() {
    return MoodlineCli.usage(spec);
  }

  @Command(name = "list", description = "List alerts, newest first.")
  static final class Listing implements Callable<Integer> {
    /** Most items that the server gives at a time. */
    private static final int PAGE = 1000;

    @Mixin ServerOption server = new ServerOption();

    @Option(names = "--stream", paramLabel = "STREAM", description = "Only of this stream.")
    String stream = "";

    @Option(names = "--rule", paramLabel = "RULE", description = "Only what this rule found.")
    String rule = "";

    @Option(
        names = "--from",
        converter = PastTime.class,
        description =
            "First instant, for example 2026-11-21T10:00:00Z, or how long ago it was, for example 12h.")
    String from = "";

    @Option(
        names = "--to",
        converter = PastTime.class,
        description = "Instant after the last one, or how long ago it was.")
    String to = "";

    @Option(
        names = "--limit",
        paramLabel = "NUMBER",
        description = "Most alerts to list (default: ${DEFAULT-VALUE}).")
    int limit = 100;

    @Option(names = "--json", description = "Print JSON.")
    boolean json;

    @Override
    public Integer call() {
      if (limit < 1) {
        throw new UserException("--limit " + limit + " lists nothing: give 1 or more");
      }
      JsonNode found = read(server.client());
      if (json) {
        System.out.println(found.toPrettyString());
        return 0;
      }
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
      return 0;
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
      StringBuilder path = new StringBuilder("/api/v1/");
      if (!stream.isEmpty()) {
        path.append("streams/").append(ApiClient.encode(stream)).append('/');
      }
      path.append("alerts?limit=").append(Math.min(PAGE, wanted));
      add(path, "rule", rule);
      add(path, "from", from);
      add(path, "to", to);
      add(path, "cursor", cursor);
      return path.toString();
    }

    private static void add(StringBuilder path, String name, String value) {
      if (!value.isEmpty()) {
        path.append('&').append(name).append('=').append(ApiClient.encode(value));
      }
    }
  }
}
