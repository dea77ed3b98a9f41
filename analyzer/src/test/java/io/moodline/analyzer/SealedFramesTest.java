package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.runtime.DataKey;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.StreamKeys;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Frames as ingest seals them: what is found in them is sealed with the same key. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class SealedFramesTest {
  private static final byte[] SMILE = TestPictures.jpeg(TestPictures.astronaut());

  @TempDir static Path home;
  private static TestKafka broker;

  @BeforeAll
  static void startBroker() throws Exception {
    ModelTrialTest.copyBuiltIn(home.resolve("bundles/candidate"), "candidate");
    broker = new TestKafka(home);
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  private static StreamKeys keys(TestKafka.Space space) {
    return StreamKeys.start(
        "test",
        space.kafka,
        SecretBox.open(home.resolve("secrets")),
        (thread, cause) -> space.failures.add(thread + ": " + cause));
  }

  private static DataKey putKey(TestKafka.Space space, StreamKeys keys, String stream)
      throws Exception {
    DataKey key = DataKey.create(stream);
    byte[] record = Serdes.STREAM_KEY.encode(keys.record(key, Instant.EPOCH));
    space.publishBytes(space.kafka.topics().streamKeys(), stream, record);
    return key;
  }

  private static Frame.Builder sealed(DataKey key, long sequence, long sealedFor) {
    byte[] jpeg = key.seal(SMILE, SealedRecords.picture(key.streamId(), TestFrames.RUN, sealedFor));
    return TestFrames.recorded(key.streamId(), sequence, jpeg, 512, 512).setKeyId(key.id());
  }

  @Test
  void facesOfSealedFramesAreThoseOfPlainOnesAndLeaveSealed() throws Exception {
    try (TestKafka.Space space = broker.prefixed("sealed");
        StreamKeys keys = keys(space)) {
      ModelTrialTest.choose(space, null, "candidate", 1, 1);
      try (Analyzer analyzer = Analyzer.start(space.context("one", Clock.systemUTC(), Map.of()))) {
        Awaitility.await()
            .atMost(TestKafka.PATIENCE)
            .until(space::lastStatus, status -> status != null && status.getTrial() != null);
        space.publish(TestFrames.recorded("lobby", 0, SMILE, 512, 512).build());
        DataKey key = putKey(space, keys, "lobby"); // after the analyzer has begun to follow
        space.publish(sealed(key, 1, 1).build());

        List<FrameFaces> frames = space.awaitFaces(2);

        List<Face> plain = frames.get(0).getFaces();
        assertThat(plain).hasSize(1);
        assertThat(frames.get(0).getKeyId()).isNull();
        FrameFaces found = frames.get(1);
        assertThat(found.getOutcome()).isEqualTo(Outcome.ANALYSED);
        assertThat(found.getFaces()).isEmpty();
        assertThat(found.getKeyId()).isEqualTo(key.id());
        String bytes =
            StandardCharsets.ISO_8859_1.decode(found.getSealedFaces().duplicate()).toString();
        assertThat(bytes).doesNotContain(scores(plain.get(0)));
        FrameFaces opened =
            SealedRecords.open(found, keys, SealedRecords.Faces.IN_USE).orElseThrow();
        assertThat(opened.getFaces()).hasSize(1);
        assertThat(opened.getFaces().get(0).getBox()).isEqualTo(plain.get(0).getBox());
        assertThat(opened.getFaces().get(0).getScores()).isEqualTo(plain.get(0).getScores());
        FrameFaces tried = space.shadowFaces().get(1);
        assertThat(tried.getModel()).isEqualTo("candidate");
        assertThat(tried.getFaces()).isEmpty();
        assertThat(
                SealedRecords.open(tried, keys, SealedRecords.Faces.TRIAL).orElseThrow().getFaces())
            .isEqualTo(opened.getFaces());
      }
      assertThat(space.deadLetters()).isEmpty();
      assertThat(space.failures).isEmpty();
    }
  }

  /** The scores as a record has them. */
  private static String scores(Face face) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * face.getScores().size())
            .order(java.nio.ByteOrder.LITTLE_ENDIAN);
    face.getScores().forEach(bytes::putFloat);
    return StandardCharsets.ISO_8859_1.decode(bytes.flip()).toString();
  }

  @Test
  void aFrameWhoseKeyWasThrownAwayIsSkippedAndAMovedOneFails() throws Exception {
    try (TestKafka.Space space = broker.prefixed("erased");
        StreamKeys keys = keys(space)) {
      DataKey thrownAway = putKey(space, keys, "lobby");
      space.publish(sealed(thrownAway, 0, 0).build());
      space.publishBytes(space.kafka.topics().streamKeys(), "lobby", null);
      DataKey key = putKey(space, keys, "lobby");
      space.publish(sealed(key, 1, 1).build());
      space.publish(sealed(key, 2, 1).build());
      try (Analyzer analyzer = Analyzer.start(space.context("one", Clock.systemUTC(), Map.of()))) {
        List<FrameFaces> frames = space.awaitFaces(3);

        assertThat(frames).extracting(FrameFaces::getSequence).containsExactly(0L, 1L, 2L);
        assertThat(frames)
            .extracting(FrameFaces::getOutcome)
            .containsExactly(Outcome.SKIPPED, Outcome.ANALYSED, Outcome.FAILED);
        assertThat(frames)
            .extracting(FrameFaces::getReason)
            .containsExactly("ERASED", null, "BROKEN_SEAL");
        assertThat(frames.get(0).getKeyId()).isEqualTo(thrownAway.id());
        assertThat(space.deadLetters())
            .singleElement()
            .satisfies(letter -> assertThat(letter.getSequence()).isEqualTo(2));
      }
      assertThat(space.failures).isEmpty();
    }
  }
}
