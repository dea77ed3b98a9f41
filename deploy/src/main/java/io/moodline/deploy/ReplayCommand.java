package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.ingest.AnnotatedCopy;
import io.moodline.ingest.RecordingProbe;
import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
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

  @Option(
      names = "--sampling",
      paramLabel = "MODE",
      description = "Of these: rate (all, the default), keyframes, or motion (what differs).")
  String sampling = "";

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

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      defaultValue = "${env:MOODLINE_TOKEN:-}",
      description = "Access token, where that server demands one (default: MOODLINE_TOKEN).")
  String token = "";

  @Option(
      names = "--compare",
      paramLabel = "A,B",
      split = ",",
      description = "Two model bundles over the same frames, and where they differ.")
  List<String> compared = List.of();

  @Option(
      names = "--annotate",
      paramLabel = "FILE",
      description =
          "Write a copy of the video with boxes, labels and the timeline: .mp4, .mov or .mkv.")
  @Nullable Path annotated;

  @Override
  public Integer call() throws InterruptedException, IOException {
    Path file = readable(video);
    checkOptions();
    MediaFolder.container(file); // what is no video is not worth an upload
    if (server != null) {
      replay(ServerOption.client(server, token), file, true);
      return 0;
    }
    RecordingProbe.probe(file);
    TemporaryFolder folder = TemporaryFolder.make("replay");
    // A process of its own beside any server: free ports, its own data, and the recording where it
    // lies.
    Settings settings =
        options.loadAlone(
            Map.of(
                "http.port",
                "0",
                "broker.port",
                "0",
                "data.folder",
                folder.path().toString(),
                "media.folder",
                String.valueOf(file.getParent())));
    try (RunningNode running =
        RunningNode.start(
            settings,
            EnumSet.allOf(Node.Role.class),
            ProgressLine.onStandardError(),
            folder::close)) {
      replay(new ApiClient(running.node().address()), file, false);
      return 0;
    }
  }

  private void replay(ApiClient api, Path file, boolean upload) throws InterruptedException {
    ReplayRun run = new ReplayRun(api, ProgressLine.onStandardError());
    String name = String.valueOf(file.getFileName());
    String recording = upload ? api.upload(file) : name;
    if (!compared.isEmpty()) {
      compare(api, run, request(recording, name));
      return;
    }
    ObjectNode request = request(recording, name);
    if (!model.isEmpty()) {
      request.put("model", model);
    }
    JsonNode replay = run.await(run.start(request).path("id").asText());
    if (annotated != null) {
      annotate(api, run, replay, file, annotated);
    }
    report(run, replay, name);
  }

  private ObjectNode request(String recording, String name) {
    ObjectNode request = ApiClient.object();
    request.put("recording", recording);
    request.put("name", name);
    request.put("purpose", purpose);
    if (framesPerSecond > 0) {
      request.put("framesPerSecond", framesPerSecond);
    }
    if (!sampling.isEmpty()) {
      request.put("sampling", sampling);
    }
    if (!start.isEmpty()) {
      request.put("start", start);
    }
    return request;
  }

  private void checkOptions() {
    if (!compared.isEmpty() && compared.size() != 2) {
      throw new UserException("--compare takes two models, for example --compare lite-ferplus,raf");
    }
    if (annotated != null && !sampling.isEmpty() && !sampling.equals("rate")) {
      throw new UserException(
          "--annotate goes with --sampling rate alone: boxes are drawn until the next frame is due");
    }
    if (!compared.isEmpty() && (annotated != null || !model.isEmpty() || !csv.isEmpty())) {
      throw new UserException("--compare goes with neither --annotate, --model nor --csv");
    }
  }

  private void report(ReplayRun run, JsonNode replay, String name) {
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

  private void compare(ApiClient api, ReplayRun run, ObjectNode request)
      throws InterruptedException {
    List<String> ids = new ArrayList<>();
    for (String bundle : compared) {
      ids.add(run.start(request.deepCopy().put("model", bundle.strip())).path("id").asText());
    }
    List<List<FoundFace>> found = new ArrayList<>();
    for (String id : ids) {
      JsonNode replay = run.await(id);
      checkAnalysed(replay);
      found.add(FoundFace.of(api, id, replay.path("run").asText()));
    }
    ReplayComparison comparison =
        new ReplayComparison(
            compared.get(0).strip(), found.get(0), compared.get(1).strip(), found.get(1));
    if (!json.isEmpty()) {
      write(json, comparison.json().toPrettyString() + "\n");
    }
    if (!json.equals("-")) {
      comparison.print(System.out);
    }
  }

  /** A model that is not there fails every frame: that is no comparison. */
  private static void checkAnalysed(JsonNode replay) {
    if (replay.path("analysed").asLong() == 0 && replay.path("failed").asLong() > 0) {
      throw new UserException(
          "no frame was analysed: "
              + replay.path("failedByReason")
              + "; look at 'moodline model list'");
    }
  }

  private static void annotate(
      ApiClient api, ReplayRun run, JsonNode replay, Path video, Path target) {
    String stream = replay.path("stream").asText();
    double rate =
        api.get("/api/v1/streams/" + ApiClient.encode(stream)).path("framesPerSecond").asDouble();
    ReplayPainter painter =
        new ReplayPainter(
            FoundFace.of(api, stream, replay.path("run").asText()),
            rate,
            run.timeline(stream, ""),
            ReplayReport.origin(replay),
            replay.path("durationMicros").asLong());
    long pictures = AnnotatedCopy.write(video, target, painter);
    System.err.println(target + ": " + pictures + " pictures");
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
}
