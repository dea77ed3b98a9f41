package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.ingest.SyntheticClip;
import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Moodline stops in the middle of a replay and starts again: each frame counts once. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class RestartTest {
  private static final int SECONDS = 60;
  private static final int FRAMES = SECONDS * 5;

  @TempDir Path home;

  @Test
  void eachFrameIsCountedOnceThoughTheProcessStoppedInBetween() throws Exception {
    SyntheticClip clip =
        new SyntheticClip(
            640,
            360,
            5,
            SECONDS,
            true,
            List.of(
                new ScriptedFace(
                    3,
                    SECONDS - 3,
                    Pose.at(150, 190, 110),
                    Pose.at(480, 190, 150),
                    false,
                    Look.HAPPINESS)));
    TestNode.addRecording(home, "long.mp4", clip);
    String interrupted;
    AtomicInteger before = new AtomicInteger();
    try (TestNode node = TestNode.start(home)) {
      interrupted = node.replay("long.mp4");
      await()
          .atMost(Duration.ofMinutes(2))
          .pollInterval(Duration.ofMillis(20))
          .until(() -> before.updateAndGet(last -> analysed(node, interrupted)) > 20);
    }
    try (TestNode node = TestNode.start(home)) {
      JsonNode replay = node.api().get("/api/v1/replays/" + interrupted);
      JsonNode finished = node.finished(interrupted);
      assertThat(finished.path("run").asText()).isEqualTo(replay.path("run").asText());
      assertLedger(finished);
      JsonNode uninterrupted = node.finished(node.replay("long.mp4"));
      assertLedger(uninterrupted);
      assertThat(timeline(node, interrupted))
          .isEqualTo(timeline(node, uninterrupted.path("stream").asText()));
    }
    assertThat(before.get()).as("frames analysed before the stop").isLessThan(FRAMES);
  }

  private static int analysed(TestNode node, String id) {
    return node.api().get("/api/v1/replays/" + id).path("ledger").path("analysed").asInt();
  }

  private static void assertLedger(JsonNode replay) {
    JsonNode ledger = replay.path("ledger");
    assertThat(ledger.path("published").asInt()).isEqualTo(FRAMES);
    assertThat(ledger.path("analysed").asInt()).isEqualTo(FRAMES);
    assertThat(ledger.path("skipped").asInt()).isZero();
    assertThat(ledger.path("failed").asInt()).isZero();
  }

  private static JsonNode timeline(TestNode node, String stream) {
    JsonNode windows = node.replays().timeline(stream, "1s").path("windows");
    assertThat(windows).hasSize(SECONDS);
    return windows;
  }
}
