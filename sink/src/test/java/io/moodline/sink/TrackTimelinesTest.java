package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.Topics;
import io.moodline.schemas.TrackKey;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.TimelineWindow;
import io.moodline.schemas.v1.TrackWindow;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrackTimelinesTest {
  private static final Topics TOPICS = new Topics("moodline");
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final Duration SECOND = Steps.ALL.get(0);
  private static final Duration MINUTE = Steps.ALL.get(2);
  private static final int RATE = 5;
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
  private TestOutputTopic<byte[], FaceEmotion> emotions;
  private TestOutputTopic<byte[], byte[]> tracks;

  /** The topic as the table would hold it. */
  private final NavigableMap<byte[], byte[]> table = new TreeMap<>(Arrays::compareUnsigned);

  /** How often each key was written. */
  private final Map<TrackKey, Integer> written = new HashMap<>();

  private final TrackQueries queries =
      new TrackQueries(this::answer, new TimelineMetrics(new PrometheusRegistry()));

  @BeforeEach
  void start() {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "tracks-test");
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
    faces =
        driver.createInputTopic(
            TOPICS.faces(), new ByteArraySerializer(), new ByteArraySerializer());
    emotions =
        driver.createOutputTopic(
            TOPICS.emotions(), new ByteArrayDeserializer(), Serdes.FACE_EMOTION.deserializer());
    tracks =
        driver.createOutputTopic(
            TOPICS.trackTimelines(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void windowsOfEveryStepEqualTheBruteForceAnswerAlsoAfterLateFrames(long seed) {
    Random random = new Random(seed);
    List<FrameFaces> lobby = scene(random, "lobby", NOON.minusMillis(300));
    List<FrameFaces> film = scene(random, "film", Instant.parse("1931-05-06T23:59:40Z"));
    for (int i = 0; i < lobby.size(); i++) {
      send(lobby.get(i));
      send(film.get(i));
      if (random.nextInt(20) == 0) {
        send(film.get(i)); // again: a producer without transactions would do so
      }
    }
    send(FakeFrames.endMark("lobby", "r", lobby.size(), StreamKind.RECORDING, NOON));
    send(FakeFrames.endMark("film", "r", film.size(), StreamKind.RECORDING, NOON));
    drain();
    Map<String, List<FaceEmotion>> events = new HashMap<>();
    emotions
        .readValuesToList()
        .forEach(
            event ->
                events.computeIfAbsent(event.getStreamId(), id -> new ArrayList<>()).add(event));
    for (String stream : List.of("lobby", "film")) {
      TrackOracle oracle = new TrackOracle(events.get(stream), RATE);
      assertThat(oracle.tracks()).isGreaterThan(3);
      assertThat(late(events.get(stream))).as("late events with a track").isGreaterThan(2);
      oracle.check(queries, stream);
    }
    assertThat(written)
        .allSatisfy(
            (key, times) -> {
              if (!key.step().isZero()) {
                assertThat(times).as("a second is written once").isEqualTo(1);
              }
            });
    assertThat(stored()).as("of tracks that have ended").isZero();
  }

  /** Seconds of scenes, with many frames out of order: most a little late, some far too late. */
  private static List<FrameFaces> scene(Random random, String stream, Instant start) {
    List<FrameFaces> frames = new ArrayList<>();
    for (TrackScene.Shot shot : TrackScene.make(random.nextLong(), 4, RATE)) {
      long offset = shot.frame().getCaptureTime().toEpochMilli();
      int luck = random.nextInt(12);
      long shift = luck == 0 ? 5000 : luck < 5 ? 210 + random.nextInt(1200) : 0;
      frames.add(
          FrameFaces.newBuilder(shot.frame())
              .setStreamId(stream)
              .setRunId("r")
              .setCaptureTime(start.plusMillis(offset - shift))
              .setFaces(shot.frame().getFaces().stream().map(face -> scored(face, random)).toList())
              .build());
    }
    return frames;
  }

  private static Face scored(Face face, Random random) {
    float happy = random.nextFloat();
    List<String> reasons = random.nextInt(4) == 0 ? List.of("BLURRED", "DARK") : List.of();
    return new Face(
        face.getBox(),
        List.of(),
        face.getFaceScore(),
        List.of((1 - happy) * 0.7f, happy, (1 - happy) * 0.2f, (1 - happy) * 0.1f),
        reasons,
        null,
        false);
  }

  private static long late(List<FaceEmotion> events) {
    Instant latest = Instant.MIN;
    long late = 0;
    for (FaceEmotion event : events) {
      late += event.getTrackId() != null && event.getCaptureTime().isBefore(latest) ? 1 : 0;
      latest = StreamClocks.later(latest, event.getCaptureTime());
    }
    return late;
  }

  @Test
  void aTrackThatGoesOnIsShownUpToWhatIsFinalAndSaysWhichWindowsAreComplete() {
    for (int i = 0; i < 5 * 90; i++) {
      send(
          FakeFrames.analysed(
              "s",
              "r",
              i,
              StreamKind.LIVE,
              NOON.plusMillis(200L * i),
              FakeFrames.face(0.1f, 0.8f, 0.05f, 0.05f)));
    }
    drain();
    TrackWindow track = queries.track("s", 1).orElseThrow();
    assertThat(track.getIsFinal()).isFalse();
    assertThat(track.getStart()).isEqualTo(NOON.plusMillis(200));
    List<TimelineWindow> seconds = windows(track, SECOND);
    assertThat(seconds).hasSize(87).allMatch(TimelineWindow::getComplete);
    assertThat(windows(track, MINUTE))
        .extracting(TimelineWindow::getComplete)
        .containsExactly(true, false);
    assertThat(stored()).isEqualTo(1);

    send(FakeFrames.endMark("s", "r", 450, StreamKind.LIVE, NOON));
    drain();
    TrackWindow ended = queries.track("s", 1).orElseThrow();
    assertThat(ended.getIsFinal()).isTrue();
    assertThat(ended.getEnd()).isEqualTo(NOON.plusMillis(200L * 449));
    assertThat(windows(ended, SECOND)).hasSize(90);
    assertThat(windows(ended, MINUTE)).allMatch(TimelineWindow::getComplete);
    assertThat(windows(ended, MINUTE).get(0).getDominant()).isEqualTo("happiness");
    assertThat(stored()).isZero();
  }

  @Test
  void aLiveStreamThatFellSilentHasItsTracksWrittenToTheEnd() {
    for (int i = 0; i < 4; i++) {
      send(
          FakeFrames.analysed(
              "cam",
              "r",
              i,
              StreamKind.LIVE,
              NOON.plusMillis(200L * i),
              FakeFrames.face(1, 0, 0, 0)));
    }
    driver.advanceWallClockTime(WINDOWS.idle().plusSeconds(1));
    drain();
    assertThat(queries.track("cam", 1).orElseThrow().getIsFinal()).isTrue();
    assertThat(windows(queries.track("cam", 1).orElseThrow(), SECOND)).hasSize(1);
  }

  @Test
  void tracksArePagedNewestFirst() {
    for (int i = 0; i < 40; i++) {
      send(
          FakeFrames.analysed(
              "s",
              "r" + i / 4,
              i % 4,
              StreamKind.RECORDING,
              NOON.plusMillis(200L * i),
              FakeFrames.face(1, 0, 0, 0)));
    }
    drain();
    assertThat(queries.tracks("s", Long.MAX_VALUE, 3))
        .extracting(TrackWindow::getTrackId)
        .containsExactly(10L, 9L, 8L);
    assertThat(queries.tracks("s", 3, 10))
        .extracting(TrackWindow::getTrackId)
        .containsExactly(2L, 1L);
    assertThat(queries.tracks("s", 1, 10)).isEmpty();
    assertThat(queries.tracks("nobody", Long.MAX_VALUE, 10)).isEmpty();
    assertThat(queries.track("s", 11)).isEmpty();
  }

  private List<TimelineWindow> windows(TrackWindow track, Duration step) {
    return queries.windows(track, step, NOON.minusSeconds(7200), NOON.plusSeconds(7200), 1000);
  }

  private StoreAnswer answer(StoreQuestion question, boolean staleAllowed) {
    NavigableMap<byte[], byte[]> range = table.subMap(question.from(), true, question.to(), true);
    return new StoreAnswer(
        (question.newestFirst() ? range.descendingMap() : range)
            .values().stream().limit(question.limit()).toList(),
        false);
  }

  private void drain() {
    for (KeyValue<byte[], byte[]> record : tracks.readKeyValuesToList()) {
      TrackKey key = TrackKey.decode(record.key);
      TrackWindow window = Serdes.TRACK_WINDOW.decode(record.value);
      assertThat(key.streamId()).isEqualTo(window.getStreamId());
      assertThat(key.track()).isEqualTo(window.getTrackId());
      assertThat(key.step().toMillis()).isEqualTo(window.getStepMillis());
      table.put(record.key, record.value);
      written.merge(key, 1, Integer::sum);
    }
  }

  private int stored() {
    KeyValueStore<byte[], Object> store = driver.getKeyValueStore(EmotionTimelines.TRACK_SUMS);
    int count = 0;
    try (KeyValueIterator<byte[], Object> all = store.all()) {
      for (; all.hasNext(); all.next()) {
        count++;
      }
    }
    return count;
  }

  private void send(FrameFaces frame) {
    faces.pipeInput(
        frame.getStreamId().getBytes(StandardCharsets.UTF_8), Serdes.FRAME_FACES.encode(frame));
  }
}
