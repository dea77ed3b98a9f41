package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.runtime.Health;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.UserException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.StreamKind;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class AnalyzerTest {
  @TempDir static Path home;
  private static TestKafka broker;
  private static final byte[] SMILE = TestPictures.jpeg(TestPictures.astronaut());
  private static final byte[] EMPTY_ROOM = TestPictures.jpeg(TestPictures.plain(64, 48, 90));

  @BeforeAll
  static void startBroker() {
    broker = new TestKafka(home);
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @Test
  void givesEachFrameOneOutcomeInOrderAndPassesTheEndMarkOn() throws Exception {
    try (TestKafka.Space space = broker.prefixed("order");
        Analyzer analyzer = start(space, Map.of())) {
      for (int i = 0; i < 20; i++) {
        space.publish(TestFrames.recorded("lobby", i, SMILE, 512, 512).build());
      }
      space.publish(TestFrames.end("lobby", 20));

      List<FrameFaces> faces = space.awaitFaces(21);

      assertThat(space.failures).isEmpty();
      assertThat(faces).extracting(FrameFaces::getSequence).containsExactly(sequences(21));
      assertThat(faces.subList(0, 20)).allSatisfy(AnalyzerTest::isTheSmilingAstronaut);
      assertThat(faces.get(20).getEndOfRun().getPublished()).isEqualTo(20);
      assertThat(faces.get(20).getOutcome()).isNull();
      assertThat(space.deadLetters()).isEmpty();
    }
  }

  private static void isTheSmilingAstronaut(FrameFaces frame) {
    assertThat(frame.getOutcome()).isEqualTo(Outcome.ANALYSED);
    assertThat(frame.getReason()).isNull();
    assertThat(frame.getDetector()).isEqualTo("opencv-cascade");
    assertThat(frame.getModel()).isEqualTo("lite-ferplus");
    assertThat(frame.getModelDigest()).hasSize(64);
    assertThat(frame.getFaces()).hasSize(1);
    var face = frame.getFaces().get(0);
    var box = face.getBox();
    PixelBox pixels =
        new PixelBox(
            box.getX() * 512, box.getY() * 512, box.getWidth() * 512, box.getHeight() * 512);
    assertThat(pixels.overlap(TestPictures.ASTRONAUT_FACE)).isGreaterThan(0.85);
    int happiness = frame.getLabels().indexOf("happiness");
    assertThat(face.getScores()).hasSize(frame.getLabels().size());
    assertThat(face.getScores().get(happiness)).isGreaterThan(0.9f);
    assertThat(face.getScores().stream().mapToDouble(score -> score).sum())
        .isCloseTo(1, org.assertj.core.data.Offset.offset(1e-5));
  }

  @Test
  void aPoisonedFrameCostsItselfAlone() throws Exception {
    Map<String, byte[]> poison = PoisonedFrames.byReason();
    try (TestKafka.Space space = broker.prefixed("poison");
        Analyzer analyzer = start(space, Map.of())) {
      long sequence = 0;
      for (byte[] jpeg : poison.values()) {
        space.publish(TestFrames.recorded("lobby", sequence++, jpeg, 512, 512).build());
        space.publish(TestFrames.recorded("lobby", sequence++, SMILE, 512, 512).build());
      }
      space.publish(TestFrames.end("lobby", sequence));

      List<FrameFaces> faces = space.awaitFaces((int) sequence + 1);

      assertThat(space.failures).isEmpty();
      assertThat(faces)
          .extracting(FrameFaces::getSequence)
          .containsExactly(sequences((int) sequence + 1));
      int at = 0;
      for (String name : poison.keySet()) {
        String reason = name.substring(0, name.indexOf(':'));
        assertThat(faces.get(at).getOutcome()).as(name).isEqualTo(Outcome.FAILED);
        assertThat(faces.get(at).getReason()).as(name).isEqualTo(reason);
        assertThat(faces.get(at).getFaces()).as(name).isEmpty();
        isTheSmilingAstronaut(faces.get(at + 1));
        at += 2;
      }
      List<DeadLetter> letters = space.deadLetters();
      assertThat(letters).hasSize(poison.size());
      assertThat(letters)
          .allSatisfy(
              letter -> {
                assertThat(letter.getStage()).isEqualTo("analyzer");
                assertThat(letter.getStreamId()).isEqualTo("lobby");
                assertThat(letter.getSequence()).isEven();
                assertThat(letter.getReason())
                    .isEqualTo(faces.get(letter.getSequence().intValue()).getReason());
                assertThat(letter.getSha256()).hasSize(64);
                assertThat(letter.getSizeBytes()).isPositive();
              });
    }
  }

  @Test
  void recordsThatAreNoFramesAreDeadLetteredAndTheRestGoesOn() throws Exception {
    try (TestKafka.Space space = broker.prefixed("unreadable");
        Analyzer analyzer = start(space, Map.of())) {
      String topic = space.kafka.topics().recordingFrames();
      Frame frame = TestFrames.recorded("lobby", 0, SMILE, 512, 512).build();
      byte[] whole = Serdes.FRAME.encode(frame);
      space.publishBytes(topic, "lobby", Arrays.copyOf(whole, whole.length / 2));
      space.publishBytes(topic, "lobby", new byte[0]);
      space.publishBytes(topic, "lobby", "hello".getBytes(StandardCharsets.UTF_8));
      space.publishBytes(topic, "lobby", null);
      space.publishBytes(topic, "of-another-stream", whole);
      space.publish(frame);

      List<FrameFaces> faces = space.awaitFaces(1);

      assertThat(faces).hasSize(1);
      isTheSmilingAstronaut(faces.get(0));
      Awaitility.await().atMost(TestKafka.PATIENCE).until(() -> space.deadLetters().size() == 5);
      assertThat(space.deadLetters()).extracting(DeadLetter::getReason).containsOnly("UNREADABLE");
      assertThat(space.failures).isEmpty();
    }
  }

  @Test
  void aStreamThatAsksForAnUnknownModelFailsAloneAndByName() throws Exception {
    try (TestKafka.Space space = broker.prefixed("no-model");
        Analyzer analyzer = start(space, Map.of())) {
      for (String model : List.of("no-such-model", "../../etc/passwd", "lite-ferplus")) {
        space.publish(TestFrames.recorded("lobby", 0, SMILE, 512, 512).setModel(model).build());
      }

      List<FrameFaces> faces = space.awaitFaces(3);

      assertThat(faces)
          .extracting(FrameFaces::getReason)
          .containsExactly("NO_MODEL", "NO_MODEL", null);
    }
  }

  @Test
  void skipsLiveFramesThatAreTooOldButNeverRecordedOnes() throws Exception {
    try (TestKafka.Space space = broker.prefixed("stale");
        Analyzer analyzer = start(space, Map.of("analyzer.live.max.age", "60s"))) {
      Instant now = Instant.now();
      space.publish(TestFrames.live("lobby", 0, now.minusSeconds(90), EMPTY_ROOM, 64, 48).build());
      space.publish(TestFrames.live("lobby", 1, now, EMPTY_ROOM, 64, 48).build());
      // A camera whose clock is behind is not late.
      space.publish(
          TestFrames.live("lobby", 2, now.minusSeconds(90), EMPTY_ROOM, 64, 48)
              .setArrivalTime(now)
              .build());
      space.publish(TestFrames.recorded("talk", 0, EMPTY_ROOM, 64, 48).build());

      List<FrameFaces> faces = space.awaitFaces(4);

      assertThat(of("lobby", faces))
          .extracting(FrameFaces::getOutcome)
          .containsExactly(Outcome.SKIPPED, Outcome.ANALYSED, Outcome.ANALYSED);
      assertThat(of("lobby", faces).get(0).getReason()).isEqualTo("STALE");
      assertThat(of("talk", faces))
          .extracting(FrameFaces::getOutcome)
          .containsExactly(Outcome.ANALYSED);
    }
  }

  @Test
  void aLiveFaceThatDoesNotChangeKeepsItsScoresAndTheEventSaysSo() throws Exception {
    try (TestKafka.Space space = broker.prefixed("kept");
        Analyzer analyzer = start(space, Map.of("analyzer.live.max.age", "1h"))) {
      Instant now = Instant.now();
      List<Long> millis = List.of(0L, 200L, 400L, 1100L);
      for (int i = 0; i < millis.size(); i++) {
        Instant captured = now.plusMillis(millis.get(i));
        space.publish(TestFrames.live("lobby", i, captured, SMILE, 512, 512).build());
        space.publish(TestFrames.recorded("talk", i, SMILE, 512, 512).build());
      }

      List<FrameFaces> faces = space.awaitFaces(8);

      assertThat(faces).allSatisfy(AnalyzerTest::isTheSmilingAstronaut);
      assertThat(of("lobby", faces))
          .extracting(frame -> frame.getFaces().get(0).getKept())
          .containsExactly(false, true, true, false);
      assertThat(of("talk", faces))
          .extracting(frame -> frame.getFaces().get(0).getKept())
          .containsOnly(false);
    }
  }

  @Test
  void liveFramesAreNotStarvedByARecordingAndDoNotStarveIt() throws Exception {
    int each = 160;
    try (TestKafka.Space space = broker.prefixed("turns")) {
      for (int i = 0; i < each; i++) {
        space.publish(TestFrames.recorded("talk", i, EMPTY_ROOM, 64, 48).build());
      }
      Instant captured = Instant.now();
      for (int i = 0; i < each; i++) {
        space.publish(TestFrames.live("lobby", i, captured, EMPTY_ROOM, 64, 48).build());
      }
      List<FrameFaces> faces;
      try (Analyzer analyzer =
          start(space, Map.of("analyzer.batch.frames", "8", "analyzer.live.max.age", "1h"))) {
        faces = space.awaitFaces(2 * each);
      }

      assertThat(space.failures).isEmpty();
      List<FrameFaces> byTime =
          faces.stream().sorted(Comparator.comparing(FrameFaces::getAnalysedAt)).toList();
      long liveInFirstHalf =
          byTime.subList(0, each).stream()
              .filter(frame -> frame.getKind() == StreamKind.LIVE)
              .count();
      // Three batches of four are live while both wait.
      assertThat(liveInFirstHalf).isBetween(each * 6 / 10L, each * 8 / 10L);
    }
  }

  @Test
  void aProducerInDoubtIsReplacedAndNothingIsLostOrDoubled() throws Exception {
    int frames = 120;
    try (TestKafka.Space space = broker.prefixed("fenced")) {
      for (int i = 0; i < frames; i++) {
        space.publish(TestFrames.recorded("talk", i, SMILE, 512, 512).build());
      }
      StageContext context =
          space.context("one", Clock.systemUTC(), Map.of("analyzer.batch.frames", "4"));
      try (Analyzer analyzer = Analyzer.start(context)) {
        for (int fences = 1; fences <= 3; fences++) {
          space.awaitFaces(fences * 10);
          // Another producer with the same id: the analyzer's own is fenced in mid-batch.
          String id = space.kafka.group(Analyzer.GROUP) + "-one";
          try (var thief = space.kafka.transactionalProducer("thief", id)) {
            thief.initTransactions();
          }
        }
        List<FrameFaces> faces = space.awaitFaces(frames);
        assertThat(faces).extracting(FrameFaces::getSequence).containsExactly(sequences(frames));
      }
      assertThat(space.failures).isEmpty();
      assertThat(TestMetrics.count(context.metrics(), "moodline_analyzer_failed_transactions"))
          .isPositive();
      assertThat(TestMetrics.count(context.metrics(), "moodline_analyzer_frames_taken"))
          .isEqualTo(
              TestMetrics.count(context.metrics(), "moodline_analyzer_frames")
                  + TestMetrics.count(context.metrics(), "moodline_analyzer_frames_returned"));
      assertThat(TestMetrics.count(context.metrics(), "moodline_analyzer_frames"))
          .isEqualTo(frames);
      TopicPartition partition =
          TestKafka.partition(space.kafka.topics().recordingFrames(), "talk");
      assertThat(space.committed().get(partition).offset()).isEqualTo(frames);
    }
  }

  /** Without it the tests above could not tell a doubled frame from a good one. */
  @Test
  void theCheckSeesFramesThatAreAnalysedTwice() throws Exception {
    try (TestKafka.Space space = broker.prefixed("control")) {
      for (int i = 0; i < 10; i++) {
        space.publish(TestFrames.recorded("talk", i, EMPTY_ROOM, 64, 48).build());
      }
      try (Analyzer analyzer = start(space, Map.of())) {
        space.awaitFaces(10);
      }
      // What an analyzer that commits offsets apart from results does when it is killed.
      TopicPartition partition =
          TestKafka.partition(space.kafka.topics().recordingFrames(), "talk");
      try (var admin = space.kafka.admin("test")) {
        admin
            .alterConsumerGroupOffsets(
                space.kafka.group(Analyzer.GROUP), Map.of(partition, new OffsetAndMetadata(5)))
            .all()
            .get();
      }
      try (Analyzer analyzer = start(space, Map.of())) {
        List<FrameFaces> faces = space.awaitFaces(15);
        assertThat(faces).hasSize(15);
        assertThat(faces).extracting(FrameFaces::getSequence).doesNotHaveDuplicates();
      } catch (AssertionError expected) {
        assertThat(expected).hasMessageContaining("duplicate");
        return;
      }
      throw new AssertionError("doubled frames were not seen");
    }
  }

  @Test
  void saysInItsHealthWhichDetectorRunsAndWhatItCanNotSee() throws Exception {
    try (TestKafka.Space space = broker.prefixed("health")) {
      StageContext context = space.context("one", Clock.systemUTC(), Map.of());
      try (Analyzer analyzer = Analyzer.start(context)) {
        Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> context.health().isReady());
        Health.Part part = context.health().parts().get(0);
        assertThat(part.name()).isEqualTo("analyzer");
        assertThat(part.state()).isEqualTo(Health.State.UP);
        assertThat(part.reason()).contains("opencv-cascade").contains("turned");
        assertThat(context.health().parts())
            .anySatisfy(
                device -> {
                  assertThat(device.name()).isEqualTo("device");
                  assertThat(device.reason()).matches("(cpu|cuda|tensorrt).*: .+");
                });
        assertThat(analyzer.detectorName()).isEqualTo("opencv-cascade");
        assertThat(analyzer.modelName()).isEqualTo("lite-ferplus");
      }
    }
  }

  @Test
  void refusesToStartWithAModelOrDetectorThatIsNotThere() throws Exception {
    try (TestKafka.Space space = broker.prefixed("refused")) {
      assertThatThrownBy(() -> start(space, Map.of("analyzer.model", "no-such-model")))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("no-such-model");
      assertThatThrownBy(() -> start(space, Map.of("analyzer.detector", "yunet")))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("face_detection_yunet_2023mar.onnx");
      assertThat(space.failures).isEmpty();
    }
  }

  private static Analyzer start(TestKafka.Space space, Map<String, String> set) {
    return Analyzer.start(space.context("one", Clock.systemUTC(), set));
  }

  private static List<FrameFaces> of(String stream, List<FrameFaces> faces) {
    return faces.stream().filter(frame -> frame.getStreamId().equals(stream)).toList();
  }

  private static Long[] sequences(int count) {
    return LongStream.range(0, count).boxed().toArray(Long[]::new);
  }
}
