package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline webhook}: where a running server posts events to. */
@Command(
    name = "webhook",
    description = "Add, list and remove webhooks: addresses that events are posted to.",
    subcommands = {
      WebhookCommand.Add.class,
      WebhookCommand.Listing.class,
      WebhookCommand.Remove.class
    })
final class WebhookCommand extends CommandGroup {
  private static String path(String id) {
    return "/api/v1/webhooks/" + ApiClient.encode(id);
  }

  @Command(
      name = "add",
      description = {
        "Add a webhook, change it, or start one again that was given up.",
        "For example: moodline webhook add desk https://desk.example/moodline --event alert",
        "/openapi.yaml of a running server (putWebhook) says how deliveries look and are signed."
      })
  static final class Add implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the webhook.")
    String id = "";

    @Parameters(index = "1", paramLabel = "URL", description = "http or https address.")
    String url = "";

    @Option(
        names = "--event",
        paramLabel = "KIND",
        description =
            "Kind of event: emotion, track, segment, alert or status; again for more (default: all).")
    List<String> events = List.of();

    @Option(
        names = "--stream",
        paramLabel = "ID",
        description = "Of this stream; again for more (default: all).")
    List<String> streams = List.of();

    @Option(
        names = "--label",
        paramLabel = "LABEL",
        description = "Of faces with this label; again for more (default: all).")
    List<String> labels = List.of();

    @Option(
        names = "--min-score",
        paramLabel = "SCORE",
        description = "Of faces whose label has at least this score, 0 to 1.")
    double minScore;

    @Override
    public Integer call() {
      ObjectNode body = ApiClient.object().put("url", url).put("minScore", minScore);
      add(body, "events", events);
      add(body, "streams", streams);
      add(body, "labels", labels);
      JsonNode answer = server.client().put(path(id), body);
      System.out.println("webhook " + id + " stands, revision " + answer.path("revision").asLong());
      if (answer.path("secret").isTextual()) {
        System.out.println("its secret, shown this once: " + answer.path("secret").asText());
      }
      return 0;
    }

    private static void add(ObjectNode body, String name, List<String> values) {
      if (!values.isEmpty()) {
        values.forEach(body.putArray(name)::add);
      }
    }
  }

  @Command(name = "list", description = "List the webhooks with how deliveries go.")
  static final class Listing extends ServerQuery {
    @Override
    JsonNode ask(ApiClient api) {
      return api.all("/api/v1/webhooks", "webhooks");
    }

    @Override
    void print(JsonNode webhooks) {
      System.out.printf("%-24s %-9s %10s  %s%n", "ID", "STATE", "DELIVERED", "URL");
      for (JsonNode webhook : webhooks.path("webhooks")) {
        JsonNode status = webhook.path("status");
        System.out.printf(
            "%-24s %-9s %10d  %s%n",
            webhook.path("id").asText(),
            status.path("state").asText(),
            status.path("delivered").asLong(),
            webhook.path("url").asText());
        if (status.path("reason").isTextual()) {
          System.out.println("  " + status.path("reason").asText());
        }
      }
    }
  }

  @Command(name = "remove", description = "End a webhook.")
  static final class Remove implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the webhook.")
    String id = "";

    @Override
    public Integer call() {
      server.client().delete(path(id));
      System.out.println("webhook " + id + " removed");
      return 0;
    }
  }
}
