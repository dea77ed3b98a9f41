package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline model shadow|trial|promote|drop}: tries a model on a running server. */
final class ModelTrialCommand {
  private static final String TRIAL = "/api/v1/models/trial";

  private ModelTrialCommand() {}

  @Command(
      name = "shadow",
      description =
          "Try a model beside the one in use, on a share of the frames; its results change nothing.")
  static final class Shadow implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the model to try.")
    String name = "";

    @Option(
        names = "--share",
        defaultValue = "0.1",
        description = "Share of the frames, above 0 to 1 (default: ${DEFAULT-VALUE}).")
    double share;

    @Override
    public Integer call() {
      ObjectNode body = ApiClient.object().put("model", name).put("share", share);
      server.client().put(TRIAL, body);
      System.out.println("trying " + name + ": see how it compares with 'moodline model trial'");
      return 0;
    }
  }

  @Command(name = "trial", description = "Show the model under trial and how it compares.")
  static final class Show extends ServerQuery {
    @Override
    JsonNode ask(ApiClient api) {
      return api.get("/api/v1/analyzers");
    }

    @Override
    void print(JsonNode analyzers) {
      for (JsonNode analyzer : analyzers.path("analyzers")) {
        System.out.println(text(analyzer));
      }
    }

    private static String text(JsonNode analyzer) {
      String text =
          analyzer.path("instance").asText() + ": uses " + analyzer.path("model").asText();
      JsonNode trial = analyzer.path("trial");
      if (trial.isObject()) {
        text +=
            String.format(
                Locale.ROOT,
                ", tries %s on %.3g of the frames: %d faces, %d with another label, scores differ"
                    + " by %.4f in the mean",
                trial.path("model").asText(),
                trial.path("share").asDouble(),
                trial.path("faces").asLong(),
                trial.path("otherLabel").asLong(),
                trial.path("meanDifference").asDouble());
      }
      String opening = analyzer.path("opening").asText("");
      text += opening.isEmpty() ? "" : ", opens " + opening;
      String problem = analyzer.path("problem").asText("");
      return problem.isEmpty() ? text : text + "; " + problem;
    }
  }

  @Command(
      name = "promote",
      description = "Use the model under trial from now on; no frame is lost.")
  static final class Promote implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Override
    public Integer call() {
      JsonNode choice = server.client().post(TRIAL + "/promotion", ApiClient.object());
      System.out.println(choice.path("model").asText() + " is promoted");
      return 0;
    }
  }

  @Command(name = "drop", description = "End the trial; the model in use stays.")
  static final class Drop implements Callable<Integer> {
    @Mixin ServerOption server = new ServerOption();

    @Override
    public Integer call() {
      server.client().delete(TRIAL);
      System.out.println("no model is under trial");
      return 0;
    }
  }
}
