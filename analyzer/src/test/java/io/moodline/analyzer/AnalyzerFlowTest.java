package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.runtime.StageContext;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.Frame;
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
import java.util.stream.IntStream;
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

  /** One for each partition of each of the two topics, so that whoever has any has frames. */
  private static final List<Frame.Builder> STREAMS = streams();

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
  void framesInHandAreLeftToWhoeverIsGivenTheirPartition() throws Exception {
    CountDownLatch open = new CountDownLatch(1);
    Detectors blocked = FakeDetectors.of(picture -> await(open));
    try (TestKafka.Space space = broker.prefixed("in-hand")) {
      for (Frame.Builder stream : STREAMS) {
        space.publish(stream.setSequence(0).build());
      }
      try (Node first = Node.start(space, "one", blocked)) {
        awaitCount(first, "moodline_analyzer_frames_taken", STREAMS.size(), space);
        try (Node second = Node.start(space, "two", blocked)) {
          awaitCount(first, "moodline_analyzer_revocations", 1, space);
          awaitCount(second, "moodline_analyzer_frames_taken", 1, space);
          open.countDown();
          List<FrameFaces> faces = space.awaitFaces(STREAMS.size());
          assertThat(second.committed()).isPositive();
          awaitCount(first, "moodline_analyzer_frames", STREAMS.size() - second.committed(), space);
          checkEachOnceAndInOrder(faces, STREAMS.size());
          checkEachOnceAndInOrder(space.faces(), STREAMS.size());
        }
        assertThat(first.count("moodline_analyzer_frames_returned"))
            .isGreaterThanOrEqualTo(STREAMS.size());
      } finally {
        open.countDown();
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

  private static List<Frame.Builder> streams() {
    List<Frame.Builder> streams = new ArrayList<>();
    for (StreamKind kind : StreamKind.values()) {
      for (int partition = 0; partition < TestKafka.PARTITIONS; partition++) {
        int wanted = partition;
        String id =
            IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> kind + "-" + i)
                .filter(name -> StreamPartition.of(name, TestKafka.PARTITIONS) == wanted)
                .findFirst()
                .orElseThrow();
        streams.add(TestFrames.live(id, 0, Instant.now(), EMPTY_ROOM, 64, 48).setKind(kind));
      }
    }
    return streams;
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

  private static void awaitCount(Node node, String counter, double atLeast, TestKafka.Space space) {
    Awaitility.await()
        .atMost(TestKafka.PATIENCE)
        .until(() -> node.count(counter) >= atLeast || !space.failures.isEmpty());
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
          for (Frame.Builder stream : STREAMS) {
            space.publish(stream.setSequence(sequence).build());
          }
          published = STREAMS.size() * (sequence + 1);
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
      return start(space, instance, FakeDetectors.thatFindNothing());
    }

    static Node start(TestKafka.Space space, String instance, Detectors detectors) {
      Map<String, String> set =
          Map.of("analyzer.live.max.age", "1h", "analyzer.batch.frames", "16");
      StageContext context = space.context(instance, Clock.systemUTC(), set);
      return new Node(context, Analyzer.start(context, detectors));
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
