package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.runtime.DataKey;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.Settings;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.StreamKind;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The topology over faces that are sealed with their stream's key. */
class SealedFacesTest {
  private static final Topics TOPICS = new Topics("moodline");
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path folder;

  private final DataKey key = DataKey.create("lobby");
  private final Map<String, DataKey> ring = new HashMap<>(Map.of(key.id(), key));
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private boolean silent;
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> faces;
  private TestOutputTopic<byte[], FaceEmotion> emotions;
  private TestOutputTopic<byte[], DeadLetter> deadLetters;

  @BeforeEach
  void start() {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    config.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    Settings settings = Settings.load(folder, TimelineSettings.ALL, Map.of(), Map.of());
    driver =
        new TopologyTestDriver(
            EmotionTimelines.topology(
                TOPICS,
                WindowRules.of(settings),
                TrackRules.of(settings),
                this::find,
                new TimelineMetrics(registry)),
            config,
            NOON);
    faces =
        driver.createInputTopic(
            TOPICS.faces(), new ByteArraySerializer(), new ByteArraySerializer());
    emotions =
        driver.createOutputTopic(
            TOPICS.emotions(), new ByteArrayDeserializer(), Serdes.FACE_EMOTION.deserializer());
    deadLetters =
        driver.createOutputTopic(
            TOPICS.deadLetters(), new ByteArrayDeserializer(), Serdes.DEAD_LETTER.deserializer());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  private Optional<DataKey> find(String stream, String keyId) {
    if (silent) {
      throw new org.apache.kafka.common.errors.TimeoutException("the keys can not be read");
    }
    assertThat(stream).isEqualTo("lobby");
    return Optional.ofNullable(ring.get(keyId));
  }

  private static FrameFaces frame(String run, long sequence) {
    return FakeFrames.analysed(
        "lobby",
        run,
        sequence,
        StreamKind.LIVE,
        NOON.plusMillis(200 * sequence),
        FakeFrames.face(0.1f, 0.8f, 0.05f, 0.05f));
  }

  private void send(FrameFaces frame) {
    faces.pipeInput("lobby".getBytes(StandardCharsets.UTF_8), Serdes.FRAME_FACES.encode(frame));
  }

  private FrameFaces sealed(FrameFaces frame) {
    FrameFaces sealed = SealedRecords.seal(frame, key, SealedRecords.Faces.IN_USE);
    assertThat(sealed.getFaces()).isEmpty();
    return sealed;
  }

  private double count(String name) {
    return registry.scrape(("moodline_timelines_" + name)::equals).stream()
        .flatMap(snapshot -> snapshot.getDataPoints().stream())
        .mapToDouble(point -> ((CounterDataPointSnapshot) point).getValue())
        .sum();
  }

  @Test
  void eventsOfSealedFacesAreThoseOfPlainOnes() {
    List<FaceEmotion> plain = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      send(frame("plain", i));
    }
    plain.addAll(emotions.readValuesToList());
    for (int i = 0; i < 10; i++) {
      send(sealed(frame("sealed", i)));
    }
    List<FaceEmotion> events = emotions.readValuesToList();
    assertThat(plain).hasSize(10);
    assertThat(events).extracting(FaceEmotion::getScores).isEqualTo(scores(plain));
    assertThat(events).extracting(FaceEmotion::getBox).isEqualTo(boxes(plain));
    assertThat(deadLetters.isEmpty()).isTrue();
    assertThat(count("erased")).isZero();
  }

  private static List<Map<String, Float>> scores(List<FaceEmotion> events) {
    return events.stream().map(FaceEmotion::getScores).toList();
  }

  private static List<io.moodline.schemas.v1.Box> boxes(List<FaceEmotion> events) {
    return events.stream().map(FaceEmotion::getBox).toList();
  }

  @Test
  void whatIsOfAnErasedRunIsLeftOutAndCounted() {
    ring.clear();
    send(sealed(frame("run", 1)));
    send(FrameFaces.newBuilder(frame("run", 2)).setFaces(List.of()).setKeyId(key.id()).build());
    assertThat(emotions.isEmpty()).isTrue();
    assertThat(deadLetters.isEmpty()).isTrue();
    assertThat(count("erased")).isEqualTo(2);
    assertThat(count("frames")).isZero();
    assertThat(ledger("run")).isNull();
  }

  @Test
  void theLedgerOfARunThatGoesOnWithoutItsKeyAddsUp() {
    send(sealed(frame("run", 0)));
    ring.clear();
    send(sealed(frame("run", 1)));
    send(FakeFrames.endMark("lobby", "run", 2, StreamKind.LIVE, NOON.plusSeconds(1)));
    assertThat(emotions.readValuesToList()).hasSize(1);
    assertThat(ledger("run").getAnalysed()).isEqualTo(1);
    assertThat(ledger("run").getSkipped()).containsOnly(Map.entry("ERASED", 1L));
    assertThat(ledger("run").getEndOfRun().getPublished()).isEqualTo(2);
    assertThat(count("erased")).isZero();
  }

  private RunLedger ledger(String run) {
    return driver
        .<byte[], RunLedger>getKeyValueStore(EmotionTimelines.LEDGERS)
        .get(Ledgers.key("lobby", run));
  }

  @Test
  void facesOfAnotherFrameOrOfATrialAreDeadLettered() {
    FrameFaces other = sealed(frame("run", 5));
    send(FrameFaces.newBuilder(other).setSequence(6).build());
    send(SealedRecords.seal(frame("run", 7), key, SealedRecords.Faces.TRIAL));
    assertThat(deadLetters.readValuesToList())
        .extracting(DeadLetter::getReason)
        .containsExactly("BROKEN_SEAL", "BROKEN_SEAL");
    assertThat(emotions.isEmpty()).isTrue();
    send(sealed(frame("run", 8)));
    assertThat(emotions.readValuesToList()).hasSize(1);
  }

  @Test
  void nothingIsGivenUpWhileTheKeyCanNotBeHad() {
    silent = true;
    assertThatThrownBy(() -> send(sealed(frame("run", 0))))
        .isInstanceOf(StreamsException.class)
        .matches(TimelineEngine::isRecoverable, "the thread is replaced, the record read again");
    assertThat(count("frames")).isZero();
  }
}
