package io.moodline.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.DeviceChoice;
import io.moodline.models.Bundle;
import io.moodline.models.Bundles;
import io.moodline.models.Devices;
import io.moodline.models.Gate;
import io.moodline.models.GraphCost;
import io.moodline.models.InstalledModel;
import io.moodline.models.KnownModel;
import io.moodline.models.LabelSets;
import io.moodline.models.MaskKind;
import io.moodline.models.ModelImport;
import io.moodline.models.ModelPull;
import io.moodline.runtime.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline model}: what is done with bundles, all of it on this machine but the pull. */
@Command(
    name = "model",
    description = "Import, list, check, fetch, quantize, gate, crop, remove and try models.",
    subcommands = {
      ModelCommand.Import.class,
      ModelCommand.Listing.class,
      ModelCommand.Show.class,
      ModelCommand.Verify.class,
      ModelCommand.Pull.class,
      QuantizeCommand.class,
      GateCommand.class,
      TemplateCommand.class,
      LandmarksCommand.class,
      ModelCommand.Remove.class,
      ModelTrialCommand.Shadow.class,
      ModelTrialCommand.Show.class,
      ModelTrialCommand.Promote.class,
      ModelTrialCommand.Drop.class
    })
final class ModelCommand extends CommandGroup {
  /** Where bundles are: the folder the service reads. */
  static Path bundles() {
    return SettingsOptions.home().resolve("bundles");
  }

  /** Names a model on the command line. */
  private static final class Name {
    @Parameters(index = "0", paramLabel = "NAME", description = "Name of the model.")
    String text = "";
  }

  @Command(
      name = "import",
      description = "Make a bundle of a PyTorch checkpoint; nothing in the checkpoint is run.")
  static final class Import implements Callable<Integer> {
    @Option(
        names = "--arch",
        required = true,
        paramLabel = "NETWORK",
        description =
            "poster-v2, oaenet, oaenet-five-point (trained with a detector's landmarks) or lite.")
    String architecture = "";

    @Option(
        names = "--labels",
        required = true,
        paramLabel = "SET",
        description =
            "Data set it was trained on: raf-db, affectnet-7, affectnet-8, caer-s, ferplus; or the"
                + " labels in index order with commas.")
    String labels = "";

    @Option(names = "--name", required = true, description = "Name of the new bundle.")
    String name = "";

    @Parameters(
        index = "0",
        paramLabel = "CHECKPOINT",
        description = "A .pth file that torch.save wrote, or a .npz of named arrays.")
    Path checkpoint = Path.of("");

    @Override
    public Integer call() {
      if (!Files.isRegularFile(checkpoint)) {
        throw new UserException("checkpoint '" + checkpoint + "' was not found or is no file");
      }
      ModelImport.Request request =
          new ModelImport.Request(architecture, LabelSets.parse(labels), name, checkpoint);
      Bundle bundle = ModelImport.run(request, bundles());
      System.out.println("imported " + checkpoint + " into " + bundles().resolve(bundle.name()));
      describe(bundle);
      return 0;
    }
  }

  @Command(name = "list", description = "List the models on this machine.")
  static final class Listing implements Callable<Integer> {
    @Option(names = "--json", description = "Print JSON.")
    boolean json;

    @Override
    public Integer call() {
      List<InstalledModel> models = InstalledModel.list(bundles());
      if (json) {
        System.out.println(toJson(models).toPrettyString());
        return 0;
      }
      System.out.printf("%-24s %-18s %-6s %-9s %s%n", "NAME", "NETWORK", "LABELS", "INPUT", "");
      for (InstalledModel model : models) {
        System.out.printf(
            Locale.ROOT,
            "%-24s %-18s %6d %4d x %-4d %s%n",
            model.name(),
            model.architecture(),
            model.labels().size(),
            model.inputWidth(),
            model.inputHeight(),
            note(model));
      }
      for (KnownModel known : KnownModel.all()) {
        boolean there = Files.exists(known.path(bundles()));
        System.out.printf(
            "%-24s %s%n",
            known.name(),
            known.what() + (there ? "" : " (not here: moodline model pull " + known.name() + ")"));
      }
      return 0;
    }

    private static String note(InstalledModel model) {
      return model.problem().isEmpty() ? (model.builtIn() ? "built in" : "") : model.problem();
    }

    private static ObjectNode toJson(List<InstalledModel> models) {
      ObjectNode all = ApiClient.object();
      ArrayNode list = all.putArray("models");
      for (InstalledModel model : models) {
        ObjectNode node = list.addObject().put("name", model.name());
        node.put("builtIn", model.builtIn()).put("architecture", model.architecture());
        model.labels().forEach(node.putArray("labels")::add);
        node.put("width", model.inputWidth()).put("height", model.inputHeight());
        node.put("mask", model.mask().id()).put("licence", model.licence());
        if (!model.problem().isEmpty()) {
          node.put("problem", model.problem());
        }
      }
      ArrayNode known = all.putArray("known");
      for (KnownModel model : KnownModel.all()) {
        known
            .addObject()
            .put("name", model.name())
            .put("here", Files.exists(model.path(bundles())))
            .put("file", model.path(bundles()).toString())
            .put("address", model.address().toString())
            .put("licence", model.licence());
      }
      return all;
    }
  }

  @Command(name = "show", description = "Check a model and show what is known of it.")
  static final class Show implements Callable<Integer> {
    @Mixin Name name = new Name();
    @Mixin SettingsOptions options = new SettingsOptions();

    @Option(names = "--json", description = "Print JSON.")
    boolean json;

    @Override
    public Integer call() {
      Devices devices = DeviceChoice.of(options.load(Map.of()));
      Bundle bundle = new Bundles(bundles()).resolve(name.text);
      if (json) {
        System.out.println(toJson(bundle, devices).toPrettyString());
        return 0;
      }
      describe(bundle);
      line("device", devices.toString());
      System.out.println();
      System.out.println(bundle.modelCard().strip());
      return 0;
    }

    private static ObjectNode toJson(Bundle bundle, Devices devices) {
      GraphCost cost = bundle.cost();
      ObjectNode node = ApiClient.object().put("name", bundle.name());
      node.put("architecture", bundle.architecture()).put("digest", bundle.digest());
      bundle.labels().forEach(node.putArray("labels")::add);
      node.putObject("input")
          .put("width", bundle.inputWidth())
          .put("height", bundle.inputHeight())
          .put("mask", bundle.mask().id());
      node.put("temperature", bundle.temperature());
      node.set("gate", bundle.gate().toJson());
      node.put("parameters", cost.parameters());
      node.put("multiplyAdds", cost.multiplyAdds());
      node.put("attentionMultiplyAdds", cost.attentionMultiplyAdds());
      node.put("savedMultiplyAdds", cost.savedMultiplyAdds());
      node.put("licence", bundle.licence());
      node.putObject("device").put("name", devices.device().id()).put("why", devices.why());
      node.set("metrics", metrics(bundle));
      return node.put("card", bundle.modelCard());
    }
  }

  @Command(
      name = "verify",
      description = "Check a model's digests, shapes, labels and canaries; say what differs.")
  static final class Verify implements Callable<Integer> {
    @Mixin Name name = new Name();

    @Override
    public Integer call() {
      Bundle bundle = new Bundles(bundles()).resolve(name.text);
      if (!bundle.name().equals(name.text)) {
        throw new UserException(
            "folder "
                + bundles().resolve(name.text)
                + " holds the model "
                + bundle.name()
                + ": rename the folder");
      }
      System.out.println(
          name.text
              + ": digests, shapes, label order and canary scores are as they were made, "
              + bundle.digest());
      return 0;
    }
  }

  @Command(name = "remove", description = "Remove a model that was imported, made or pulled.")
  static final class Remove implements Callable<Integer> {
    @Mixin Name name = new Name();

    @Override
    public Integer call() {
      InstalledModel.remove(bundles(), name.text);
      System.out.println("removed " + name.text);
      return 0;
    }
  }

  @Command(
      name = "pull",
      description = "Fetch a known model from its publisher over HTTPS and check its digest.")
  static final class Pull implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "NAME", description = "yunet: the face detector.")
    String name = "";

    @Option(
        names = "--from",
        paramLabel = "FILE",
        description = "Take a file that was fetched elsewhere; the digest is checked all the same.")
    @Nullable Path from;

    @Override
    public Integer call() {
      KnownModel known = KnownModel.of(name);
      ModelPull pull = ModelPull.of(known, bundles());
      if (pull.isThere()) {
        System.out.println(name + " is there already: " + pull.file());
        return 0;
      }
      if (from != null) {
        pull.takeFrom(from);
      } else {
        download(known, pull);
      }
      System.out.println(
          name + " is in " + pull.file() + ", SHA-256 as published, licence " + known.licence());
      return 0;
    }

    private static void download(KnownModel known, ModelPull pull) {
      ProgressLine line = ProgressLine.onStandardError();
      line.step("fetching " + known.name() + " from " + known.address().getHost());
      try {
        pull.download(
            bytes ->
                line.progress(
                    (double) bytes / known.bytes(),
                    bytes / 1000 + " of " + known.bytes() / 1000 + " kB"));
      } finally {
        line.done();
      }
    }
  }

  /** What a model is, in lines for people. */
  static void describe(Bundle bundle) {
    GraphCost cost = bundle.cost();
    line("name", bundle.name());
    line("network", bundle.architecture());
    line("labels", String.join(", ", bundle.labels()));
    line(
        "input",
        bundle.inputWidth()
            + " x "
            + bundle.inputHeight()
            + " RGB"
            + (bundle.mask() == MaskKind.NONE ? "" : ", mask " + bundle.mask().id()));
    line("parameters", String.format(Locale.ROOT, "%.2f M", cost.parameters() / 1e6));
    line(
        "multiply-adds",
        String.format(
            Locale.ROOT,
            "%.3f G per face (as published %.3f G; products inside attention %.3f G more)",
            cost.multiplyAdds() / 1e9,
            (cost.multiplyAdds() + cost.savedMultiplyAdds()) / 1e9,
            cost.attentionMultiplyAdds() / 1e9));
    line("temperature", String.format(Locale.ROOT, "%.3f", bundle.temperature()));
    line("gate", bundle.gate().equals(Gate.NONE) ? "none: every label is said" : "see the card");
    line("licence", bundle.licence());
    line("digest", bundle.digest());
    for (JsonNode metric : metrics(bundle)) {
      line(
          "measured",
          String.format(
              Locale.ROOT,
              "accuracy %.4f on %s",
              metric.path("accuracy").asDouble(),
              metric.path("dataSet").asText()));
    }
  }

  private static JsonNode metrics(Bundle bundle) {
    try {
      return ApiClient.JSON.readTree(bundle.metrics());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a checked manifest holds JSON", e);
    }
  }

  private static void line(String what, String text) {
    System.out.printf("%-14s %s%n", what, text);
  }
}
