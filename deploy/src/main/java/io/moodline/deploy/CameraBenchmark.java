package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.models.ProcessorTime;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;

/**
 * What cameras cost ingest, as they grow in number: a video of 1280 x 720 at 25 frames per second
 * over HTTP for each, on free ports and in a folder of its own. Confined to one thread.
 */
final class CameraBenchmark {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration SETTLING = Duration.ofSeconds(5);
  private static final Duration MEASURED = Duration.ofSeconds(15);

  private final Settings settings;
  private final double framesPerSecond;
  private final ProgressLine line;

  /**
   * How cameras are measured.
   *
   * @param framesPerSecond that are asked for of each
   */
  CameraBenchmark(Settings settings, double framesPerSecond, ProgressLine line) {
    this.settings = settings;
    this.framesPerSecond = framesPerSecond;
    this.line = line;
  }

  /**
   * Measures some numbers of cameras.
   *
   * @param counts rising
   * @param video MPEG transport stream that each camera sends
   * @param seconds for which it plays
   */
  ArrayNode measure(List<Integer> counts, Path video, double seconds)
      throws InterruptedException, IOException {
    ArrayNode result = ApiClient.JSON.createArrayNode();
    try (PacedVideo camera = PacedVideo.start(video, seconds);
        RunningNode running =
            RunningNode.start(
                settings, EnumSet.of(Node.Role.INGEST, Node.Role.SINK), line, () -> {})) {
      ApiClient api = new ApiClient(running.node().address());
      int cameras = 0;
      for (int count : counts) {
        line.step(count + " cameras ...");
        for (; cameras < count; cameras++) {
          add(api, cameras, camera.address());
        }
        awaitAll(api, count);
        Thread.sleep(SETTLING.toMillis());
        Reading before = Reading.now(api);
        Thread.sleep(MEASURED.toMillis());
        result.add(describe(count, before, Reading.now(api)));
      }
    }
    return result;
  }

  private void add(ApiClient api, int number, String address) {
    ObjectNode spec = ApiClient.object();
    spec.put("source", address).put("purpose", "research").put("framesPerSecond", framesPerSecond);
    api.put("/api/v1/streams/camera-" + number, spec);
  }

  private static void awaitAll(ApiClient api, int count) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (playing(api) < count) {
      if (System.nanoTime() > deadline) {
        throw new UserException("only " + playing(api) + " of " + count + " cameras play");
      }
      Thread.sleep(200);
    }
  }

  private static long playing(ApiClient api) {
    long playing = 0;
    for (JsonNode stream : streams(api)) {
      JsonNode status = stream.path("status");
      if (status.path("state").asText().equals("STREAMING")
          && status.path("published").asLong() > 0) {
        playing++;
      }
    }
    return playing;
  }

  private static JsonNode streams(ApiClient api) {
    return api.get("/api/v1/streams?limit=500").path("streams");
  }

  /**
   * What was used and done so far.
   *
   * @param nanos of the clock
   * @param ownNanos processor time of this process
   */
  private record Reading(
      long nanos, long ownNanos, ChildrenTime children, long published, long dropped) {
    static Reading now(ApiClient api) {
      long published = 0;
      long dropped = 0;
      for (JsonNode stream : streams(api)) {
        published += stream.path("status").path("published").asLong();
        dropped += stream.path("status").path("dropped").asLong();
      }
      return new Reading(
          System.nanoTime(), ProcessorTime.ofProcess(), ChildrenTime.now(), published, dropped);
    }
  }

  private ObjectNode describe(int count, Reading before, Reading after) {
    double seconds = (after.nanos() - before.nanos()) / 1e9;
    double decoders = after.children().secondsSince(before.children());
    double own = (after.ownNanos() - before.ownNanos()) / 1e9;
    long published = after.published() - before.published();
    return ApiClient.object()
        .put("cameras", count)
        .put("framesPerSecondAskedFor", count * framesPerSecond)
        .put("framesPerSecond", published / seconds)
        .put("droppedPerSecond", (after.dropped() - before.dropped()) / seconds)
        .put("decoders", after.children().nanos().size())
        .put("processors", (decoders + own) / seconds)
        .put("decoderProcessorMillisPerCameraSecond", 1000 * decoders / seconds / count)
        .put("serverProcessorMillisPerCameraSecond", 1000 * own / seconds / count)
        .put("decoderProcessorMillisPerFrame", 1000 * decoders / published)
        .put("serverProcessorMillisPerFrame", 1000 * own / published);
  }
}
