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
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Sends a recording through the stages, on free ports and in a folder of its own, and reads from
 * the stages' own metrics what it cost. Confined to one thread.
 */
final class PipelineBenchmark {
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Set<String> FAILED = Set.of("FAILED", "REFUSED");
  private static final List<String> FRAME_STEPS = List.of("decode", "detect");
  private static final List<String> FACE_STEPS = List.of("crop", "classify", "publish");

  private final Settings settings;
  private final Path file;
  private final double framesPerSecond;
  private final ProgressLine line;

  PipelineBenchmark(Settings settings, Path file, double framesPerSecond, ProgressLine line) {
    this.settings = settings;
    this.file = file;
    this.framesPerSecond = framesPerSecond;
    this.line = line;
  }

  /** A recording of 1280 x 720 at 25 frames per second in which one face changes what it shows. */
  static SyntheticClip clip(double seconds) {
    Pose middle = Pose.at(640, 330, 240);
    return new SyntheticClip(
        1280,
        720,
        25,
        seconds,
        false,
        List.of(
            ScriptedFace.still(0, seconds / 2, middle, Look.HAPPINESS),
            ScriptedFace.still(seconds / 2, seconds, middle, Look.SURPRISE)));
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
      JsonNode replay = new ReplayRun(api, line).await(replay(api).path("id").asText());
      double seconds = (System.nanoTime() - begin) / 1e9;
      String metrics = api.text("/metrics", "text/plain");
      ObjectNode result = ApiClient.object();
      double frames = replay.path("analysed").asDouble();
      double faces = replay.path("faces").asDouble();
      if (faces == 0) {
        throw new UserException("no face was found in the recording: take one that shows faces");
      }
      result.put("frames", (long) frames).put("faces", (long) faces);
      result.put("framesPerSecond", frames / seconds);
      result.put("facesPerClassifySecond", faces / step(metrics, "classify"));
      ObjectNode perFrame = result.putObject("millisPerFrame");
      FRAME_STEPS.forEach(step -> perFrame.put(step, 1000 * step(metrics, step) / frames));
      ObjectNode perFace = result.putObject("millisPerFace");
      FACE_STEPS.forEach(step -> perFace.put(step, 1000 * step(metrics, step) / faces));
      return result;
    }
  }

  private RunningNode start(Set<Node.Role> roles) throws InterruptedException {
    return RunningNode.start(settings, roles, line, () -> {});
  }

  private JsonNode replay(ApiClient api) {
    ObjectNode request = ApiClient.object();
    request.put("recording", String.valueOf(file.getFileName()));
    request.put("purpose", "research").put("framesPerSecond", framesPerSecond);
    return new ReplayRun(api, line).start(request);
  }

  /** Seconds that the analyzer's threads spent on a step, together. */
  private static double step(String metrics, String step) {
    String name =
        String.format(Locale.ROOT, "moodline_analyzer_step_seconds_sum{step=\"%s\"} ", step);
    return metrics
        .lines()
        .filter(it -> it.startsWith(name))
        .mapToDouble(it -> Double.parseDouble(it.substring(name.length())))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no metric " + name));
  }
}
