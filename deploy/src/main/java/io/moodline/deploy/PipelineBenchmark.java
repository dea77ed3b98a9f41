package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.ingest.SyntheticClip;
import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Sends a recording through the stages, on free ports and in a folder of its own, and reads from
 * the stages' own metrics what it cost. Confined to one thread.
 */
final class PipelineBenchmark {
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Set<String> FAILED = Set.of("FAILED", "REFUSED");
  private static final List<String> STEPS =
      List.of("decode", "detect", "crop", "classify", "publish");
  private static final int WIDTH = 1280;
  private static final int HEIGHT = 720;
  private static final double LARGEST_SIDE = 240;

  private final Settings settings;
  private final Path file;
  private final Load load;
  private final ProgressLine line;

  /**
   * What is sent.
   *
   * @param framesPerSecond to analyse, of media time
   * @param streams that replay the recording at the same time
   */
  record Load(double framesPerSecond, int streams) {}

  PipelineBenchmark(Settings settings, Path file, Load load, ProgressLine line) {
    this.settings = settings;
    this.file = file;
    this.load = load;
    this.line = line;
  }

  /** A recording of 1280 x 720 at 25 frames per second whose faces change what they show once. */
  static SyntheticClip clip(double seconds, int faces) {
    List<ScriptedFace> script = new ArrayList<>();
    for (Pose pose : grid(faces)) {
      script.add(ScriptedFace.still(0, seconds / 2, pose, Look.HAPPINESS));
      script.add(ScriptedFace.still(seconds / 2, seconds, pose, Look.SURPRISE));
    }
    return new SyntheticClip(WIDTH, HEIGHT, 25, seconds, false, script);
  }

  private static List<Pose> grid(int faces) {
    int columns = faces == 1 ? 1 : (int) Math.ceil(Math.sqrt(faces * (double) WIDTH / HEIGHT));
    int rows = (faces + columns - 1) / columns;
    double across = (double) WIDTH / columns;
    double down = (double) HEIGHT / rows;
    double side = Math.min(LARGEST_SIDE, Math.min(across, down) / 2);
    List<Pose> grid = new ArrayList<>();
    for (int i = 0; i < faces; i++) {
      int row = i / columns;
      int column = i % columns;
      grid.add(Pose.at((column + 0.5) * across, (row + 0.5) * down, side));
    }
    return grid;
  }

  /** How long ingest takes to decode, sample and publish the recording with nobody in its way. */
  double publishSeconds() throws InterruptedException {
    line.step("decoding and publishing ...");
    try (RunningNode running = start(EnumSet.of(Node.Role.INGEST, Node.Role.SINK))) {
      ApiClient api = new ApiClient(running.node().address());
      String path = "/api/v1/streams/" + ApiClient.encode(replay(api).path("stream").asText());
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      Instant began = null;
      while (System.nanoTime() < deadline) {
        JsonNode status = api.get(path).path("status");
        String state = status.path("state").asText();
        Instant since = Instant.parse(status.path("since").asText());
        if (FAILED.contains(state)) {
          throw new UserException(status.path("reason").asText("the recording can not be read"));
        }
        if (state.equals("STREAMING")) {
          began = since;
        }
        if (state.equals("FINISHED") && began != null) {
          return Duration.between(began, since).toNanos() / 1e9;
        }
        if (state.equals("FINISHED")) {
          throw new UserException("the recording is too short to be measured: take a longer one");
        }
        Thread.sleep(20);
      }
      throw new UserException("the recording was not published in time");
    }
  }

  /** What the way of its frames through everything costs, by stage. */
  ObjectNode analyse() throws InterruptedException {
    line.step("analysing ...");
    try (RunningNode running = start(EnumSet.allOf(Node.Role.class))) {
      ApiClient api = new ApiClient(running.node().address());
      long begin = System.nanoTime();
      List<String> replays = new ArrayList<>();
      for (int i = 0; i < load.streams(); i++) {
        replays.add(replay(api).path("id").asText());
      }
      long frames = 0;
      long faces = 0;
      for (String id : replays) {
        JsonNode replay = new ReplayRun(api, line).await(id);
        frames += replay.path("analysed").asLong();
        faces += replay.path("faces").asLong();
      }
      double seconds = (System.nanoTime() - begin) / 1e9;
      if (faces == 0) {
        throw new UserException("no face was found in the recording: take one that shows faces");
      }
      return describe(api.text("/metrics", "text/plain"), frames, faces, seconds);
    }
  }

  private ObjectNode describe(String metrics, long frames, long faces, double seconds) {
    ObjectNode result = ApiClient.object();
    result.put("streams", load.streams()).put("frames", frames).put("faces", faces);
    result.put("seconds", seconds);
    result.put("framesPerSecond", frames / seconds).put("facesPerSecond", faces / seconds);
    double batches = value(metrics, "batch_faces_count");
    result
        .put("batches", (long) batches)
        .put("framesPerBatch", value(metrics, "batch_frames_sum") / batches)
        .put("facesPerBatch", value(metrics, "batch_faces_sum") / batches);
    result
        .put("facesPerClassifySecond", faces / step(metrics, "seconds_sum", "classify"))
        .put(
            "facesPerClassifyProcessorSecond",
            faces / step(metrics, "processor_seconds_total", "classify"));
    ObjectNode stages = result.putObject("stages");
    for (String step : STEPS) {
      double took = 1000 * step(metrics, "seconds_sum", step);
      double used = 1000 * step(metrics, "processor_seconds_total", step);
      stages
          .putObject(step)
          .put("millisPerFrame", took / frames)
          .put("millisPerFace", took / faces)
          .put("processorMillisPerFrame", used / frames)
          .put("processorMillisPerFace", used / faces);
    }
    return result;
  }

  private RunningNode start(Set<Node.Role> roles) throws InterruptedException {
    return RunningNode.start(settings, roles, line, () -> {});
  }

  private JsonNode replay(ApiClient api) {
    ObjectNode request = ApiClient.object();
    request.put("recording", String.valueOf(file.getFileName()));
    request.put("purpose", "research").put("framesPerSecond", load.framesPerSecond());
    return new ReplayRun(api, line).start(request);
  }

  /** What the analyzer's threads spent on a step, together. */
  private static double step(String metrics, String what, String step) {
    return value(metrics, "step_" + what + "{step=\"" + step + "\"}");
  }

  private static double value(String metrics, String name) {
    String start = "moodline_analyzer_" + name + " ";
    return metrics
        .lines()
        .filter(it -> it.startsWith(start))
        .mapToDouble(it -> Double.parseDouble(it.substring(start.length())))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no metric " + name));
  }
}
