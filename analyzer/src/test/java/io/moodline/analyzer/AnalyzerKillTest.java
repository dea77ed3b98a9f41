package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.v1.FrameFaces;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 600, unit = TimeUnit.SECONDS)
class AnalyzerKillTest {
  private static final int KILLS = 3;
  private static final int FRAMES = 180;
  private static final List<String> STREAMS = List.of("lobby", "talk", "garden");

  @TempDir Path home;

  @Test
  void framesAreNeitherLostNorDoubledWhenAnalyzersAreKilled() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    File log = home.resolve("analyzer.log").toFile();
    try (TestKafka broker = new TestKafka(home);
        TestKafka.Space space = broker.prefixed("kill")) {
      publish(space);
      int seen = 0;
      for (int kill = 0; kill < KILLS; kill++) {
        Process analyzer = AnalyzerProcess.start(space.kafka, home, "one", log);
        try {
          int wanted = Math.min(seen + 20 + random.nextInt(60), STREAMS.size() * FRAMES - 1);
          Awaitility.await()
              .atMost(TestKafka.PATIENCE)
              .until(() -> space.faces().size() >= wanted || !analyzer.isAlive());
          assertThat(analyzer.isAlive())
              .as(() -> "exit " + analyzer.exitValue() + ": " + text(log))
              .isTrue();
        } finally {
          analyzer.destroyForcibly().waitFor();
        }
        seen = space.faces().size();
        checkNoneLostOrDoubled(space.faces());
      }
      assertThat(seen).isLessThan(STREAMS.size() * FRAMES);
      Process analyzer = AnalyzerProcess.start(space.kafka, home, "one", log);
      try {
        List<FrameFaces> faces = space.awaitFaces(STREAMS.size() * FRAMES);
        checkNoneLostOrDoubled(faces);
        assertThat(faces).hasSize(STREAMS.size() * FRAMES);
      } finally {
        analyzer.destroyForcibly().waitFor();
      }
      long committed =
          space.committed().values().stream().mapToLong(offset -> offset.offset()).sum();
      assertThat(committed).isEqualTo(STREAMS.size() * (long) FRAMES);
    }
  }

  private static void publish(TestKafka.Space space) throws Exception {
    Picture smile = TestPictures.scaled(TestPictures.astronaut(), 256, 256);
    byte[] jpeg = TestPictures.jpeg(smile);
    for (int i = 0; i < FRAMES; i++) {
      for (String stream : STREAMS) {
        space.publish(TestFrames.recorded(stream, i, jpeg, 256, 256).build());
      }
    }
  }

  private static String text(File log) {
    try {
      return Files.readString(log.toPath());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Each stream's sequences are 0, 1, 2, ... in the order in which they were committed. */
  private static void checkNoneLostOrDoubled(List<FrameFaces> faces) {
    Map<String, Long> next = new HashMap<>();
    for (FrameFaces frame : faces) {
      assertThat(frame.getSequence())
          .as(frame.getStreamId())
          .isEqualTo(next.getOrDefault(frame.getStreamId(), 0L));
      next.put(frame.getStreamId(), frame.getSequence() + 1);
    }
  }
}
