package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.runtime.StageContext;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of frames while a model is being opened that some streams name. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class ModelOpeningTest {
  private static final byte[] EMPTY_ROOM = TestPictures.jpeg(TestPictures.plain(64, 48, 90));
  private static final String SLOW = "slow-model";

  /** Recordings: two that share a partition, and one in another. */
  private static final String WAITING = idIn(0, "waiting");

  private static final String BESIDE = idIn(0, "beside");
  private static final String ELSEWHERE = idIn(1, "elsewhere");

  @TempDir static Path home;
  private static TestKafka broker;

  @BeforeAll
  static void startBroker() throws Exception {
    ModelTrialTest.copyBuiltIn(home.resolve("bundles").resolve(SLOW), SLOW);
    broker = new TestKafka(home);
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @Test
  void recordingsWaitForTheirModelLiveFramesAreSkippedAndTheOthersGoOn() throws Exception {
    CountDownLatch open = new CountDownLatch(1);
    try (TestKafka.Space space = broker.prefixed("opening");
        Analyzer analyzer = start(space, "one", SlowModels.waitFor(open, SLOW))) {
      space.publish(recorded(BESIDE, 0).build());
      for (int i = 0; i < 5; i++) {
        space.publish(recorded(WAITING, i).setModel(SLOW).build());
        space.publish(recorded(BESIDE, i + 1).build());
        space.publish(recorded(ELSEWHERE, i).build());
        space.publish(live("lobby", i).build());
        space.publish(live("door", i).setModel(SLOW).build());
      }
      space.publish(TestFrames.end(WAITING, 5));

      List<FrameFaces> meanwhile = space.awaitFaces(16);
      assertThat(meanwhile).hasSize(16);
      assertThat(of(BESIDE, meanwhile)).as("what lies before the frame that waits").hasSize(1);
      assertThat(of(ELSEWHERE, meanwhile)).hasSize(5).allMatch(ModelOpeningTest::isAnalysed);
      assertThat(of("lobby", meanwhile)).hasSize(5).allMatch(ModelOpeningTest::isAnalysed);
      assertThat(of("door", meanwhile))
          .hasSize(5)
          .allSatisfy(
              frame -> {
                assertThat(frame.getOutcome()).isEqualTo(Outcome.SKIPPED);
                assertThat(frame.getReason()).isEqualTo("MODEL_OPENING");
              });
      Awaitility.await()
          .atMost(TestKafka.PATIENCE)
          .until(space::lastStatus, it -> it != null && SLOW.equals(it.getOpening()));

      open.countDown();
      space.awaitFaces(27);
      space.publish(live("door", 5).setModel(SLOW).build());
      List<FrameFaces> all = space.awaitFaces(28);

      assertThat(all).hasSize(28);
      List<FrameFaces> waited = of(WAITING, all);
      assertThat(waited).extracting(FrameFaces::getSequence).containsExactly(sequences(6));
      assertThat(waited.subList(0, 5))
          .allMatch(ModelOpeningTest::isAnalysed)
          .extracting(FrameFaces::getModel)
          .containsOnly(SLOW);
      assertThat(waited.get(5).getEndOfRun()).isNotNull();
      assertThat(of(BESIDE, all))
          .allMatch(ModelOpeningTest::isAnalysed)
          .extracting(FrameFaces::getSequence)
          .containsExactly(sequences(6));
      assertThat(of("door", all).get(5).getModel()).isEqualTo(SLOW);
      Awaitility.await()
          .atMost(TestKafka.PATIENCE)
          .until(space::lastStatus, it -> it.getOpening() == null);
      assertThat(space.failures).isEmpty();
    }
  }

  @Test
  void aRecordingWhoseModelIsRefusedAfterAllFailsByNameAndHoldsNobody() throws Exception {
    UnaryOperator<ModelLoader> late =
        loader ->
            name -> {
              if (name.equals(SLOW)) {
                throw new OutOfMemoryError("no room");
              }
              return loader.load(name);
            };
    try (TestKafka.Space space = broker.prefixed("refused-late");
        Analyzer analyzer = start(space, "one", late)) {
      for (int i = 0; i < 3; i++) {
        space.publish(recorded(WAITING, i).setModel(SLOW).build());
        space.publish(recorded(BESIDE, i).build());
      }
      List<FrameFaces> faces = space.awaitFaces(6);
      assertThat(of(WAITING, faces)).extracting(FrameFaces::getReason).containsOnly("NO_MODEL");
      assertThat(of(BESIDE, faces)).hasSize(3).allMatch(ModelOpeningTest::isAnalysed);
      assertThat(space.failures).isEmpty();
    }
  }

  @Test
  void framesThatWaitForAModelAreLeftToWhoeverIsGivenTheirPartition() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    int partitions = TestKafka.PARTITIONS;
    try (TestKafka.Space space = broker.prefixed("moved")) {
      StageContext context = context(space, "one");
      try (Analyzer first = start(context, SlowModels.waitFor(never, SLOW))) {
        for (int i = 0; i < 3; i++) {
          for (int partition = 0; partition < partitions; partition++) {
            String stream = idIn(partition, "talk");
            space.publish(recorded(stream, 2 * i).build());
            space.publish(recorded(stream, 2 * i + 1).setModel(SLOW).build());
          }
        }
        space.awaitFaces(partitions); // the first of each; the second waits
        try (Analyzer second = start(space, "two", UnaryOperator.identity())) {
          Awaitility.await()
              .atMost(TestKafka.PATIENCE)
              .until(
                  () -> TestMetrics.count(context.metrics(), "moodline_analyzer_revocations") > 0);
          first.close(); // in the midst of opening
          List<FrameFaces> all = space.awaitFaces(6 * partitions);

          assertThat(all).hasSize(6 * partitions).allMatch(ModelOpeningTest::isAnalysed);
          for (int partition = 0; partition < partitions; partition++) {
            assertThat(of(idIn(partition, "talk"), all))
                .extracting(FrameFaces::getSequence)
                .containsExactly(sequences(6));
          }
        }
      }
      assertThat(space.failures).isEmpty();
    }
  }

  private static Analyzer start(
      TestKafka.Space space, String instance, UnaryOperator<ModelLoader> seen) {
    return start(context(space, instance), seen);
  }

  private static Analyzer start(StageContext context, UnaryOperator<ModelLoader> seen) {
    return Analyzer.start(context, FakeDetectors.thatFindNothing(), seen);
  }

  private static StageContext context(TestKafka.Space space, String instance) {
    return space.context(instance, Clock.systemUTC(), Map.of("analyzer.live.max.age", "1h"));
  }

  private static Frame.Builder recorded(String stream, long sequence) {
    return TestFrames.recorded(stream, sequence, EMPTY_ROOM, 64, 48);
  }

  private static Frame.Builder live(String stream, long sequence) {
    return TestFrames.live(stream, sequence, Instant.now(), EMPTY_ROOM, 64, 48);
  }

  private static boolean isAnalysed(FrameFaces frame) {
    return frame.getOutcome() == Outcome.ANALYSED;
  }

  private static List<FrameFaces> of(String stream, List<FrameFaces> faces) {
    return faces.stream().filter(frame -> frame.getStreamId().equals(stream)).toList();
  }

  private static String idIn(int partition, String name) {
    return IntStream.iterate(0, i -> i + 1)
        .mapToObj(i -> name + "-" + i)
        .filter(id -> StreamPartition.of(id, TestKafka.PARTITIONS) == partition)
        .findFirst()
        .orElseThrow();
  }

  private static Long[] sequences(int count) {
    return LongStream.range(0, count).boxed().toArray(Long[]::new);
  }
}
