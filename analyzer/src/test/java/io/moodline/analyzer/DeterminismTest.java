package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moodline.runtime.StageContext;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same frames through the same bundle have the same outcomes, boxes, labels and scores, however
 * they fall into batches and however many analyzers share them.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class DeterminismTest {
  /** One in each of the four partitions, and two more. */
  private static final List<String> STREAMS = List.of("a", "b", "c", "d", "e", "f");

  private static final int FRAMES = 4;

  @TempDir static Path home;
  private static TestKafka broker;

  @BeforeAll
  static void startBroker() {
    broker = new TestKafka(home);
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  /** None, one or two faces of different sizes, so that batches are never alike. */
  private static byte[] picture(int number) {
    Picture room = TestPictures.plain(640, 400, 90 + number);
    int side = 200 + 7 * number;
    Picture face = TestPictures.scaled(TestPictures.astronaut(), side, side);
    if (number % 3 > 0) {
      room = TestPictures.paste(room, face, 3 * number, number);
    }
    if (number % 3 > 1) {
      room = TestPictures.paste(room, TestPictures.scaled(face, 210, 210), 420, 2 * number);
    }
    return TestPictures.jpeg(room);
  }

  private static Map<String, FrameFaces> analyse(String name, int analyzers, int batch)
      throws Exception {
    try (TestKafka.Space space = broker.prefixed(name)) {
      List<Analyzer> open = new ArrayList<>();
      try {
        List<StageContext> contexts = new ArrayList<>();
        for (int i = 0; i < analyzers; i++) {
          Map<String, String> set =
              Map.of("analyzer.batch.frames", "" + batch, "analyzer.threads", "1");
          contexts.add(space.context(name + i, Clock.systemUTC(), set));
          open.add(Analyzer.start(contexts.get(i)));
        }
        Awaitility.await()
            .atMost(TestKafka.PATIENCE)
            .until(() -> contexts.stream().allMatch(context -> context.health().isReady()));
        publish(space);
        Map<String, FrameFaces> outcomes = new TreeMap<>();
        for (FrameFaces frame : space.awaitFaces(STREAMS.size() * FRAMES)) {
          outcomes.put(frame.getStreamId() + "/" + frame.getSequence(), frame);
        }
        assertThat(space.failures).isEmpty();
        assertThat(outcomes).hasSize(STREAMS.size() * FRAMES);
        return outcomes;
      } finally {
        open.forEach(Analyzer::close);
      }
    }
  }

  private static void publish(TestKafka.Space space) throws Exception {
    for (int i = 0; i < FRAMES; i++) {
      for (int stream = 0; stream < STREAMS.size(); stream++) {
        byte[] jpeg = picture(i * STREAMS.size() + stream);
        space.publish(TestFrames.recorded(STREAMS.get(stream), i, jpeg, 640, 400).build());
      }
    }
  }

  @Test
  void batchesAndAnalyzersMakeNoDifference() throws Exception {
    Map<String, FrameFaces> alone = analyse("alone", 1, 1);
    long faces = alone.values().stream().mapToLong(frame -> frame.getFaces().size()).sum();
    assertThat(faces).isGreaterThan(STREAMS.size() * FRAMES / 2);
    same(alone, analyse("seven", 1, 7));
    same(alone, analyse("many", 1, 32));
    same(alone, analyse("four", 4, 7));
  }

  private static void same(Map<String, FrameFaces> expected, Map<String, FrameFaces> actual) {
    expected.forEach(
        (name, frame) -> {
          FrameFaces other = actual.get(name);
          assertThat(other).as(name).isNotNull();
          assertThat(other.getOutcome()).as(name).isEqualTo(frame.getOutcome());
          assertThat(other.getReason()).as(name).isEqualTo(frame.getReason());
          assertThat(other.getModelDigest()).as(name).isEqualTo(frame.getModelDigest());
          assertThat(other.getLabels()).as(name).isEqualTo(frame.getLabels());
          assertThat(other.getFaces()).as(name).hasSameSizeAs(frame.getFaces());
          for (int i = 0; i < frame.getFaces().size(); i++) {
            same(name + " face " + i, frame.getFaces().get(i), other.getFaces().get(i));
          }
        });
  }

  private static void same(String name, Face expected, Face actual) {
    assertThat(actual.getBox()).as(name).isEqualTo(expected.getBox());
    assertThat(actual.getFaceScore()).as(name).isEqualTo(expected.getFaceScore());
    for (int label = 0; label < expected.getScores().size(); label++) {
      assertThat(actual.getScores().get(label))
          .as(name)
          .isCloseTo(expected.getScores().get(label), within(1e-4f));
    }
    assertThat(best(actual.getScores())).as(name).isEqualTo(best(expected.getScores()));
  }

  private static int best(List<Float> scores) {
    return scores.indexOf(scores.stream().max(Float::compare).orElseThrow());
  }
}
