package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.TopicSetup;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.EndReason;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.SamplingMode;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole stage: a real broker, real decoder children, real video. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class IngestTest {
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final SyntheticClip CLIP = Clips.numbered(12);
  private static final int FRAMES = 300;
  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");

  @TempDir static Path data;
  @TempDir static Path home;
  private static EmbeddedBroker broker;
  private static int tests;

  private final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();
  private final Health health = new Health();
  private KafkaConnection kafka;

  @BeforeAll
  static void startBroker() throws Exception {
    broker = EmbeddedBroker.start(data, 0);
    Files.createDirectories(home.resolve("media"));
    CLIP.write(home.resolve("media/clip.mp4"));
    byte[] whole = Files.readAllBytes(home.resolve("media/clip.mp4"));
    Path fast = home.resolve("media/fast.mp4");
    Clips.ffmpeg(
        fast,
        "-i",
        home.resolve("media/clip.mp4").toString(),
        "-c",
        "copy",
        "-movflags",
        "+faststart");
    Files.write(
        home.resolve("media/cut.mp4"),
        Arrays.copyOf(Files.readAllBytes(fast), whole.length * 6 / 10));
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @BeforeEach
  void setUp() throws Exception {
    tests++;
    kafka = new KafkaConnection(broker.bootstrapServers(), new Topics("ingest" + tests), 4);
    TopicSetup.apply(kafka, 1, List.of(kafka.group("ingest"), kafka.group("analyzer")));
  }

  @AfterEach
  void noThreadFailed() {
    assertThat(bugs).isEmpty();
  }

  @Test
  void publishesEachFrameOfARecordingWithItsTime() throws Exception {
    put("talk", "clip.mp4", 25);
    try (Ingest ingest = Ingest.start(context(Map.of("ingest.decoder.hardware", "auto")))) {
      awaitEnd("talk");
      await().atMost(PATIENCE).until(() -> decoding().startsWith("auto is asked for; "));
    }
    assertThat(decoding()).contains(HardwareDevices.names());
    List<Frame> frames = opened(frames("talk"));
    assertThat(frames).hasSize(FRAMES + 1);
    for (int i = 0; i < FRAMES; i++) {
      Frame frame = frames.get(i);
      assertThat(frame.getSequence()).isEqualTo(i);
      assertThat(frame.getMediaTimeMicros()).isEqualTo(i * 40_000L);
      assertThat(frame.getCaptureTime()).isEqualTo(START.plusMillis(i * 40L));
      assertThat(frame.getDroppedBefore()).isEmpty();
      byte[] jpeg = SealedRecords.jpeg(frame, null);
      assertThat(CLIP.numberOn(Clips.decode(jpeg))).isEqualTo(i);
    }
    assertThat(frames.get(FRAMES).getEndOfRun().getReason()).isEqualTo(EndReason.FINISHED);
    assertThat(frames.get(FRAMES).getEndOfRun().getPublished()).isEqualTo(FRAMES);
    assertThat(health.parts()).anyMatch(part -> part.name().equals("ingest"));
  }

  @Test
  void publishesEachFrameOnceOverStopsAndKills() throws Exception {
    put("whole", "clip.mp4", 25);
    try (Ingest ingest = Ingest.start(context())) {
      awaitEnd("whole");
    }
    put("broken", "clip.mp4", 25);
    // Each look at the topic lets 20 more frames in, so the run cannot be over before its last
    // stop.
    Map<String, String> slow = Map.of("ingest.unanalysed.frames", "20");
    int before = 0;
    for (int round = 0; round < 3; round++) {
      try (Ingest ingest = Ingest.start(context(slow))) {
        int enough = before + 20;
        await().atMost(PATIENCE).until(() -> frames("broken").size() >= enough);
        if (round == 1) {
          // kill -9 of the decoder children, and on in the same process.
          ProcessHandle.current()
              .children()
              .filter(child -> child.info().command().orElse("").endsWith("java"))
              .forEach(ProcessHandle::destroyForcibly);
          int more = frames("broken").size() + 20;
          await().atMost(PATIENCE).until(() -> frames("broken").size() >= more || ended("broken"));
        }
      }
      before = frames("broken").size();
    }
    try (Ingest ingest = Ingest.start(context())) {
      awaitEnd("broken");
    }
    List<Frame> broken = frames("broken");
    assertThat(broken).hasSize(FRAMES + 1);
    for (int i = 0; i <= FRAMES; i++) {
      assertThat(broken.get(i).getSequence()).isEqualTo(i);
    }
    assertThat(digest(broken)).isEqualTo(digest(frames("whole")));
    assertThat(broken).extracting(Frame::getRunId).containsOnly(broken.get(0).getRunId());
  }

  @Test
  void accountsForThePicturesInWhichNothingMoves() throws Exception {
    new SyntheticClip(320, 240, 25, 3, false, List.of()).write(home.resolve("media/still.mp4"));
    StreamSpec still = spec("still", "file:still.mp4", StreamKind.RECORDING, 5);
    still.put("sampling", SamplingMode.MOTION);
    put(still);
    try (Ingest ingest = Ingest.start(context())) {
      awaitEnd("still");
    }
    List<Frame> frames = frames("still");
    assertThat(frames)
        .extracting(Frame::getMediaTimeMicros)
        .containsExactly(0L, 800_000L, 1_600_000L, 2_400_000L, 2_800_000L, 2_800_000L);
    assertThat(frames)
        .extracting(Frame::getDroppedBefore)
        .containsExactly(
            Map.of(),
            Map.of("NO_MOTION", 3L),
            Map.of("NO_MOTION", 3L),
            Map.of("NO_MOTION", 3L),
            Map.of("NO_MOTION", 1L),
            Map.of());
    assertThat(frames.subList(0, 5))
        .extracting(Frame::getTargetFramesPerSecond)
        .containsExactly(5.0, 1.25, 1.25, 1.25, 2.5);
    var end = frames.get(5).getEndOfRun();
    assertThat(end.getPublished()).isEqualTo(5);
    assertThat(end.getDropped()).as("15 were due").isEqualTo(Map.of("NO_MOTION", 10L));
  }

  @Test
  void endsARecordingThatBreaksOffAsIncomplete() throws Exception {
    put("cut", "cut.mp4", 25);
    try (Ingest ingest = Ingest.start(context())) {
      awaitEnd("cut");
    }
    List<Frame> frames = frames("cut");
    var end = frames.get(frames.size() - 1).getEndOfRun();
    assertThat(end.getReason()).isEqualTo(EndReason.INCOMPLETE);
    assertThat(end.getMessage()).contains("cut.mp4").contains("breaks off");
    assertThat(end.getPublished()).isEqualTo(frames.size() - 1).isBetween(100L, 250L);
  }

  @Test
  void reconnectsACameraAndGivesEachConnectionARunOfItsOwn() throws Exception {
    RtspServer.assumeInstalled();
    try (RtspServer server = RtspServer.start(home.resolve("media/clip.mp4"), 0);
        Ingest ingest = Ingest.start(context())) {
      put(spec("door", "rtsp://127.0.0.1:" + server.port() + "/clip", StreamKind.LIVE, 5));
      await().atMost(PATIENCE).until(() -> runs("door").size() >= 2);
      ProcessHandle.current()
          .children()
          .filter(child -> child.info().command().orElse("").endsWith("java"))
          .forEach(ProcessHandle::destroyForcibly);
      await().atMost(PATIENCE).until(() -> runs("door").size() >= 3);
    }
    List<Frame> all = frames(kafka.topics().frames(), "door");
    Map<String, List<Frame>> runs = runs("door");
    Instant last = Instant.MIN;
    for (List<Frame> run : runs.values()) {
      Frame end = run.get(run.size() - 1);
      assertThat(end.getEndOfRun()).isNotNull();
      assertThat(end.getEndOfRun().getReason()).isEqualTo(EndReason.DISCONNECTED);
      assertThat(end.getEndOfRun().getPublished()).isEqualTo(run.size() - 1);
      for (int i = 0; i < run.size() - 1; i++) {
        assertThat(run.get(i).getSequence()).isEqualTo(i);
        assertThat(run.get(i).getCaptureTime()).isAfter(last);
        last = run.get(i).getCaptureTime();
      }
    }
    List<Frame> firstRun = runs.values().iterator().next();
    assertThat(firstRun).hasSizeGreaterThan(50);
    // No frame of an old run after the first of a new one.
    List<String> order = all.stream().map(Frame::getRunId).toList();
    assertThat(
            IntStream.range(1, order.size())
                .filter(i -> !order.get(i).equals(order.get(i - 1)))
                .count())
        .isEqualTo(runs.size() - 1);
  }

  private Map<String, List<Frame>> runs(String id) {
    Map<String, List<Frame>> runs = new LinkedHashMap<>();
    for (Frame frame : frames(kafka.topics().frames(), id)) {
      runs.computeIfAbsent(frame.getRunId(), run -> new ArrayList<>()).add(frame);
    }
    return runs;
  }

  /** What the health report says of decoding. */
  private String decoding() {
    return health.parts().stream()
        .filter(part -> part.name().equals("decoding"))
        .map(Health.Part::reason)
        .findFirst()
        .orElse("");
  }

  private StageContext context() {
    return context(Map.of());
  }

  private StageContext context(Map<String, String> settings) {
    return new StageContext(
        UUID.randomUUID().toString(),
        Settings.load(
            home, Setting.all(RuntimeSettings.ALL, IngestSettings.ALL), Map.of(), settings),
        kafka,
        new PrometheusRegistry(),
        health,
        SecretBox.open(home.resolve("secret.key")),
        (name, cause) -> bugs.add(cause),
        Clock.systemUTC());
  }

  private void put(String id, String file, double rate) throws Exception {
    put(spec(id, "file:" + file, StreamKind.RECORDING, rate));
  }

  private static StreamSpec spec(String id, String source, StreamKind kind, double rate) {
    return StreamSpec.newBuilder()
        .setStreamId(id)
        .setName(id)
        .setLabels(Map.of())
        .setSource(source)
        .setKind(kind)
        .setStart(START)
        .setTargetFramesPerSecond(rate)
        .setPurpose("demo")
        .setDesiredState(DesiredState.RUNNING)
        .setRevision(1)
        .setCreatedAt(START)
        .setUpdatedAt(START)
        .build();
  }

  private void put(StreamSpec spec) throws Exception {
    String id = spec.getStreamId();
    try (var producer = kafka.producer("test", Map.of())) {
      producer
          .send(
              new ProducerRecord<>(
                  kafka.topics().streams(),
                  StreamPartition.of(id, 4),
                  id.getBytes(StandardCharsets.UTF_8),
                  Serdes.STREAM_SPEC.encode(spec)))
          .get();
    }
  }

  private void awaitEnd(String id) {
    await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).until(() -> ended(id));
  }

  private boolean ended(String id) {
    List<Frame> frames = frames(id);
    return !frames.isEmpty() && frames.get(frames.size() - 1).getEndOfRun() != null;
  }

  /** What is committed of a stream; commits as the analyzer, so that flow control lets more in. */
  private List<Frame> frames(String id) {
    return frames(kafka.topics().recordingFrames(), id);
  }

  private List<Frame> frames(String topic, String id) {
    List<Frame> frames = new ArrayList<>();
    var partition = new TopicPartition(topic, StreamPartition.of(id, 4));
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.consumer("test", Map.of());
        Admin admin = kafka.admin("test")) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        consumer
            .poll(Duration.ofMillis(200))
            .forEach(
                record -> {
                  if (new String(record.key(), StandardCharsets.UTF_8).equals(id)) {
                    frames.add(Serdes.FRAME.decode(record.value()));
                  }
                });
      }
      admin
          .alterConsumerGroupOffsets(
              kafka.group("analyzer"), Map.of(partition, new OffsetAndMetadata(end)))
          .all()
          .get();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
    return frames;
  }

  private List<Frame> opened(List<Frame> frames) throws Exception {
    return SealedPictures.opened(kafka, SecretBox.open(home.resolve("secret.key")), frames);
  }

  private String digest(List<Frame> frames) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (Frame frame : opened(frames)) {
      digest.update(
          (frame.getSequence() + " " + frame.getMediaTimeMicros() + " " + frame.getCaptureTime())
              .getBytes(StandardCharsets.UTF_8));
      digest.update(frame.getJpeg().duplicate());
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
