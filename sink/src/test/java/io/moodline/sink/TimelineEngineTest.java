package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.TopicSetup;
import io.moodline.runtime.UserException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.TimelineWindow;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Both applications over a real broker. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class TimelineEngineTest {
  private static final int PARTITIONS = 2;
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path folder;

  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private EmbeddedBroker broker;
  private KafkaConnection kafka;
  private Settings settings;

  @BeforeEach
  void start() throws Exception {
    broker = EmbeddedBroker.start(folder.resolve("data"), 0);
    kafka = new KafkaConnection(broker.bootstrapServers(), new Topics("moodline"), PARTITIONS);
    TopicSetup.apply(kafka, 1, List.of());
    settings = settings(Map.of());
  }

  @AfterEach
  void stop() {
    broker.close();
    assertThat(failures).isEmpty();
  }

  @Test
  void countsEachFrameOnceOverAStopInTheMiddleAndALossOfAllLocalState() throws Exception {
    Random random = new Random(7);
    List<List<FrameFaces>> runs =
        List.of(
            FakeFrames.run(random, "lobby", "r1", StreamKind.LIVE, NOON, 600),
            FakeFrames.run(random, "talk", "r1", StreamKind.RECORDING, Instant.EPOCH, 600),
            FakeFrames.run(
                random,
                "film",
                "r1",
                StreamKind.RECORDING,
                Instant.parse("1950-01-01T00:00:00Z"),
                600));
    TimelineOracle oracle = new TimelineOracle(Duration.ofHours(1).toMillis());
    runs.forEach(run -> run.forEach(oracle::accept));

    try (TimelineEngine engine = startEngine()) {
      send(runs, 0, 250);
      awaitCounted(engine, "talk", 50);
    }
    // While nothing runs, frames go on coming.
    send(runs, 250, 400);
    try (TimelineEngine engine = startEngine()) {
      for (List<FrameFaces> run : runs) {
        awaitCounted(engine, run.get(0).getStreamId(), 400);
      }
    }
    Folders.delete(folder.resolve("data").resolve("streams"));
    try (TimelineEngine engine = startEngine()) {
      // What was counted just before the stop is published now, though no frame comes.
      for (List<FrameFaces> run : runs) {
        String stream = run.get(0).getStreamId();
        await("all counted frames of " + stream + " are shown")
            .atMost(Duration.ofSeconds(60))
            .until(() -> framesShown(engine.queries(), stream), shown -> shown == 400);
      }
      send(runs, 400, 600);
      assertThat(engine.queries().settled("talk", "r1")).isFalse();
      sendEndMarks(runs);
      for (List<FrameFaces> run : runs) {
        String stream = run.get(0).getStreamId();
        await("all windows of " + stream + " are there")
            .atMost(Duration.ofSeconds(60))
            .until(() -> engine.queries().settled(stream, "r1"));
        RunLedger ledger = engine.queries().ledger(stream, "r1").orElseThrow();
        assertThat(Ledgers.frames(ledger)).isEqualTo(600);
        assertThat(ledger.getNextSequence()).isEqualTo(600);
        assertThat(engine.queries().ledgers(stream)).containsExactly(ledger);
      }
      List<TimelineWindow> windows = allWindows(engine.queries());
      oracle.check(windows);
      assertThat(windows).allMatch(TimelineWindow::getComplete);
      checkTracks(engine.tracks(), checkEvents(runs));
      checkRanges(engine.queries());
      assertThat(engine.queries().settled("talk", "no-such-run")).isFalse();
    }
  }

  @Test
  void refusesAFolderThatCanNotBeWrittenAndStartsAgainInAnother() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    settings = settings(Map.of("streams.state.folder", file.resolve("below").toString()));
    PrometheusRegistry metrics = new PrometheusRegistry();
    assertThatThrownBy(
            () -> TimelineEngine.start(context(metrics, new Health()), FakeFrames.NO_KEYS))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("streams.state.folder");
    settings = settings(Map.of("streams.state.folder", folder.resolve("other").toString()));
    TimelineEngine.start(context(metrics, new Health()), FakeFrames.NO_KEYS).close();
    TimelineEngine.start(context(metrics, new Health()), FakeFrames.NO_KEYS).close();
    assertThat(folder.resolve("other")).isDirectory();
  }

  @Test
  void saysThatItIsNotReadyBeforeTheStoresAreThere() {
    try (TimelineEngine engine =
        TimelineEngine.start(context(new PrometheusRegistry(), new Health()), FakeFrames.NO_KEYS)) {
      assertThatThrownBy(() -> engine.queries().ledger("lobby", "r"))
          .isInstanceOf(NotReadyException.class);
      assertThatThrownBy(() -> engine.queries().extent("lobby"))
          .isInstanceOf(NotReadyException.class);
    }
  }

  private static void awaitCounted(TimelineEngine engine, String stream, long frames) {
    await(frames + " frames of " + stream + " are counted")
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(10))
        .ignoreException(NotReadyException.class) // a member answers from its first heartbeat on
        .until(
            () -> engine.queries().ledger(stream, "r1").map(Ledgers::frames).orElse(0L),
            counted -> counted >= frames);
  }

  private static long framesShown(TimelineQueries queries, String stream) {
    return queries
        .windows(stream, Duration.ofSeconds(1), Instant.MIN, Instant.MAX, Integer.MAX_VALUE)
        .stream()
        .mapToLong(
            window ->
                window.getAnalysed()
                    + Ledgers.sum(window.getSkipped())
                    + Ledgers.sum(window.getFailed()))
        .sum();
  }

  @Test
  void replacesAThreadAfterALostRaceAndStopsTheProcessAfterABug() {
    assertThat(
            TimelineEngine.isRecoverable(
                new StreamsException("commit", new ProducerFencedException("fenced"))))
        .isTrue();
    assertThat(TimelineEngine.isRecoverable(new StreamsException(new TimeoutException("slow"))))
        .isTrue();
    assertThat(TimelineEngine.isRecoverable(new StreamsException(new IllegalStateException("bug"))))
        .isFalse();
  }

  private void checkRanges(TimelineQueries queries) {
    Duration second = Duration.ofSeconds(1);
    List<TimelineWindow> all =
        queries.windows("talk", second, Instant.MIN, Instant.MAX, Integer.MAX_VALUE);
    Instant first = all.get(0).getStart();
    Instant third = all.get(2).getStart();
    assertThat(queries.windows("talk", second, first, third, 10)).isEqualTo(all.subList(0, 2));
    assertThat(queries.windows("talk", second, first.plusNanos(1), third.plusNanos(1), 10))
        .isEqualTo(all.subList(1, 3));
    assertThat(queries.windows("talk", second, Instant.MIN, Instant.MAX, 3))
        .isEqualTo(all.subList(0, 3));
    assertThat(queries.windows("talk", second, third, first, 10)).isEmpty();
    assertThat(queries.latest("talk", second)).contains(all.get(all.size() - 1));
    assertThat(queries.extent("talk"))
        .contains(
            new TimelineQueries.Extent(first, all.get(all.size() - 1).getStart().plus(second)));
    assertThat(queries.latest("tal", second)).isEmpty();
    assertThat(queries.extent("nobody")).isEmpty();
    assertThat(queries.ledgers("tal")).isEmpty();
  }

  /** Events are those of a pass that nothing interrupted, tracks and smoothed scores included. */
  private List<FaceEmotion> checkEvents(List<List<FrameFaces>> runs) {
    Map<String, FaceEmotion> expected = new HashMap<>();
    for (FaceEmotion event : Uninterrupted.events(kafka.topics(), settings, runs)) {
      expected.put(text(FaceEvents.key(event)), event);
    }
    Map<String, FaceEmotion> found = new HashMap<>();
    int[] records = {0};
    try (var consumer = kafka.consumer("test", Map.of())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 0; i < PARTITIONS; i++) {
        partitions.add(new TopicPartition(kafka.topics().emotions(), i));
      }
      consumer.assign(partitions);
      await("all events are there")
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> {
                for (ConsumerRecord<byte[], byte[]> record :
                    consumer.poll(Duration.ofMillis(200))) {
                  records[0]++;
                  found.put(text(record.key()), Serdes.FACE_EMOTION.decode(record.value()));
                }
                return records[0] >= expected.size();
              });
      consumer.poll(Duration.ofMillis(500)).forEach(record -> records[0]++);
    }
    assertThat(records[0]).isEqualTo(expected.size());
    assertThat(found.keySet()).isEqualTo(expected.keySet());
    List<FaceEmotion> all = List.copyOf(found.values());
    // A live stream's tracks also end by the clock on the wall.
    found.values().removeIf(event -> event.getKind() == StreamKind.LIVE);
    assertThat(found).allSatisfy((key, event) -> assertThat(event).isEqualTo(expected.get(key)));
    assertThat(found.values()).anyMatch(event -> event.getTrackId() != null);
    return all;
  }

  /** Whatever was interrupted, tracks show what the events say that went out. */
  private static void checkTracks(TrackQueries tracks, List<FaceEmotion> events) {
    for (String stream : List.of("lobby", "talk", "film")) {
      TrackOracle oracle =
          new TrackOracle(
              events.stream().filter(event -> event.getStreamId().equals(stream)).toList(), 5);
      assertThat(oracle.tracks()).isPositive();
      await("the table holds all tracks of " + stream)
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(() -> oracle.check(tracks, stream));
    }
  }

  private static List<TimelineWindow> allWindows(TimelineQueries queries) {
    List<TimelineWindow> windows = new ArrayList<>();
    for (String stream : List.of("lobby", "talk", "film")) {
      for (Duration step : Steps.ALL) {
        windows.addAll(queries.windows(stream, step, Instant.MIN, Instant.MAX, Integer.MAX_VALUE));
      }
    }
    return windows;
  }

  private TimelineEngine startEngine() {
    Health health = new Health();
    TimelineEngine engine =
        TimelineEngine.start(context(new PrometheusRegistry(), health), FakeFrames.NO_KEYS);
    await("both applications run").atMost(Duration.ofSeconds(120)).until(health::isReady);
    await("both applications answer")
        .atMost(Duration.ofSeconds(60))
        .ignoreException(NotReadyException.class)
        .until(
            () -> {
              engine.queries().ledger("lobby", "r1");
              engine.queries().extent("lobby");
              return true;
            });
    return engine;
  }

  private StageContext context(PrometheusRegistry metrics, Health health) {
    return new StageContext(
        "test",
        settings,
        kafka,
        metrics,
        health,
        SecretBox.open(folder.resolve("key")),
        (thread, failure) -> failures.add(failure),
        Clock.systemUTC());
  }

  private Settings settings(Map<String, String> more) {
    Map<String, String> overrides = new HashMap<>(more);
    overrides.put("data.folder", folder.resolve("data").toString());
    return Settings.load(
        folder, Setting.all(RuntimeSettings.ALL, TimelineSettings.ALL), Map.of(), overrides);
  }

  private void send(List<List<FrameFaces>> runs, int from, int to) {
    try (KafkaProducer<byte[], byte[]> producer = kafka.producer("test", Map.of())) {
      for (int i = from; i < to; i++) {
        for (List<FrameFaces> run : runs) {
          send(producer, run.get(i));
        }
      }
    }
  }

  private void sendEndMarks(List<List<FrameFaces>> runs) {
    try (KafkaProducer<byte[], byte[]> producer = kafka.producer("test", Map.of())) {
      for (List<FrameFaces> run : runs) {
        FrameFaces last = run.get(run.size() - 1);
        send(
            producer,
            FakeFrames.endMark(
                last.getStreamId(),
                last.getRunId(),
                run.size(),
                last.getKind(),
                last.getCaptureTime()));
      }
    }
  }

  private void send(KafkaProducer<byte[], byte[]> producer, FrameFaces frame) {
    producer.send(
        new ProducerRecord<>(
            kafka.topics().faces(),
            frame.getStreamId().getBytes(StandardCharsets.UTF_8),
            Serdes.FRAME_FACES.encode(frame)));
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
