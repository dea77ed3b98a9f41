package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumSet;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code moodline demo}: everything in one process, and the bundled sample recording through it.
 */
@Command(
    name = "demo",
    description = "Start everything on this machine and analyse the bundled sample recording.")
final class DemoCommand implements Callable<Integer> {
  private static final String SAMPLE = "moodline-sample.mp4";

  @Mixin SettingsOptions options = new SettingsOptions();

  @Option(names = "--exit", description = "Stop when the sample is done instead of staying up.")
  boolean exit;

  @Override
  public Integer call() throws InterruptedException {
    Settings settings = options.loadAlone(folders());
    copySample(MediaFolder.open(settings));
    ProgressLine progress = ProgressLine.onStandardError();
    try (RunningNode running =
        RunningNode.start(settings, EnumSet.allOf(Node.Role.class), progress, () -> {})) {
      URI address = running.node().address();
      analyse(new ReplayRun(new ApiClient(address), progress));
      System.out.println();
      if (exit) {
        return 0;
      }
      System.out.println("Dashboard: " + address + "/   (stop with Ctrl-C)");
      running.awaitSignal();
      return 0;
    }
  }

  /** Where settings name a cluster, data and media are a deployment's, and not the demo's. */
  private Map<String, String> folders() {
    if (options.load(Map.of()).get(RuntimeSettings.KAFKA_BOOTSTRAP).isEmpty()) {
      return Map.of();
    }
    Path own = SettingsOptions.home().resolve("demo");
    return Map.of(
        "data.folder",
        own.resolve("data").toString(),
        "media.folder",
        own.resolve("media").toString());
  }

  private static void analyse(ReplayRun run) throws InterruptedException {
    ObjectNode request =
        ApiClient.object()
            .put("recording", SAMPLE)
            .put("name", "Sample recording")
            .put("purpose", "demo");
    JsonNode replay = run.await(run.start(request).path("id").asText());
    ReplayReport.printSummary(System.out, "Sample recording", replay, run);
  }

  private static void copySample(MediaFolder media) {
    Path target = media.root().resolve(SAMPLE);
    try (InputStream in = DemoCommand.class.getResourceAsStream("/sample/sample.mp4")) {
      if (in == null) {
        throw new IllegalStateException("the sample recording is missing from the build");
      }
      Path part = Files.createTempFile(media.root(), "sample", ".part");
      Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UserException(
          "media folder " + media.root() + " can not be written: " + e.getMessage(), e);
    }
  }
}
