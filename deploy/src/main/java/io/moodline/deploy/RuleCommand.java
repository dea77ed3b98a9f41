package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline rule}: standing rules of a running server. */
@Command(
    name = "rule",
    description = "Add, list and remove rules that raise alerts.",
    subcommands = {RuleCommand.Add.class, RuleCommand.Listing.class, RuleCommand.Remove.class})
final class RuleCommand extends CommandGroup {
  private static String path(String id) {
    return "/api/v1/rules/" + ApiClient.encode(id);
  }

  @Command(
      name = "add",
      description = {
        "Add a rule, or change it.",
        "For example: moodline rule add cross 'anger > 0.6 for 3s and faces >= 2 where tag = lobby'"
      })
  static final class Add implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the rule.")
    String id = "";

    @Parameters(
        index = "1",
        paramLabel = "RULE",
        description = "The rule, in quotes; docs/rules.md tells its language.")
    String expression = "";

    @Option(names = "--disabled", description = "Keep the rule without evaluating it.")
    boolean disabled;

    @Override
    public Integer call() {
      JsonNode answer =
          server
              .client()
              .put(
                  path(id),
                  ApiClient.object().put("expression", expression).put("enabled", !disabled));
      System.out.println("rule " + id + " stands, revision " + answer.path("revision").asLong());
      return 0;
    }
  }

  @Command(name = "list", description = "List the rules.")
  static final class Listing extends ServerQuery {
    @Override
    JsonNode ask(ApiClient api) {
      return api.all("/api/v1/rules", "rules");
    }

    @Override
    void print(JsonNode rules) {
      System.out.printf("%-24s %-9s %s%n", "ID", "ENABLED", "RULE");
      for (JsonNode rule : rules.path("rules")) {
        System.out.printf(
            "%-24s %-9s %s%n",
            rule.path("id").asText(),
            rule.path("enabled").asBoolean() ? "yes" : "no",
            rule.path("expression").asText());
      }
    }
  }

  @Command(name = "remove", description = "Remove a rule; its alerts stay.")
  static final class Remove implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "ID", description = "Id of the rule.")
    String id = "";

    @Override
    public Integer call() {
      server.client().delete(path(id));
      System.out.println("rule " + id + " removed");
      return 0;
    }
  }
}
