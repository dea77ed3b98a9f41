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

  /** The slowest that a stream may ask for. */
  private static final double LEAST_FRAMES_PER_SECOND = 0.1;

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

  /**
   * How long ingest takes with nobody in its way.
   *
   * @param decode to decode the recording, of which next to no frame is asked for
   * @param publish to decode it and to publish the frames of the load
   */
  record IngestTime(Spent decode, Spent publish) {}

  /**
   * What a recording took.
   *
   * @param seconds by the clock, from the first frame to the end
   * @param decoderSeconds of processor time of the decoders, from the order to the end
   */
  record Spent(double seconds, double decoderSeconds) {}

  /** Measures ingest; the folder of the settings must have seen no other run. */
  IngestTime ingest() throws InterruptedException {
    try (RunningNode running = start(EnumSet.of(Node.Role.INGEST, Node.Role.SINK))) {
      ApiClient api = new ApiClient(running.node().address());
      line.step("warming up ...");
      ingest(api, load.framesPerSecond());
      line.step("decoding ...");
      Spent decode = ingest(api, LEAST_FRAMES_PER_SECOND);
      line.step("decoding and publishing ...");
      return new IngestTime(decode, ingest(api, load.framesPerSecond()));
    }
  }

  private Spent ingest(ApiClient api, double framesPerSecond) throws InterruptedException {
    ChildrenTime before = ChildrenTime.atRest();
    String stream = replay(api, framesPerSecond).path("stream").asText();
    String path = "/api/v1/streams/" + ApiClient.encode(stream);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Instant began = null;
    double used = 0;
    while (System.nanoTime() < deadline) {
      // The decoder may be gone as soon as the recording is at its end.
      used = Math.max(used, ChildrenTime.now().secondsSince(before));
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
        double seconds = Duration.between(began, since).toNanos() / 1e9;
        return new Spent(seconds, used);
      }
      if (state.equals("FINISHED")) {
        throw new UserException("the recording is too short to be measured: take a longer one");
      }
      Thread.sleep(20);
    }
    throw new UserException("the recording was not published in time");
  }

  /**
   * What the way of its frames through everything costs, by stage, once the code is warm; the
   * folder of the settings must have seen no other run, or its frames would be analysed as well.
   */
  ObjectNode analyse() throws InterruptedException {
    try (RunningNode running = start(EnumSet.allOf(Node.Role.class))) {
      ApiClient api = new ApiClient(running.node().address());
      line.step("warming up ...");
      analyse(api, 1);
      AnalyzerReading before = AnalyzerReading.of(api);
      line.step("analysing ...");
      long begin = System.nanoTime();
      Analysed analysed = analyse(api, load.streams());
      double seconds = (System.nanoTime() - begin) / 1e9;
      return describe(AnalyzerReading.of(api).since(before), analysed, seconds);
    }
  }

  /** What replays came to. */
  private record Analysed(long frames, long faces) {}

  private Analysed analyse(ApiClient api, int streams) throws InterruptedException {
    List<String> replays = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      replays.add(replay(api, load.framesPerSecond()).path("id").asText());
    }
    long frames = 0;
    long faces = 0;
    for (String id : replays) {
      JsonNode replay = new ReplayRun(api, line).await(id);
      frames += replay.path("analysed").asLong();
      faces += replay.path("faces").asLong();
    }
    if (faces == 0) {
      throw new UserException("no face was found in the recording: take one that shows faces");
    }
    return new Analysed(frames, faces);
  }

  private ObjectNode describe(AnalyzerReading spent, Analysed analysed, double seconds) {
    long frames = analysed.frames();
    long faces = analysed.faces();
    ObjectNode result = ApiClient.object();
    result.put("streams", load.streams()).put("frames", frames).put("faces", faces);
    result.put("seconds", seconds);
    result.put("framesPerSecond", frames / seconds).put("facesPerSecond", faces / seconds);
    double batches = spent.value("batch_faces_count");
    result
        .put("batches", (long) batches)
        .put("framesPerBatch", spent.value("batch_frames_sum") / batches)
        .put("facesPerBatch", spent.value("batch_faces_sum") / batches);
    result
        .put("facesPerClassifySecond", faces / spent.seconds("classify"))
        .put("facesPerClassifyProcessorSecond", faces / spent.processorSeconds("classify"));
    ObjectNode stages = result.putObject("stages");
    for (String step : STEPS) {
      double took = 1000 * spent.seconds(step);
      double used = 1000 * spent.processorSeconds(step);
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

  private JsonNode replay(ApiClient api, double framesPerSecond) {
    ObjectNode request = ApiClient.object();
    request.put("recording", String.valueOf(file.getFileName()));
    request.put("purpose", "research").put("framesPerSecond", framesPerSecond);
    return new ReplayRun(api, line).start(request);
  }
}
