package io.moodline.sink;

import static io.moodline.sink.FakeFrames.analysed;
import static io.moodline.sink.FakeFrames.endMark;
import static io.moodline.sink.FakeFrames.face;
import static io.moodline.sink.FakeFrames.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.EmotionSegment;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FaceTrack;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.TimelineWindow;
import io.moodline.schemas.v1.TrackEvent;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
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

class EmotionTimelinesTest {
  private static final Topics TOPICS = new Topics("moodline");
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final WindowRules RULES =
      new WindowRules(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofMinutes(5));

  private static final TrackRules TRACKS =
      new TrackRules(
          0.7,
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          Duration.ofSeconds(4),
          Duration.ofMillis(100));

  @TempDir Path folder;

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> faces;
  private TestInputTopic<byte[], byte[]> erasures;
  private TestOutputTopic<byte[], TimelineWindow> timelines;
  private TestOutputTopic<byte[], FaceEmotion> emotions;
  private TestOutputTopic<byte[], DeadLetter> deadLetters;
  private TestOutputTopic<byte[], FaceTrack> tracks;
  private TestOutputTopic<byte[], EmotionSegment> segments;

  /** The latest value of each window, as the table would show it. */
  private final Map<TimelineKey, TimelineWindow> table = new HashMap<>();

  @BeforeEach
  void start() {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "test");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    config.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    driver =
        new TopologyTestDriver(
            EmotionTimelines.topology(
                TOPICS, RULES, TRACKS, FakeFrames.NO_KEYS, new TimelineMetrics(registry)),
            config,
            NOON);
    faces =
        driver.createInputTopic(
            TOPICS.faces(), new ByteArraySerializer(), new ByteArraySerializer());
    erasures =
        driver.createInputTopic(
            TOPICS.erasures(), new ByteArraySerializer(), new ByteArraySerializer());
    timelines =
        driver.createOutputTopic(
            TOPICS.timelines(), new ByteArrayDeserializer(), Serdes.TIMELINE_WINDOW.deserializer());
    emotions =
        driver.createOutputTopic(
            TOPICS.emotions(), new ByteArrayDeserializer(), Serdes.FACE_EMOTION.deserializer());
    tracks =
        driver.createOutputTopic(
            TOPICS.tracks(), new ByteArrayDeserializer(), Serdes.FACE_TRACK.deserializer());
    segments =
        driver.createOutputTopic(
            TOPICS.segments(), new ByteArrayDeserializer(), Serdes.EMOTION_SEGMENT.deserializer());
    deadLetters =
        driver.createOutputTopic(
            TOPICS.deadLetters(), new ByteArrayDeserializer(), Serdes.DEAD_LETTER.deserializer());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void windowsEqualTheBruteForceAnswerWhateverElseIsOnThePartition(long seed) {
    Random random = new Random(seed);
    TimelineOracle oracle = new TimelineOracle(RULES.late().toMillis());
    List<List<FrameFaces>> runs = new ArrayList<>();
    runs.add(FakeFrames.run(random, "lobby", "r1", StreamKind.LIVE, NOON, 400));
    runs.add(FakeFrames.run(random, "door", "r1", StreamKind.LIVE, NOON.minusMillis(77), 300));
    runs.add(
        FakeFrames.run(
            random, "talk", "r1", StreamKind.RECORDING, Instant.EPOCH.minusSeconds(30), 400));
    runs.add(
        FakeFrames.run(
            random,
            "old-film",
            "r1",
            StreamKind.RECORDING,
            Instant.parse("1931-05-06T23:59:31Z"),
            300));
    for (FrameFaces frame : interleave(random, runs)) {
      send(frame);
      oracle.accept(frame);
      if (random.nextInt(20) == 0) {
        send(frame); // again: a producer without transactions would do so
      }
      if (random.nextInt(10) == 0) {
        driver.advanceWallClockTime(Duration.ofMillis(random.nextInt(1500)));
      }
    }
    // A second run of a stream goes on where its time stands, here and there far too late.
    for (FrameFaces frame :
        FakeFrames.run(random, "lobby", "r2", StreamKind.LIVE, NOON.plusSeconds(20), 200)) {
      Instant time = frame.getCaptureTime();
      int shift = random.nextInt(5);
      FrameFaces shifted =
          FrameFaces.newBuilder(frame)
              .setCaptureTime(
                  shift == 0 ? time.minusSeconds(120) : shift == 1 ? time.minusSeconds(3000) : time)
              .build();
      send(shifted);
      oracle.accept(shifted);
    }
    driver.advanceWallClockTime(Duration.ofSeconds(1));
    drain();
    assertThat(oracle.late()).isGreaterThan(10);
    assertThat(counter("late")).isEqualTo(oracle.late());
    assertThat(counter("missing")).isZero();
    assertThat(counter("duplicates")).isPositive();
    oracle.check(table.values());
  }

  @Test
  void aReplayOf1970DoesNotMakeALiveStreamLateNorTheOtherWayRound() {
    for (int i = 0; i < 50; i++) {
      send(analysed("live", "r", i, StreamKind.LIVE, NOON.plusMillis(200 * i)));
      send(analysed("old", "r", i, StreamKind.RECORDING, Instant.EPOCH.plusMillis(200 * i)));
    }
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(counter("late")).isZero();
    for (int second = 0; second < 10; second++) {
      assertThat(window("live", SECOND, NOON.plusSeconds(second)).getAnalysed()).isEqualTo(5);
      assertThat(window("old", SECOND, Instant.EPOCH.plusSeconds(second)).getAnalysed())
          .isEqualTo(5);
    }
    assertThat(window("old", HOUR, Instant.EPOCH).getAnalysed()).isEqualTo(50);
  }

  @Test
  void alignsWindowsBefore1970Too() {
    Instant time = Instant.parse("1969-12-31T23:59:59.999999Z");
    send(analysed("film", "r", 0, StreamKind.RECORDING, time));
    send(analysed("film", "r", 1, StreamKind.RECORDING, Instant.EPOCH));
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(window("film", SECOND, Instant.EPOCH.minusSeconds(1)).getAnalysed()).isEqualTo(1);
    assertThat(window("film", HOUR, Instant.EPOCH.minusSeconds(3600)).getAnalysed()).isEqualTo(1);
    assertThat(window("film", SECOND, Instant.EPOCH).getAnalysed()).isEqualTo(1);
    assertThat(table).hasSize(8);
  }

  @Test
  void completesAWindowWhenTheStreamHasPassedItByTheGrace() {
    send(analysed("s", "r", 0, StreamKind.LIVE, NOON));
    send(analysed("s", "r", 1, StreamKind.LIVE, NOON.plusMillis(10_999)));
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(window("s", SECOND, NOON).getComplete()).isFalse();
    send(analysed("s", "r", 2, StreamKind.LIVE, NOON.plusMillis(11_000)));
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(window("s", SECOND, NOON).getComplete()).isTrue();
    assertThat(window("s", SECOND, NOON.plusSeconds(10)).getComplete()).isFalse();
    assertThat(window("s", HOUR, NOON).getComplete()).isFalse();
  }

  @Test
  void aLateFrameRevisesACompleteWindow() {
    send(analysed("s", "r", 0, StreamKind.LIVE, NOON, face(1, 0, 0, 0)));
    send(analysed("s", "r", 1, StreamKind.LIVE, NOON.plusSeconds(60)));
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(window("s", SECOND, NOON).getDominant()).isEqualTo("neutral");
    send(
        analysed(
            "s",
            "r",
            2,
            StreamKind.LIVE,
            NOON.plusMillis(900),
            face(0, 1, 0, 0),
            face(0, 1, 0, 0)));
    driver.advanceWallClockTime(SECOND);
    drain();
    TimelineWindow revised = window("s", SECOND, NOON);
    assertThat(revised.getComplete()).isTrue();
    assertThat(revised.getAnalysed()).isEqualTo(2);
    assertThat(revised.getDominant()).isEqualTo("happiness");
    assertThat(revised.getScores().get("happiness")).isCloseTo(2 / 3.0, within(1e-9));
  }

  @Test
  void aFrameBehindTheLateLimitIsInTheLedgerOnly() {
    send(analysed("s", "r", 0, StreamKind.LIVE, NOON));
    send(analysed("s", "r", 1, StreamKind.LIVE, NOON.plusSeconds(301)));
    send(analysed("s", "r", 2, StreamKind.LIVE, NOON.plusMillis(500)));
    driver.advanceWallClockTime(SECOND);
    drain();
    RunLedger ledger = ledger("s", "r");
    assertThat(ledger.getAnalysed()).isEqualTo(3);
    assertThat(ledger.getLate()).isEqualTo(1);
    assertThat(window("s", SECOND, NOON).getAnalysed()).isEqualTo(1);
    assertThat(window("s", HOUR, NOON).getAnalysed()).isEqualTo(2);
    assertThat(counter("late")).isEqualTo(1);
  }

  @Test
  void anEndMarkCompletesAllWindowsAtOnceAndASecondOneChangesNothing() {
    for (int i = 0; i < 10; i++) {
      send(analysed("talk", "r", i, StreamKind.RECORDING, Instant.EPOCH.plusMillis(200 * i)));
    }
    send(endMark("talk", "r", 10, StreamKind.RECORDING, Instant.EPOCH.plusMillis(1800)));
    drain();
    assertThat(table).hasSize(5);
    assertThat(table.values()).allMatch(TimelineWindow::getComplete);
    assertThat(ledger("talk", "r").getEndOfRun().getPublished()).isEqualTo(10);
    send(endMark("talk", "r", 10, StreamKind.RECORDING, Instant.EPOCH.plusMillis(1800)));
    assertThat(counter("duplicates")).isEqualTo(1);
    assertThat(timelines.isEmpty()).isTrue();
  }

  @Test
  void theEndMarkOfAnOlderRunLeavesTheNewRunOpen() {
    send(analysed("s", "old", 0, StreamKind.LIVE, NOON));
    send(analysed("s", "new", 0, StreamKind.LIVE, NOON.plusMillis(300)));
    send(endMark("s", "old", 1, StreamKind.LIVE, NOON));
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(window("s", SECOND, NOON).getAnalysed()).isEqualTo(2);
    assertThat(window("s", SECOND, NOON).getComplete()).isFalse();
  }

  @Test
  void aNewRunGoesOnWithTheWindowsOfTheLastOne() {
    send(analysed("s", "r1", 0, StreamKind.LIVE, NOON));
    send(endMark("s", "r1", 1, StreamKind.LIVE, NOON));
    drain();
    assertThat(window("s", HOUR, NOON).getComplete()).isTrue();
    send(analysed("s", "r2", 0, StreamKind.LIVE, NOON.plusSeconds(2)));
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(window("s", HOUR, NOON).getAnalysed()).isEqualTo(2);
    assertThat(window("s", HOUR, NOON).getComplete()).isFalse();
    assertThat(window("s", SECOND, NOON).getComplete()).isTrue();
  }

  @Test
  void aSilentLiveStreamIsCompletedByTheWallClockAndARecordingIsNot() {
    send(analysed("live", "r", 0, StreamKind.LIVE, NOON));
    send(analysed("talk", "r", 0, StreamKind.RECORDING, NOON));
    driver.advanceWallClockTime(Duration.ofSeconds(29));
    drain();
    assertThat(window("live", SECOND, NOON).getComplete()).isFalse();
    driver.advanceWallClockTime(Duration.ofSeconds(2));
    drain();
    assertThat(window("live", SECOND, NOON).getComplete()).isTrue();
    assertThat(window("live", HOUR, NOON).getComplete()).isTrue();
    assertThat(window("talk", SECOND, NOON).getComplete()).isFalse();
  }

  @Test
  void windowsArePublishedAtMostTwiceASecond() {
    for (int i = 0; i < 100; i++) {
      send(analysed("s", "r", i, StreamKind.LIVE, NOON.plusMillis(i)));
    }
    assertThat(timelines.isEmpty()).isTrue();
    driver.advanceWallClockTime(Duration.ofMillis(500));
    assertThat(timelines.readRecordsToList()).hasSize(4);
    driver.advanceWallClockTime(Duration.ofSeconds(5));
    assertThat(timelines.isEmpty()).isTrue();
  }

  @Test
  void publishesFineWindowsBeforeCoarseOnes() {
    for (int i = 0; i < 30; i++) {
      send(analysed("s", "r", i, StreamKind.RECORDING, NOON.plusSeconds(i)));
    }
    send(endMark("s", "r", 30, StreamKind.RECORDING, NOON));
    assertThat(timelines.readValuesToList())
        .extracting(TimelineWindow::getStepMillis)
        .isSorted()
        .hasSize(30 + 3 + 1 + 1);
  }

  @Test
  void forgetsWindowsThatAreLongOver() {
    for (int i = 0; i < 2000; i++) {
      send(analysed("s", "r", i, StreamKind.LIVE, NOON.plusSeconds(i)));
    }
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(table).hasSize(2000 + 200 + 34 + 1);
    assertThat(openWindows()).isLessThan(300 + 1 + 30 + 1 + 7 + 2);
    assertThat(table.values().stream().filter(w -> w.getComplete()).count()).isGreaterThan(2200);
  }

  @Test
  void aStreamThatComesBackAfterALongSilenceGoesOnAddingToItsHour() {
    for (int i = 0; i < 100; i++) {
      send(analysed("s", "r1", i, StreamKind.RECORDING, NOON.plusSeconds(i)));
    }
    send(endMark("s", "r1", 100, StreamKind.RECORDING, NOON));
    driver.advanceWallClockTime(RULES.late().plus(RULES.idle()));
    drain();
    assertThat(openWindows()).isEqualTo(4);
    send(analysed("s", "r2", 0, StreamKind.RECORDING, NOON.plusSeconds(99)));
    send(analysed("s", "r2", 1, StreamKind.RECORDING, NOON.plusSeconds(120)));
    send(analysed("s", "r2", 2, StreamKind.RECORDING, NOON.plusSeconds(98)));
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(window("s", HOUR, NOON).getAnalysed()).isEqualTo(102);
    assertThat(window("s", SECOND, NOON.plusSeconds(99)).getAnalysed()).isEqualTo(2);
    assertThat(window("s", SECOND, NOON.plusSeconds(98)).getAnalysed()).isEqualTo(1);
    assertThat(ledger("s", "r2").getLate()).isEqualTo(1);
  }

  @Test
  void aStreamThatIsErasedWhileItRestsStopsNothing() {
    for (String stream : List.of("gone", "kept")) {
      for (int i = 0; i < 3; i++) {
        send(analysed(stream, "r1", i, StreamKind.LIVE, NOON.plusSeconds(i)));
      }
    }
    erasures.pipeInput("gone".getBytes(StandardCharsets.UTF_8), new byte[0]);
    driver.advanceWallClockTime(SECOND);
    driver.advanceWallClockTime(RULES.idle());
    driver.advanceWallClockTime(RULES.late().plus(RULES.idle()));
    drain();
    assertThat(table.keySet()).extracting(TimelineKey::streamId).containsOnly("kept");
    assertThat(openWindows()).isEqualTo(4);
    send(analysed("gone", "r2", 0, StreamKind.LIVE, NOON));
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(window("gone", HOUR, NOON).getAnalysed()).isEqualTo(1);
  }

  @Test
  void coverageIsTheShareOfTheTimeThatTheRateCovers() {
    for (int i = 0; i < 3; i++) {
      send(analysed("s", "r", i, StreamKind.LIVE, NOON.plusMillis(200 * i)));
    }
    // The rate falls to 2 per second: one frame now covers half a second.
    send(
        frame("s", "r", 3, StreamKind.LIVE, NOON.plusMillis(600))
            .setTargetFramesPerSecond(2)
            .build());
    for (int i = 4; i < 30; i++) {
      send(analysed("s", "r", i, StreamKind.LIVE, NOON.plusMillis(1000 + 20 * i)));
    }
    driver.advanceWallClockTime(SECOND);
    drain();
    assertThat(window("s", SECOND, NOON).getCoverage()).isCloseTo(1.0, within(1e-9));
    assertThat(window("s", SECOND, NOON.plusSeconds(1)).getCoverage()).isEqualTo(1.0);
    assertThat(window("s", Duration.ofSeconds(10), NOON).getCoverage())
        .isCloseTo(29 / 50.0 + 0.05, within(1e-9));
  }

  @Test
  void aWindowWithoutFacesHasNoScoresAndNoDominantLabel() {
    send(
        frame("s", "r", 0, StreamKind.LIVE, NOON)
            .setOutcome(Outcome.FAILED)
            .setReason("DECODE_ERROR")
            .setDroppedBefore(Map.of("QUEUE_FULL", 4L))
            .build());
    driver.advanceWallClockTime(SECOND);
    drain();
    TimelineWindow window = window("s", SECOND, NOON);
    assertThat(window.getCoverage()).isZero();
    assertThat(window.getScores()).isEmpty();
    assertThat(window.getDominant()).isNull();
    assertThat(window.getFailed()).isEqualTo(Map.of("DECODE_ERROR", 1L));
    assertThat(window.getDropped()).isEqualTo(Map.of("QUEUE_FULL", 4L));
  }

  @Test
  void joinsTheLabelsOfTwoModelsInOneWindow() {
    send(analysed("s", "r", 0, StreamKind.LIVE, NOON, face(0.25f, 0.75f, 0, 0)));
    send(
        frame("s", "r", 1, StreamKind.LIVE, NOON.plusMillis(200))
            .setLabels(List.of("happiness", "fear"))
            .setFaces(List.of(face(0.25f, 0.75f)))
            .build());
    driver.advanceWallClockTime(SECOND);
    drain();
    TimelineWindow window = window("s", SECOND, NOON);
    assertThat(window.getScores())
        .containsEntry("happiness", 0.5)
        .containsEntry("fear", 0.375)
        .hasSize(5);
    assertThat(window.getDominant()).isEqualTo("happiness");
  }

  @Test
  void countsDropsThatOnlyTheEndMarkReports() {
    send(analysed("s", "r", 0, StreamKind.LIVE, NOON));
    send(
        FrameFaces.newBuilder(endMark("s", "r", 1, StreamKind.LIVE, NOON.plusMillis(400)))
            .setDroppedBefore(Map.of("QUEUE_FULL", 2L))
            .build());
    drain();
    assertThat(window("s", SECOND, NOON).getDropped()).isEqualTo(Map.of("QUEUE_FULL", 2L));
    assertThat(window("s", SECOND, NOON).getComplete()).isTrue();
    assertThat(ledger("s", "r").getDropped()).isEqualTo(Map.of("QUEUE_FULL", 2L));
  }

  @Test
  void publishesOneEventPerFaceAndWithholdsLabelsWithReasons() {
    send(
        analysed(
            "s",
            "run-1",
            0,
            StreamKind.LIVE,
            NOON,
            face(0.1f, 0.2f, 0.6f, 0.1f),
            face(List.of("BLURRED", "SMALL"), 0.7f, 0.1f, 0.1f, 0.1f)));
    List<KeyValue<byte[], FaceEmotion>> events = emotions.readKeyValuesToList();
    assertThat(events)
        .extracting(event -> new String(event.key, StandardCharsets.UTF_8))
        .containsExactly("s/run-1/0/0", "s/run-1/0/1");
    FaceEmotion first = events.get(0).value;
    assertThat(first.getLabel()).isEqualTo("surprise");
    assertThat(first.getScore()).isEqualTo(0.6f);
    assertThat(first.getWithheld()).isEmpty();
    assertThat(first.getScores()).containsEntry("happiness", 0.2f).hasSize(4);
    assertThat(first.getTrackId()).isNull();
    assertThat(first.getModelDigest()).isEqualTo("00");
    FaceEmotion second = events.get(1).value;
    assertThat(second.getLabel()).isNull();
    assertThat(second.getScore()).isNull();
    assertThat(second.getWithheld()).containsExactly("BLURRED", "SMALL");
  }

  @Test
  void onlyLabelledFacesSayWhatAWindowShowsWhileScoresAreOfAll() {
    send(
        analysed(
            "s",
            "r",
            0,
            StreamKind.LIVE,
            NOON,
            face(0.6f, 0.4f, 0, 0),
            face(List.of("SMALL", "UNSURE"), 0, 1, 0, 0)));
    Face dark = face(List.of("DARK"), 1, 0, 0, 0);
    send(analysed("s", "r", 1, StreamKind.LIVE, NOON.plusMillis(1500), dark));
    driver.advanceWallClockTime(SECOND);
    drain();
    TimelineWindow mixed = window("s", SECOND, NOON);
    assertThat(mixed.getDominant()).isEqualTo("neutral");
    assertThat(mixed.getScores().get("happiness")).isCloseTo(0.7, within(1e-6));
    assertThat(mixed.getLabelled()).isEqualTo(1);
    assertThat(mixed.getWithheld()).isEqualTo(Map.of("SMALL", 1L, "UNSURE", 1L));
    TimelineWindow withheld = window("s", SECOND, NOON.plusSeconds(1));
    assertThat(withheld.getDominant()).isNull();
    assertThat(withheld.getScores()).containsEntry("neutral", 1.0);
  }

  @Test
  void publishesNoEventForAFrameThatWasCountedBefore() {
    FrameFaces frame = analysed("s", "r", 0, StreamKind.LIVE, NOON, face(1, 0, 0, 0));
    send(frame);
    send(frame);
    assertThat(emotions.readValuesToList()).hasSize(1);
    assertThat(counter("duplicates")).isEqualTo(1);
    assertThat(ledger("s", "r").getFaces()).isEqualTo(1);
  }

  @Test
  void countsFramesThatNeverCameAndGoesOn() {
    send(analysed("s", "r", 0, StreamKind.LIVE, NOON));
    send(analysed("s", "r", 4, StreamKind.LIVE, NOON.plusMillis(800)));
    send(endMark("s", "r", 7, StreamKind.LIVE, NOON.plusMillis(800)));
    assertThat(counter("missing")).isEqualTo(3 + 2);
    assertThat(ledger("s", "r").getAnalysed()).isEqualTo(2);
    assertThat(ledger("s", "r").getNextSequence()).isEqualTo(5);
  }

  @Test
  void forgetsTheAccountsOfLiveRunsThatAreLongOver() {
    for (StreamKind kind : StreamKind.values()) {
      String stream = kind.name();
      send(analysed(stream, "r1", 0, kind, NOON));
      send(endMark(stream, "r1", 1, kind, NOON));
      send(analysed(stream, "r2", 0, kind, NOON.plusSeconds(1)));
    }
    driver.advanceWallClockTime(RULES.keepLedgers().minusHours(2));
    assertThat(ledger("LIVE", "r1")).isNotNull();
    driver.advanceWallClockTime(Duration.ofHours(4));
    assertThat(ledger("LIVE", "r1")).isNull();
    assertThat(ledger("LIVE", "r2")).isNotNull();
    assertThat(ledger("RECORDING", "r1")).isNotNull();
  }

  @Test
  void keepsTheLedgerByReason() {
    Random random = new Random(9);
    List<FrameFaces> frames =
        FakeFrames.run(random, "s", "r", StreamKind.RECORDING, Instant.EPOCH, 200);
    frames.forEach(this::send);
    RunLedger ledger = ledger("s", "r");
    assertThat(Ledgers.frames(ledger)).isEqualTo(200);
    assertThat(ledger.getFaces())
        .isEqualTo(frames.stream().mapToLong(frame -> frame.getFaces().size()).sum());
    assertThat(ledger.getSkipped().get("STALE"))
        .isEqualTo(frames.stream().filter(f -> f.getOutcome() == Outcome.SKIPPED).count());
    assertThat(ledger.getFirstCaptureTime()).isEqualTo(frames.get(0).getCaptureTime());
    assertThat(ledger.getLastCaptureTime()).isEqualTo(frames.get(199).getCaptureTime());
  }

  @Test
  void unreadableRecordsGoToTheDeadLettersAndNothingStops() {
    byte[] good = Serdes.FRAME_FACES.encode(analysed("s", "r", 0, StreamKind.LIVE, NOON));
    Random random = new Random(3);
    int sent = 0;
    for (int i = 0; i < 500; i++) {
      byte[] bad = good.clone();
      bad[random.nextInt(10)] ^= (byte) (1 + random.nextInt(255));
      faces.pipeInput(key("s"), bad);
      sent++;
    }
    faces.pipeInput(key("s"), new byte[0]);
    faces.pipeInput(key("s"), (byte[]) null);
    sent += 2;
    faces.pipeInput(key("s"), good);
    List<DeadLetter> letters = deadLetters.readValuesToList();
    assertThat(letters).hasSize(sent);
    assertThat(letters)
        .allSatisfy(
            letter -> {
              assertThat(letter.getReason()).isEqualTo("UNREADABLE");
              assertThat(letter.getStage()).isEqualTo("sink");
              assertThat(letter.getTopic()).isEqualTo(TOPICS.faces());
              assertThat(letter.getSha256()).hasSize(64);
            });
    assertThat(ledger("s", "r").getAnalysed()).isEqualTo(1);
    assertThat(counter("unreadable")).isEqualTo(sent);
  }

  @Test
  void recordsThatMakeNoSenseGoToTheDeadLetters() {
    Face broken = face(0.5f, 0.5f);
    Face nan = face(Float.NaN, 1, 0, 0);
    Face silent = face();
    Face nowhere =
        new Face(
            new Box(Float.NaN, 0f, 1f, 1f),
            List.of(),
            1f,
            List.of(),
            List.of("SMALL"),
            null,
            false);
    Face flat =
        new Face(new Box(0f, 0f, 0f, 1f), List.of(), 1f, List.of(), List.of("SMALL"), null, false);
    List<FrameFaces> bad =
        List.of(
            analysed("s", "r", -1, StreamKind.LIVE, NOON),
            analysed("s", "r/x", 0, StreamKind.LIVE, NOON),
            analysed("s", "r", 0, StreamKind.LIVE, Instant.parse("-90000-01-01T00:00:00Z")),
            analysed("s", "r", 0, StreamKind.LIVE, NOON, broken),
            analysed("s", "r", 0, StreamKind.LIVE, NOON, nan),
            analysed("s", "r", 0, StreamKind.LIVE, NOON, silent),
            analysed("s", "r", 0, StreamKind.LIVE, NOON, nowhere),
            analysed("s", "r", 0, StreamKind.LIVE, NOON, flat),
            analysed("another", "r", 0, StreamKind.LIVE, NOON),
            frame("s", "r", 0, StreamKind.LIVE, NOON).setOutcome(null).build(),
            frame("s", "r", 0, StreamKind.LIVE, NOON).setTargetFramesPerSecond(0).build(),
            frame("s", "r", 0, StreamKind.LIVE, NOON)
                .setDroppedBefore(Map.of("LATE", -1L))
                .build());
    bad.forEach(frame -> faces.pipeInput(key("s"), Serdes.FRAME_FACES.encode(frame)));
    assertThat(deadLetters.readValuesToList())
        .hasSize(bad.size())
        .allSatisfy(letter -> assertThat(letter.getReason()).isEqualTo("INCONSISTENT"));
    send(analysed("s", "r", 0, StreamKind.LIVE, NOON));
    assertThat(ledger("s", "r").getNextSequence()).isEqualTo(1);
  }

  @Test
  void eventsCarryTheirTrackAndItsSmoothedScores() {
    for (int i = 0; i < 3; i++) {
      send(analysed("s", "r", i, StreamKind.LIVE, NOON.plusMillis(200 * i), face(0, 1, 0, 0)));
    }
    send(
        analysed(
            "s",
            "r",
            3,
            StreamKind.LIVE,
            NOON.plusMillis(600),
            face(List.of("BLURRED"), 1, 0, 0, 0)));
    List<FaceEmotion> events = emotions.readValuesToList();
    assertThat(events).extracting(FaceEmotion::getTrackId).containsExactly(null, 1L, 1L, 1L);
    assertThat(events.get(0).getSmoothedScores()).isNull();
    FaceEmotion last = events.get(3);
    assertThat(last.getLabel()).isNull();
    assertThat(last.getScores()).containsEntry("neutral", 1f);
    assertThat(last.getSmoothedLabel()).isEqualTo("happiness");
    assertThat(last.getSmoothedScores().get("happiness")).isGreaterThan(0.9f).isLessThan(1f);
    assertThat(tracks.readValuesToList())
        .extracting(FaceTrack::getEvent)
        .containsExactly(TrackEvent.ENTRY);
  }

  @Test
  void aRunsEndEndsItsTracksAndMakesTheirSegmentsFinal() {
    for (int i = 0; i < 10; i++) {
      send(
          analysed("s", "r1", i, StreamKind.RECORDING, NOON.plusMillis(200 * i), face(0, 1, 0, 0)));
    }
    send(endMark("s", "r1", 10, StreamKind.RECORDING, NOON.plusSeconds(2)));
    EmotionSegment last = last(segments.readValuesToList());
    assertThat(last.getIsFinal()).isTrue();
    assertThat(last.getLabel()).isEqualTo("happiness");
    assertThat(last.getStart()).isEqualTo(NOON.plusMillis(200));
    assertThat(last.getEnd()).isEqualTo(NOON.plusMillis(1800));
    assertThat(last.getMeanScore()).isEqualTo(1f);
    assertThat(tracks.readValuesToList())
        .extracting(FaceTrack::getEvent)
        .containsExactly(TrackEvent.ENTRY, TrackEvent.EXIT);
    for (int i = 0; i < 3; i++) {
      send(
          analysed("s", "r2", i, StreamKind.RECORDING, NOON.plusMillis(200 * i), face(1, 0, 0, 0)));
    }
    assertThat(segments.readKeyValuesToList())
        .extracting(record -> new String(record.key, StandardCharsets.UTF_8))
        .containsOnly("s/2/0");
    assertThat(stored(EmotionTimelines.TRACKS)).isEqualTo(1);
    assertThat(stored(EmotionTimelines.FILTERS)).isEqualTo(1);
  }

  @Test
  void aLiveStreamThatFellSilentHasItsTracksEnded() {
    for (int i = 0; i < 5; i++) {
      send(analysed("cam", "r", i, StreamKind.LIVE, NOON.plusMillis(200 * i), face(0, 1, 0, 0)));
      send(
          analysed(
              "talk", "r", i, StreamKind.RECORDING, NOON.plusMillis(200 * i), face(1, 0, 0, 0)));
    }
    driver.advanceWallClockTime(RULES.idle().plusSeconds(1));
    assertThat(tracks.readValuesToList())
        .filteredOn(track -> track.getEvent() == TrackEvent.EXIT)
        .extracting(FaceTrack::getStreamId)
        .containsExactly("cam");
    assertThat(last(segments.readValuesToList()).getIsFinal()).isTrue();
    assertThat(stored(EmotionTimelines.FILTERS)).isEqualTo(1);
  }

  @Test
  void segmentsGoOnUnderNewNumbersWhenTheModelHasOtherLabels() {
    for (int i = 0; i < 10; i++) {
      send(
          frame("s", "r", i, StreamKind.RECORDING, NOON.plusMillis(200 * i))
              .setLabels(i < 5 ? FakeFrames.LABELS : List.of("calm", "angry"))
              .setFaces(List.of(i < 5 ? face(0, 1, 0, 0) : face(0.1f, 0.9f)))
              .build());
    }
    send(endMark("s", "r", 10, StreamKind.RECORDING, NOON));
    Map<String, EmotionSegment> table = new HashMap<>();
    segments
        .readKeyValuesToList()
        .forEach(record -> table.put(new String(record.key, StandardCharsets.UTF_8), record.value));
    assertThat(table).hasSize(2);
    assertThat(table.get("s/1/0").getLabel()).isEqualTo("happiness");
    assertThat(table.get("s/1/1").getLabel()).isEqualTo("angry");
    assertThat(table.values()).allMatch(EmotionSegment::getIsFinal);
  }

  private static <T> T last(List<T> values) {
    return values.get(values.size() - 1);
  }

  private int stored(String name) {
    KeyValueStore<byte[], Object> store = driver.getKeyValueStore(name);
    int count = 0;
    try (KeyValueIterator<byte[], Object> all = store.all()) {
      for (; all.hasNext(); all.next()) {
        count++;
      }
    }
    return count;
  }

  private static List<FrameFaces> interleave(Random random, List<List<FrameFaces>> runs) {
    List<Integer> turns = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      turns.addAll(Collections.nCopies(runs.get(i).size(), i));
    }
    Collections.shuffle(turns, random);
    int[] next = new int[runs.size()];
    return turns.stream().map(turn -> runs.get(turn).get(next[turn]++)).toList();
  }

  private void send(FrameFaces frame) {
    faces.pipeInput(key(frame.getStreamId()), Serdes.FRAME_FACES.encode(frame));
  }

  private void drain() {
    for (KeyValue<byte[], TimelineWindow> record : timelines.readKeyValuesToList()) {
      TimelineKey key = TimelineKey.decode(record.key);
      assertThat(key.streamId()).isEqualTo(record.value.getStreamId());
      assertThat(key.step().toMillis()).isEqualTo(record.value.getStepMillis());
      assertThat(key.start()).isEqualTo(record.value.getStart());
      table.put(key, record.value);
    }
  }

  private TimelineWindow window(String stream, Duration step, Instant start) {
    return table.get(new TimelineKey(stream, step, start));
  }

  private RunLedger ledger(String stream, String run) {
    KeyValueStore<byte[], RunLedger> store = driver.getKeyValueStore(EmotionTimelines.LEDGERS);
    return store.get(Ledgers.key(stream, run));
  }

  private int openWindows() {
    return stored(EmotionTimelines.WINDOWS);
  }

  private double counter(String name) {
    return registry.scrape(found -> found.equals("moodline_timelines_" + name)).stream()
        .map(CounterSnapshot.class::cast)
        .flatMap(snapshot -> snapshot.getDataPoints().stream())
        .mapToDouble(point -> point.getValue())
        .sum();
  }

  private static byte[] key(String stream) {
    return stream.getBytes(StandardCharsets.UTF_8);
  }
}
