package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import picocli.CommandLine.Command;

/** {@code moodline analyzer}: the analyzers that a running server hears of. */
@Command(
    name = "analyzer",
    description = "List the analyzers with their load and models.",
    subcommands = AnalyzerCommand.Listing.class)
final class AnalyzerCommand extends CommandGroup {
  @Command(name = "list", description = "List the analyzers.")
  static final class Listing extends ServerQuery {
    @Override
    JsonNode ask(ApiClient api) {
      return api.get("/api/v1/analyzers");
    }

    @Override
    void print(JsonNode answer) {
      System.out.printf(
          "%-24s %-18s %8s %8s  %-16s %s%n",
          "INSTANCE", "LOAD", "WAITING", "STALE", "DETECTOR", "MODEL");
      for (JsonNode analyzer : answer.path("analyzers")) {
        System.out.printf(
            Locale.ROOT,
            "%-24s %-18s %8d %8d  %-16s %s%n",
            analyzer.path("instance").asText(),
            analyzer.path("load").asText(),
            waiting(analyzer),
            analyzer.path("staleFrames").asLong(),
            analyzer.path("detector").asText(),
            analyzer.path("model").asText() + trial(analyzer.path("trial")));
        if (analyzer.path("problem").isTextual()) {
          System.out.println("  " + analyzer.path("problem").asText());
        }
      }
    }

    /** Frames that were published and not yet taken. */
    private static long waiting(JsonNode analyzer) {
      long frames = 0;
      for (JsonNode lag : analyzer.path("lag")) {
        frames += lag.asLong();
      }
      return frames;
    }

    private static String trial(JsonNode trial) {
      return trial.isObject()
          ? String.format(
              Locale.ROOT,
              ", tries %s on %.0f %% of the frames",
              trial.path("model").asText(),
              100 * trial.path("share").asDouble())
          : "";
    }
  }
}
