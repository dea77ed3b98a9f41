package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.ingest.SyntheticClip;
import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import io.moodline.runtime.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A video whose faces and times are known, through everything: FFmpeg, Kafka, OpenCV, ONNX Runtime,
 * Kafka Streams.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class EndToEndTest {
  private static final String START = "2026-11-21T10:00:00.000Z";

  /** Faces in each second of the clip. */
  private static final int[] FACES = {0, 0, 1, 1, 1, 0, 2, 2, 2, 0, 1, 1};

  private static final int FRAMES_PER_SECOND = 5;

  @TempDir static Path home;
  private static TestNode node;

  @BeforeAll
  static void start() throws Exception {
    SyntheticClip clip =
        new SyntheticClip(
            640,
            360,
            10,
            FACES.length,
            true,
            List.of(
                ScriptedFace.still(2, 5, Pose.at(200, 190, 120), Look.HAPPINESS),
                ScriptedFace.still(6, 9, Pose.at(170, 190, 120), Look.HAPPINESS),
                ScriptedFace.still(6, 9, Pose.at(460, 190, 120), Look.SURPRISE).inMirror(),
                ScriptedFace.still(10, 12, Pose.at(420, 190, 140), Look.SURPRISE)));
    TestNode.addRecording(home, "known.mp4", clip);
    node = TestNode.start(home);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void everyWindowOfEveryStepHoldsWhatTheVideoShows() throws Exception {
    String id = replayFrom("known.mp4", START).path("id").asText();
    JsonNode replay = node.finished(id);
    int frames = FACES.length * FRAMES_PER_SECOND;
    JsonNode ledger = replay.path("ledger");
    assertThat(ledger.path("published").asInt()).isEqualTo(frames);
    assertThat(ledger.path("analysed").asInt()).isEqualTo(frames);
    assertThat(ledger.path("skipped").asInt()).isZero();
    assertThat(ledger.path("failed").asInt()).isZero();
    assertThat(replay.path("model").asText()).isEqualTo("lite-ferplus");

    List<JsonNode> seconds = windows(id, "1s");
    assertThat(seconds).hasSize(FACES.length);
    for (int second = 0; second < FACES.length; second++) {
      JsonNode window = seconds.get(second);
      Instant start = Instant.parse(START).plusSeconds(second);
      assertThat(window.path("start").asText()).isEqualTo(format(start));
      assertThat(window.path("end").asText()).isEqualTo(format(start.plusSeconds(1)));
      assertThat(window.path("frames").asInt()).as("frames of second %s", second).isEqualTo(5);
      assertThat(window.path("faces").asInt())
          .as("faces of second %s", second)
          .isEqualTo(FACES[second] * FRAMES_PER_SECOND);
      assertThat(window.path("coverage").asDouble()).isEqualTo(1.0);
      assertScores(window);
    }
    assertThat(seconds.get(3).path("dominant").asText()).isEqualTo("happiness");
    assertThat(seconds.get(11).path("dominant").asText()).isEqualTo("surprise");
    assertThat(seconds.get(0).path("dominant").isNull()).isTrue();

    assertRollUp(seconds, windows(id, "10s"), 10);
    assertRollUp(seconds, windows(id, "1m"), 60);
    assertRollUp(seconds, windows(id, "1h"), 3600);
  }

  /** Scores sum to 1 where there are faces; there are none where there are no faces. */
  private static void assertScores(JsonNode window) {
    JsonNode scores = window.path("scores");
    if (window.path("faces").asInt() == 0) {
      assertThat(scores).isEmpty();
      return;
    }
    assertThat(scores.properties()).hasSize(8);
    double sum = 0;
    for (JsonNode score : scores) {
      sum += score.asDouble();
    }
    assertThat(sum).isCloseTo(1, within(1e-4));
  }

  /**
   * Every coarser window is the sum of the seconds within it, and its mean score the mean over
   * their faces.
   */
  private static void assertRollUp(List<JsonNode> seconds, List<JsonNode> windows, int step) {
    for (JsonNode window : windows) {
      Instant start = Instant.parse(window.path("start").asText());
      assertThat(start.getEpochSecond() % step).isZero();
      List<JsonNode> parts =
          seconds.stream()
              .filter(
                  part -> {
                    Instant at = Instant.parse(part.path("start").asText());
                    return !at.isBefore(start) && at.isBefore(start.plusSeconds(step));
                  })
              .toList();
      assertThat(window.path("frames").asInt()).isEqualTo(sum(parts, "frames"));
      assertThat(window.path("faces").asInt()).isEqualTo(sum(parts, "faces"));
      assertThat(window.path("coverage").asDouble())
          .isCloseTo(sum(parts, "frames") / (double) (step * FRAMES_PER_SECOND), within(1e-9));
      double happiness = 0;
      for (JsonNode part : parts) {
        happiness += part.path("scores").path("happiness").asDouble() * part.path("faces").asInt();
      }
      assertThat(window.path("scores").path("happiness").asDouble())
          .isCloseTo(happiness / sum(parts, "faces"), within(1e-6));
    }
    assertThat(windows.stream().mapToInt(w -> w.path("frames").asInt()).sum())
        .isEqualTo(sum(seconds, "frames"));
  }

  @Test
  void theSameRecordingGivesTheSameTimelineAgain() throws Exception {
    String first = node.replay("known.mp4");
    String second = node.replay("known.mp4");
    node.finished(first);
    node.finished(second);
    assertThat(windows(first, "1s")).isEqualTo(windows(second, "1s"));
  }

  @Test
  void eventsNameEachFaceOfEachFrameOnce() throws Exception {
    String id = node.replay("known.mp4");
    node.finished(id);
    int expected = 0;
    for (int faces : FACES) {
      expected += faces * FRAMES_PER_SECOND;
    }
    List<String> seen = new ArrayList<>();
    String path = "/api/v1/streams/" + id + "/events?from=beginning";
    try (LiveLines lines = node.api().events(path, "", Duration.ofMinutes(1))) {
      boolean emotion = false;
      String text;
      while (seen.size() < expected && (text = lines.next()) != null) {
        if (text.startsWith("event:")) {
          emotion = text.substring(6).strip().equals("emotion");
        } else if (emotion && text.startsWith("data:")) {
          JsonNode event = ApiClient.JSON.readTree(text.substring(5));
          seen.add(event.path("sequence").asText() + "/" + event.path("face").asText());
          assertThat(event.path("stream").asText()).isEqualTo(id);
          assertThat(event.path("model").asText()).isEqualTo("lite-ferplus");
        }
      }
    }
    assertThat(seen).hasSize(expected).doesNotHaveDuplicates();
  }

  @Test
  void dashboardsAndAlertsNameMetricsThatExist() throws Exception {
    node.finished(node.replay("known.mp4"));
    String page = node.api().text("/metrics", "text/plain");
    assertThat(DeployFiles.metrics())
        .isNotEmpty()
        .allSatisfy(name -> assertThat(page).contains("# TYPE " + name + " "));
    // What is missed must be there from the start, and go with its stage.
    assertThat(DeployFiles.missed())
        .allSatisfy(name -> assertThat(page).containsPattern("(?m)^" + name + " "))
        .anyMatch(name -> name.startsWith("moodline_ingest_"))
        .anyMatch(name -> name.startsWith("moodline_analyzer_"))
        .anyMatch(name -> name.startsWith("moodline_timelines_"));
    for (String reason : List.of("UNREADABLE", "INCONSISTENT", "BROKEN_SEAL")) {
      assertThat(page).contains("moodline_timelines_unreadable_total{reason=\"" + reason + "\"} ");
    }
  }

  @Test
  void aStreamCanBeRegisteredShownListedAndRemoved() {
    ObjectNode body =
        ApiClient.object()
            .put("name", "The lobby")
            .put("source", "rtsp://user:secret-word@127.0.0.1:9/live")
            .put("purpose", "audience-measurement");
    JsonNode created = node.api().put("/api/v1/streams/lobby", body);
    assertThat(created.path("source").asText()).isEqualTo("rtsp://127.0.0.1:9/live");
    assertThat(created.toString()).doesNotContain("secret-word");
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () -> {
              JsonNode status = node.api().get("/api/v1/streams/lobby").path("status");
              assertThat(status.path("state").asText()).isEqualTo("BACKING_OFF");
              assertThat(status.path("reason").asText()).isNotBlank().doesNotContain("secret-word");
            });
    assertThat(node.api().get("/api/v1/streams").toString()).contains("The lobby");
    node.api().delete("/api/v1/streams/lobby");
    assertThatThrownBy(() -> node.api().get("/api/v1/streams/lobby"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("lobby");
  }

  @Test
  void aBrokenRecordingIsRefusedAndTheOthersGoOn() throws Exception {
    String running = node.replay("known.mp4");
    Path text = home.resolve("media/text.mp4");
    Files.writeString(text, "This is no video.");
    assertThatThrownBy(() -> node.replay("text.mp4"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("text.mp4");
    assertThatThrownBy(() -> node.api().upload(text))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no video");
    assertThat(node.finished(running).path("state").asText()).isEqualTo("FINISHED");
  }

  @Test
  void anUploadedRecordingCanBeReplayed() throws Exception {
    String name = node.api().upload(home.resolve("media/known.mp4"));
    JsonNode replay = node.finished(node.replay(name));
    assertThat(replay.path("ledger").path("analysed").asInt())
        .isEqualTo(FACES.length * FRAMES_PER_SECOND);
  }

  private static JsonNode replayFrom(String recording, String start) {
    ObjectNode request =
        ApiClient.object()
            .put("recording", recording)
            .put("purpose", "research")
            .put("start", start);
    return node.replays().start(request);
  }

  private static List<JsonNode> windows(String stream, String step) {
    List<JsonNode> windows = new ArrayList<>();
    node.replays().timeline(stream, step).path("windows").forEach(windows::add);
    return windows;
  }

  private static int sum(List<JsonNode> windows, String field) {
    return windows.stream().mapToInt(window -> window.path(field).asInt()).sum();
  }

  private static String format(Instant instant) {
    return instant.toString().replace("Z", ".000Z");
  }
}
