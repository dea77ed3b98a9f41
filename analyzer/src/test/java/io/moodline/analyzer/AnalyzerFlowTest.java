package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.runtime.StageContext;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How micro-batches overlap, and what becomes of them when partitions move. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class AnalyzerFlowTest {
  private static final byte[] EMPTY_ROOM = TestPictures.jpeg(TestPictures.plain(64, 48, 90));
  private static final int STREAMS = 8;

  /** How often a second analyzer joins and leaves; more by the system property. */
  private static final int REBALANCES = Integer.getInteger("moodline.rebalances", 3);

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

  @Test
  void detectorsLookAtTheNextMicroBatchBeforeThisOneIsDone() throws Exception {
    int batch = 4;
    CountDownLatch allInSight = new CountDownLatch(2 * batch);
    Detectors detectors =
        FakeDetectors.of(
            picture -> {
              allInSight.countDown();
              return await(allInSight);
            });
    try (TestKafka.Space space = broker.prefixed("overlap")) {
      for (int i = 0; i < 2 * batch; i++) {
        space.publish(TestFrames.recorded("talk", i, EMPTY_ROOM, 64, 48).build());
      }
      StageContext context =
          space.context(
              "one",
              Clock.systemUTC(),
              Map.of(
                  "analyzer.batch.frames", Integer.toString(batch),
                  "analyzer.batch.deadline", "1h",
                  "analyzer.threads", Integer.toString(2 * batch)));
      try (Analyzer analyzer = Analyzer.start(context, detectors)) {
        // No picture is done before eight are looked at together: two batches of four.
        List<FrameFaces> faces = space.awaitFaces(2 * batch);
        assertThat(faces).extracting(FrameFaces::getReason).containsOnlyNulls();
      }
      assertThat(space.failures).isEmpty();
    }
  }

  @Test
  void analyzersThatComeAndGoInMidBatchLoseAndDoubleNothing() throws Exception {
    try (TestKafka.Space space = broker.prefixed("rebalance")) {
      Feeder feeder = new Feeder(space);
      Thread feeding = new Thread(feeder, "feeder");
      try (Node first = Node.start(space, "one")) {
        feeding.start();
        for (int i = 0; i < REBALANCES; i++) {
          double before = first.committed();
          try (Node second = Node.start(space, "two")) {
            awaitGrowth(second, 0, space);
            awaitGrowth(first, before, space);
          }
        }
        feeder.stopped.set(true);
        feeding.join();
        List<FrameFaces> faces = space.awaitFaces(feeder.published);
        checkEachOnceAndInOrder(faces, feeder.published);
        assertThat(first.count("moodline_analyzer_revocations")).isPositive();
        assertThat(first.count("moodline_analyzer_frames_taken"))
            .isGreaterThanOrEqualTo(first.committed());
      } finally {
        feeder.stopped.set(true);
      }
      assertThat(feeder.failures).isEmpty();
      assertThat(space.failures).isEmpty();
      assertThat(space.deadLetters()).isEmpty();
    }
  }

  private static List<LocatedFace> await(CountDownLatch latch) {
    try {
      return latch.await(TestKafka.PATIENCE.toSeconds(), TimeUnit.SECONDS)
          ? List.of()
          : fail("the other frames did not come");
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<LocatedFace> fail(String why) {
    throw new IllegalStateException(why); // becomes a FAILED frame, which the test looks for
  }

  private static void awaitGrowth(Node node, double before, TestKafka.Space space) {
    Awaitility.await()
        .atMost(TestKafka.PATIENCE)
        .until(() -> node.committed() > before || !space.failures.isEmpty());
  }

  private static void checkEachOnceAndInOrder(List<FrameFaces> faces, int published) {
    Map<String, Long> next = new HashMap<>();
    for (FrameFaces frame : faces) {
      String stream = frame.getStreamId();
      assertThat(frame.getSequence()).as(stream).isEqualTo(next.getOrDefault(stream, 0L));
      next.put(stream, frame.getSequence() + 1);
    }
    assertThat(faces).hasSize(published);
  }

  /** Publishes a frame of each stream every few milliseconds, live and recorded ones in turn. */
  private static final class Feeder implements Runnable {
    private static final long PAUSE_NANOS = 20_000_000;

    final AtomicBoolean stopped = new AtomicBoolean();
    final List<Throwable> failures = new ArrayList<>();
    private final TestKafka.Space space;
    volatile int published;

    Feeder(TestKafka.Space space) {
      this.space = space;
    }

    @Override
    public void run() {
      try {
        for (int sequence = 0; !stopped.get(); sequence++) {
          for (int stream = 0; stream < STREAMS; stream++) {
            StreamKind kind = stream % 2 == 0 ? StreamKind.LIVE : StreamKind.RECORDING;
            space.publish(
                TestFrames.live("s" + stream, sequence, Instant.now(), EMPTY_ROOM, 64, 48)
                    .setKind(kind)
                    .build());
          }
          published = STREAMS * (sequence + 1);
          LockSupport.parkNanos(PAUSE_NANOS);
        }
      } catch (Exception e) {
        failures.add(e);
      }
    }
  }

  /** An analyzer and what it counts. */
  private record Node(StageContext context, Analyzer analyzer) implements AutoCloseable {
    static Node start(TestKafka.Space space, String instance) {
      Map<String, String> set = Map.of("analyzer.live.max.age", "1h", "analyzer.batch.frames", "8");
      StageContext context = space.context(instance, Clock.systemUTC(), set);
      return new Node(context, Analyzer.start(context, FakeDetectors.thatFindNothing()));
    }

    double count(String name) {
      return TestMetrics.count(context.metrics(), name);
    }

    double committed() {
      return count("moodline_analyzer_frames");
    }

    @Override
    public void close() {
      analyzer.close();
    }
  }
}
