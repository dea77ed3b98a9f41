package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.ingest.SyntheticClip;
import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import io.moodline.runtime.EmbeddedBroker;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Moodline as many processes on one Kafka: any of them may be killed, and each frame counts once.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class ClusterTest {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final int SECONDS = 40;
  private static final int FRAMES = SECONDS * 10;

  @TempDir Path home;
  private EmbeddedBroker kafka;
  private Cluster cluster;

  @BeforeEach
  void start() throws Exception {
    TestNode.addRecording(
        home,
        "long.mp4",
        new SyntheticClip(
            640,
            360,
            10,
            SECONDS,
            true,
            List.of(
                new ScriptedFace(
                    3,
                    SECONDS - 3,
                    Pose.at(150, 190, 110),
                    Pose.at(480, 190, 150),
                    false,
                    Look.HAPPINESS))));
    kafka = EmbeddedBroker.start(home.resolve("broker"), 0);
    cluster = new Cluster(home, kafka.bootstrapServers());
  }

  @AfterEach
  void stop() throws Exception {
    cluster.close();
    kafka.close();
  }

  @Test
  void eachFrameIsCountedOnceThoughProcessesAreKilled() throws Exception {
    URI address = cluster.startSink();
    cluster.start("ingest", "first");
    cluster.start("analyzer", "first");
    ApiClient api = new ApiClient(address);
    ReplayRun replays =
        new ReplayRun(
            api, new ProgressLine(new PrintStream(OutputStream.nullOutputStream()), false));
    String interrupted = replay(replays);
    awaitAnalysed(api, interrupted, 20);
    cluster.kill("ingest", "first");
    cluster.start("ingest", "second");
    awaitAnalysed(api, interrupted, 100);
    cluster.kill("analyzer", "first");
    cluster.start("analyzer", "second");
    awaitAnalysed(api, interrupted, 200);
    cluster.kill("ingest", "second");
    cluster.kill("analyzer", "second");
    cluster.start("ingest", "third");
    cluster.start("analyzer", "third");
    assertLedger(replays.await(interrupted));

    String whole = replay(replays);
    assertLedger(replays.await(whole));
    assertThat(timeline(replays, interrupted)).isEqualTo(timeline(replays, whole));
  }

  private static String replay(ReplayRun replays) {
    ObjectNode request =
        ApiClient.object()
            .put("recording", "long.mp4")
            .put("purpose", "research")
            .put("framesPerSecond", 10);
    return replays.start(request).path("id").asText();
  }

  private void awaitAnalysed(ApiClient api, String id, int frames) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () -> {
              cluster.assertAlive();
              return api.get("/api/v1/replays/" + id).path("ledger").path("analysed").asInt()
                  >= frames;
            });
  }

  private static void assertLedger(JsonNode replay) {
    JsonNode ledger = replay.path("ledger");
    assertThat(ledger.path("published").asInt()).isEqualTo(FRAMES);
    assertThat(ledger.path("analysed").asInt()).isEqualTo(FRAMES);
    assertThat(ledger.path("skipped").asInt()).isZero();
    assertThat(ledger.path("failed").asInt()).isZero();
  }

  private static JsonNode timeline(ReplayRun replays, String id) {
    JsonNode windows = replays.timeline(id, "1s").path("windows");
    assertThat(windows).hasSize(SECONDS);
    return windows;
  }
}
