package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.TimelineWindow;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Faces that wait in the topic when the sink starts, with tracks, filters and rules; prints how
 * many a second of the counting thread's work takes: {@code -Dmoodline.throughput.frames=4000} for
 * so many of each of 20 streams.
 */
@Timeout(1800)
class ThroughputTest {
  private static final int STREAMS = 20;
  private static final int FRAMES = Integer.getInteger("moodline.throughput.frames", 20);
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path home;

  @Test
  void countsAllFacesThatWaitedInTheTopic() throws Exception {
    try (ApiFixture api = new ApiFixture(home, Map.of(), true)) {
      for (int i = 0; i < STREAMS; i++) {
        api.put("/api/v1/streams/" + stream(i), "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
      }
      for (String rule :
          List.of("sadness > 0.6 for 3s and faces >= 2", "surprise > 0.9", "faces >= 3")) {
        String id = "rule-" + Math.abs(rule.hashCode());
        var answer = api.put("/api/v1/rules/" + id, "{\"expression\":\"" + rule + "\"}");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
      }
      api.stop();
      send(api);
      long start = System.nanoTime();
      api.start();
      double worked = 0;
      for (int i = 0; i < STREAMS; i++) {
        String stream = stream(i);
        await("all frames of " + stream)
            .atMost(Duration.ofMinutes(20))
            .pollInterval(Duration.ofMillis(20))
            .ignoreException(NotReadyException.class)
            .until(
                () ->
                    api.sink().queries().ledger(stream, "r").map(Ledgers::frames).orElse(0L)
                        == FRAMES);
        worked = Worked.millis("moodline-timelines-") / 1000;
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      int faces = 2 * STREAMS * FRAMES;
      System.out.printf(
          "%d faces in %d frames: %.1f s from the start on; the counting threads worked %.1f s: %.0f faces/s and core%n",
          faces, STREAMS * FRAMES, seconds, worked, faces / worked);
      await("all faces are shown")
          .atMost(Duration.ofMinutes(5))
          .until(() -> shown(api), all -> all == faces);
      assertThat(api.failures).isEmpty();
    }
  }

  private static String stream(int number) {
    return "camera-" + number;
  }

  private static long shown(ApiFixture api) {
    long faces = 0;
    for (int i = 0; i < STREAMS; i++) {
      List<TimelineWindow> windows =
          api.sink()
              .queries()
              .windows(stream(i), Duration.ofSeconds(10), NOON, Instant.MAX, 100_000);
      faces += windows.stream().mapToLong(TimelineWindow::getFaces).sum();
    }
    return faces;
  }

  /** Two faces that wander, five times a second. */
  private static void send(ApiFixture api) {
    Random random = new Random(9);
    for (int sequence = 0; sequence < FRAMES; sequence++) {
      for (int i = 0; i < STREAMS; i++) {
        float x = (float) (0.2 + 0.1 * Math.sin(sequence / 20.0 + i));
        FrameFaces frame =
            FakeFrames.analysed(
                stream(i),
                "r",
                sequence,
                StreamKind.LIVE,
                NOON.plusMillis(200L * sequence),
                face(x, random),
                face(x + 0.4f, random));
        api.producer.send(
            new ProducerRecord<>(
                api.stage.kafka().topics().faces(),
                StreamPartition.of(stream(i), api.stage.kafka().partitions()),
                stream(i).getBytes(StandardCharsets.UTF_8),
                Serdes.FRAME_FACES.encode(frame)));
      }
    }
    api.producer.flush();
  }

  private static Face face(float x, Random random) {
    float first = 0.6f + 0.3f * random.nextFloat();
    float rest = (1 - first) / 3;
    Box box = new Box(x, 0.3f, 0.1f, 0.2f);
    return new Face(box, List.of(), 0.9f, List.of(first, rest, rest, rest), List.of(), null, false);
  }
}
