package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.ingest.RecordingProbe;
import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code moodline replay}: a recording's emotion timeline, by itself or through a running server.
 */
@Command(
    name = "replay",
    description =
        "Analyse a recording and print its emotion timeline, by itself or through a running server.")
final class ReplayCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Parameters(index = "0", paramLabel = "VIDEO", description = "Any recording that FFmpeg reads.")
  Path video = Path.of("");

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the result as JSON; - is standard output.")
  String json = "";

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "Write the timeline as CSV; - is standard output.")
  String csv = "";

  @Option(
      names = "--step",
      defaultValue = "1s",
      description = "Window length in the files: 1s, 10s, 1m or 1h (default: ${DEFAULT-VALUE}).")
  String step = "1s";

  @Option(
      names = "--fps",
      description = "Frames to analyse per second of media (default: the server's).")
  double framesPerSecond;

  @Option(names = "--model", description = "Model bundle (default: the server's).")
  String model = "";

  @Option(
      names = "--start",
      description = "When the recording began, for example 2026-11-21T10:00:00Z.")
  String start = "";

  @Option(
      names = "--purpose",
      defaultValue = "personal",
      description = "Why the faces are analysed (default: ${DEFAULT-VALUE}).")
  String purpose = "personal";

  @Option(
      names = "--server",
      paramLabel = "URL",
      description = "Upload to a running server and replay there.")
  @Nullable String server;

  @Override
  public Integer call() throws InterruptedException, IOException {
    Path file = readable(video);
    MediaFolder.container(file); // what is no video is not worth an upload
    if (server != null) {
      replay(ServerOption.client(server), file, true);
      return 0;
    }
    RecordingProbe.probe(file);
    Path folder =
        Files.createTempDirectory(
            Files.createDirectories(SettingsOptions.home().resolve("tmp")), "replay");
    // A process of its own beside any server: free ports, its own data, and the recording where it
    // lies.
    Settings settings =
        options.load(
            Map.of(
                "http.port",
                "0",
                "broker.port",
                "0",
                "data.folder",
                folder.toString(),
                "media.folder",
                String.valueOf(file.getParent())));
    try (RunningNode running =
        RunningNode.start(
            settings,
            EnumSet.allOf(Node.Role.class),
            ProgressLine.onStandardError(),
            () -> delete(folder))) {
      replay(new ApiClient(running.node().address()), file, false);
      return 0;
    }
  }

  private void replay(ApiClient api, Path file, boolean upload) throws InterruptedException {
    ReplayRun run = new ReplayRun(api, ProgressLine.onStandardError());
    String name = String.valueOf(file.getFileName());
    ObjectNode request = ApiClient.object();
    request.put("recording", upload ? api.upload(file) : name);
    request.put("name", name);
    request.put("purpose", purpose);
    if (framesPerSecond > 0) {
      request.put("framesPerSecond", framesPerSecond);
    }
    if (!model.isEmpty()) {
      request.put("model", model);
    }
    if (!start.isEmpty()) {
      request.put("start", start);
    }
    JsonNode replay = run.await(run.start(request).path("id").asText());
    String stream = replay.path("stream").asText();
    if (!json.isEmpty()) {
      ObjectNode result = ReplayReport.json(name, replay, run.timeline(stream, step));
      write(json, result.toPrettyString() + "\n");
    }
    if (!csv.isEmpty()) {
      write(csv, run.timelineCsv(stream, step));
    }
    if (!json.equals("-") && !csv.equals("-")) {
      ReplayReport.printSummary(System.out, name, replay, run);
    }
  }

  private static Path readable(Path video) {
    try {
      if (!Files.exists(video)) {
        throw new UserException("recording '" + video + "' was not found");
      }
      if (!Files.isRegularFile(video) || !Files.isReadable(video)) {
        throw new UserException("recording '" + video + "' is not a readable file");
      }
      if (Files.size(video) == 0) {
        throw new UserException("recording '" + video + "' is empty");
      }
      return video.toRealPath();
    } catch (IOException e) {
      throw new UserException("recording '" + video + "' can not be read: " + e.getMessage(), e);
    }
  }

  private static void write(String target, String text) {
    if (target.equals("-")) {
      System.out.print(text);
      System.out.flush();
      return;
    }
    try {
      Files.writeString(Path.of(target), text, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UserException("'" + target + "' can not be written: " + e.getMessage(), e);
    }
  }

  private static void delete(Path folder) {
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.deleteIfExists(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
                throws IOException {
              Files.deleteIfExists(dir);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      System.err.println("moodline: folder " + folder + " could not be removed: " + e.getMessage());
    }
  }
}
