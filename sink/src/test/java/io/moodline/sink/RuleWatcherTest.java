package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.AlertKey;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.Alert;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Rule;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RuleWatcherTest {
  private static final Topics TOPICS = new Topics("moodline");
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final List<String> LABELS = List.of("happiness", "anger");
  private static final WindowRules WINDOWS =
      new WindowRules(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofMinutes(5));
  private static final TrackRules TRACKS =
      new TrackRules(
          0.7,
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          Duration.ofSeconds(4),
          Duration.ofMillis(100));

  @TempDir Path folder;

  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> faces;
  private TestInputTopic<byte[], byte[]> rules;
  private TestInputTopic<byte[], byte[]> streams;
  private TestOutputTopic<byte[], Alert> alerts;
  private TestOutputTopic<byte[], FaceEmotion> emotions;
  private long sequence;

  @BeforeEach
  void start() {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "rules-test");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    config.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    driver =
        new TopologyTestDriver(
            EmotionTimelines.topology(
                TOPICS,
                WINDOWS,
                TRACKS,
                FakeFrames.NO_KEYS,
                new TimelineMetrics(new PrometheusRegistry())),
            config,
            NOON);
    faces = input(TOPICS.faces());
    rules = input(TOPICS.rules());
    streams = input(TOPICS.streams());
    alerts =
        driver.createOutputTopic(
            TOPICS.alerts(), new ByteArrayDeserializer(), Serdes.ALERT.deserializer());
    emotions =
        driver.createOutputTopic(
            TOPICS.emotions(), new ByteArrayDeserializer(), Serdes.FACE_EMOTION.deserializer());
  }

  private TestInputTopic<byte[], byte[]> input(String topic) {
    return driver.createInputTopic(topic, new ByteArraySerializer(), new ByteArraySerializer());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void tellsWhenARuleBeginsAndCeasesToHold() {
    rule("two", "faces >= 2 for 1s", 1);
    for (int i = 0; i < 20; i++) {
      frame("s", NOON.plusMillis(200 * i), i < 3 || i >= 12 ? 1 : 2);
    }
    assertThat(told())
        .containsExactly(
            "FIRING two 1 s " + NOON.plusMillis(1600) + " null",
            "RESOLVED two 1 s " + NOON.plusMillis(1600) + " " + NOON.plusMillis(2400));
    var kept =
        driver.createOutputTopic(
            TOPICS.alertHistory(), new ByteArrayDeserializer(), Serdes.ALERT.deserializer());
    assertThat(kept.readKeyValuesToList())
        .as("for the table: the end takes the place of the begin")
        .allSatisfy(
            it ->
                assertThat(AlertKey.decode(it.key))
                    .isEqualTo(new AlertKey("s", NOON.plusMillis(1600), "two")))
        .extracting(it -> it.value.getState().name())
        .containsExactly("FIRING", "RESOLVED");
  }

  @Test
  void looksAtTheHighestSmoothedScore() {
    rule("cross", "anger > 0.6 for 500ms", 1);
    for (int i = 0; i < 20; i++) {
      boolean blink = i == 15;
      send("s", "r", NOON.plusMillis(200 * i), scored(blink ? 0.8f : 0.1f, blink ? 0.2f : 0.9f));
    }
    assertThat(told()).singleElement().asString().startsWith("FIRING cross 1 s");
  }

  @Test
  void holdsOnStreamsWithTheLabelOnlyAndFollowsItsChange() {
    rule("lobby", "faces > 0 where tag = lobby", 1);
    spec("a", Map.of("tag", "lobby"));
    spec("b", Map.of("tag", "door"));
    for (String stream : List.of("a", "b", "c")) {
      frame(stream, NOON, 1);
    }
    assertThat(told()).containsExactly("FIRING lobby 1 a " + NOON + " null");
    spec("a", Map.of());
    spec("b", Map.of("tag", "lobby"));
    for (String stream : List.of("a", "b", "c")) {
      frame(stream, NOON.plusSeconds(1), 1);
    }
    assertThat(told())
        .containsExactlyInAnyOrder(
            "RESOLVED lobby 1 a " + NOON + " " + NOON.plusSeconds(1),
            "FIRING lobby 1 b " + NOON.plusSeconds(1) + " null");
  }

  @Test
  void aRuleThatIsChangedOrRemovedIsResolvedWithoutAFrame() {
    rule("r", "faces > 0", 1);
    frame("s", NOON, 1);
    rule("r", "faces > 0", 2);
    frame("s", NOON.plusSeconds(1), 1);
    rules.pipeInput(key("r"), (byte[]) null);
    driver.advanceWallClockTime(Duration.ofSeconds(1));
    assertThat(told())
        .containsExactly(
            "FIRING r 1 s " + NOON + " null",
            "RESOLVED r 1 s " + NOON + " " + NOON,
            "FIRING r 2 s " + NOON.plusSeconds(1) + " null",
            "RESOLVED r 2 s " + NOON.plusSeconds(1) + " " + NOON.plusSeconds(1));
    assertThat(driver.getKeyValueStore(EmotionTimelines.RULE_STATES).get("s")).isNull();
  }

  @Test
  void theEndOfARunAndTheSilenceOfALiveStreamResolveWhatHolds() {
    rule("r", "faces > 0", 1);
    frame("s", NOON, 1);
    faces.pipeInput(
        key("s"),
        Serdes.FRAME_FACES.encode(
            FakeFrames.endMark("s", "r", 1, StreamKind.LIVE, NOON.plusSeconds(1))));
    frame("t", NOON, 1);
    driver.advanceWallClockTime(WINDOWS.idle().plusSeconds(1));
    assertThat(told())
        .containsExactly(
            "FIRING r 1 s " + NOON + " null",
            "RESOLVED r 1 s " + NOON + " " + NOON,
            "FIRING r 1 t " + NOON + " null",
            "RESOLVED r 1 t " + NOON + " " + NOON);
  }

  @Test
  void nothingIsHeldOverAGapAndALateFrameChangesNothing() {
    rule("r", "faces > 0 for 4s", 1);
    frame("s", NOON, 1);
    frame("s", NOON.plusSeconds(3), 1);
    frame("s", NOON.plusSeconds(2), 0);
    frame("s", NOON.plusSeconds(9), 1);
    frame("s", NOON.plusSeconds(12), 1);
    assertThat(told()).isEmpty();
    frame("s", NOON.plusSeconds(13), 1);
    assertThat(told()).containsExactly("FIRING r 1 s " + NOON.plusSeconds(13) + " null");
  }

  @Test
  void aRecordThatIsNoRuleStopsNothing() {
    rules.pipeInput(key("bad"), new byte[] {1, 2, 3});
    rule("worse", "faces >", 1);
    rule("off", "faces > 0", 1, false);
    rule("good", "faces > 0", 1);
    frame("s", NOON, 1);
    assertThat(told()).containsExactly("FIRING good 1 s " + NOON + " null");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void alertsEqualThoseOfAPlainInterpreterOverTheEvents(long seed) {
    Random random = new Random(seed);
    Map<String, PlainRule> plain = new HashMap<>();
    for (int i = 0; i < 5; i++) {
      PlainRule made = PlainRule.random(random, 3);
      plain.put("rule" + i, made);
      rule("rule" + i, made.text(), 1);
    }
    List<Instant> times = new ArrayList<>();
    List<List<FaceEmotion>> seen = new ArrayList<>();
    Instant time = NOON;
    for (int i = 0; i < 100; i++) {
      time = time.plusMillis(random.nextInt(30) == 0 ? 6000 : 50 + 50 * random.nextInt(8));
      Face[] shown = new Face[random.nextInt(10) < 7 ? 2 : random.nextInt(4)];
      for (int n = 0; n < shown.length; n++) {
        float score = random.nextInt(4) == 0 ? 0.1f : 0.9f;
        shown[n] = face(new Box(0.1f + 0.2f * n, 0.2f, 0.1f, 0.1f), score, 1 - score);
      }
      send("s", "r", time, shown);
      times.add(time);
      seen.add(emotions.readValuesToList());
    }
    List<String> told = told();
    for (Map.Entry<String, PlainRule> rule : plain.entrySet()) {
      assertThat(told.stream().filter(it -> it.contains(" " + rule.getKey() + " ")).toList())
          .as(rule.getValue().text())
          .isEqualTo(expected(rule.getKey(), rule.getValue(), times, seen));
    }
  }

  private static List<String> expected(
      String id, PlainRule rule, List<Instant> times, List<List<FaceEmotion>> seen) {
    List<PlainRule.Frame> frames = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    Instant since = null;
    for (int i = 0; i < times.size(); i++) {
      Instant time = times.get(i);
      boolean fresh = i > 0 && Duration.between(times.get(i - 1), time).toMillis() > 5000;
      frames.add(new PlainRule.Frame(time.toEpochMilli(), fresh, values(seen.get(i))));
      boolean holds = rule.holds(frames, i);
      if (holds && since == null) {
        since = time;
        expected.add("FIRING " + id + " 1 s " + since + " null");
      } else if (!holds && since != null) {
        expected.add("RESOLVED " + id + " 1 s " + since + " " + time);
        since = null;
      }
    }
    return expected;
  }

  private static Map<String, Double> values(List<FaceEmotion> events) {
    Map<String, Double> values = new HashMap<>();
    values.put("faces", (double) events.size());
    values.put("followed", (double) events.stream().filter(it -> it.getTrackId() != null).count());
    for (String label : LABELS) {
      values.put(
          label,
          events.stream()
              .map(FaceEmotion::getSmoothedScores)
              .filter(Objects::nonNull)
              .mapToDouble(scores -> scores.get(label))
              .max()
              .orElse(0));
    }
    return values;
  }

  private void rule(String id, String expression, long revision) {
    rule(id, expression, revision, true);
  }

  private void rule(String id, String expression, long revision, boolean enabled) {
    rules.pipeInput(key(id), Serdes.RULE.encode(new Rule(id, expression, enabled, revision, NOON)));
    driver.advanceWallClockTime(Duration.ofSeconds(1));
  }

  private void spec(String id, Map<String, String> labels) {
    StreamSpec spec =
        StreamSpec.newBuilder()
            .setStreamId(id)
            .setName(id)
            .setLabels(labels)
            .setSource("webcam:0")
            .setKind(StreamKind.LIVE)
            .setTargetFramesPerSecond(5)
            .setPurpose("demo")
            .setDesiredState(DesiredState.RUNNING)
            .setRevision(1)
            .setCreatedAt(NOON)
            .setUpdatedAt(NOON)
            .build();
    streams.pipeInput(key(id), Serdes.STREAM_SPEC.encode(spec));
    driver.advanceWallClockTime(Duration.ofSeconds(1));
  }

  private void frame(String stream, Instant time, int count) {
    Face[] shown = new Face[count];
    for (int i = 0; i < count; i++) {
      shown[i] = scored(0.5f, 0.5f);
    }
    send(stream, "r", time, shown);
  }

  private static Face face(Box box, float... scores) {
    Face face = FakeFrames.face(scores);
    face.put(0, box);
    return face;
  }

  private static Face scored(float happiness, float anger) {
    return FakeFrames.face(happiness, anger);
  }

  private void send(String stream, String run, Instant time, Face... shown) {
    FrameFaces frame =
        FakeFrames.frame(stream, run, sequence++, StreamKind.LIVE, time)
            .setLabels(LABELS)
            .setFaces(List.of(shown))
            .build();
    faces.pipeInput(key(stream), Serdes.FRAME_FACES.encode(frame));
  }

  private List<String> told() {
    return alerts.readValuesToList().stream()
        .map(
            it ->
                it.getState()
                    + " "
                    + it.getRuleId()
                    + " "
                    + it.getRuleRevision()
                    + " "
                    + it.getStreamId()
                    + " "
                    + it.getStart()
                    + " "
                    + it.getEnd())
        .toList();
  }

  private static byte[] key(String id) {
    return id.getBytes(StandardCharsets.UTF_8);
  }
}
