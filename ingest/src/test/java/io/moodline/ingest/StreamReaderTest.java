package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.moodline.ingest.DecodeListener.DecodeFailure;
import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.TopicSetup;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.EndReason;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.StreamStatus;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.ByteBuffer;
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
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class StreamReaderTest {
  private static final int FRAMES = 100;
  private static final Instant START = Instant.parse("2026-11-21T10:00:00Z");

  static {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
  }

  @TempDir static Path data;
  private static EmbeddedBroker broker;
  private static int tests;

  @TempDir Path home;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final FakeDecoders decoders = new FakeDecoders(FRAMES);
  private KafkaConnection kafka;
  private Ingest ingest;
  private int revision;

  @BeforeAll
  static void startBroker() {
    broker = EmbeddedBroker.start(data, 0);
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @BeforeEach
  void setUp() throws Exception {
    tests++; // a prefix of its own keeps the tests apart
    kafka = new KafkaConnection(broker.bootstrapServers(), new Topics("test" + tests), 4);
    TopicSetup.apply(kafka, 1, List.of(kafka.group("ingest"), kafka.group("analyzer")));
    Files.createDirectories(home.resolve("media"));
    byte[] head = "\0\0\0\u0018ftypisom\0\0\2\0isom".getBytes(StandardCharsets.ISO_8859_1);
    Files.write(home.resolve("media/talk.mp4"), head);
  }

  @AfterEach
  void tearDown() {
    if (ingest != null) {
      ingest.close();
    }
    assertThat(failure.get()).isNull();
    assertThat(decoders.open).as("decodings that were left open").hasValue(0);
  }

  @Test
  void publishesARecordingOnceInOrderWithItsEndMarkAndPosition() {
    start(1000);
    put(recording("talk"));
    StreamStatus status = awaitState("talk", StreamState.FINISHED);
    List<Frame> frames = frames("talk");
    assertComplete(frames, EndReason.FINISHED);
    assertThat(frames.get(7).getCaptureTime()).isEqualTo(START.plusMillis(7 * 200));
    assertThat(frames).extracting(Frame::getRunId).containsOnly(status.getRunId());
    assertThat(status.getPublished()).isEqualTo(FRAMES);
    assertThat(status.getDurationMicros()).isEqualTo(1_000_000);
  }

  @Test
  void goesOnWithTheVeryNextFrameAfterARestart() {
    start(30); // nothing is analysed, so it stops at 30 frames
    put(recording("talk"));
    await().untilAsserted(() -> assertThat(published("talk")).isEqualTo(30));
    stop();
    assertThat(frames("talk")).hasSize(30);
    start(1000);
    awaitState("talk", StreamState.FINISHED);
    assertComplete(frames("talk"), EndReason.FINISHED);
    assertThat(frames("talk"))
        .extracting(Frame::getRunId)
        .containsOnly(frames("talk").get(0).getRunId());
    stop();
    int opened = decoders.opened.get();
    start(1000);
    put(recording("other"));
    awaitState("other", StreamState.FINISHED);
    assertThat(decoders.opened).as("a finished recording is not read again").hasValue(opened + 1);
  }

  @Test
  void readsNoFurtherThanTheAnalyzerFollows() throws Exception {
    start(20);
    put(recording("talk"));
    await().untilAsserted(() -> assertThat(published("talk")).isEqualTo(20));
    await()
        .during(Duration.ofSeconds(1))
        .untilAsserted(() -> assertThat(published("talk")).isEqualTo(20));
    commitAnalysed("talk", records(kafka.topics().recordingFrames()).get(4).offset() + 1);
    await().untilAsserted(() -> assertThat(published("talk")).isEqualTo(25));
    commitAnalysed("talk", 10_000);
    awaitState("talk", StreamState.FINISHED);
    assertComplete(frames("talk"), EndReason.FINISHED);
  }

  @Test
  void letsNoMoreBytesWaitForTheAnalyzerThanAllowed() {
    decoders.pictureBytes = 150_000;
    start(1000, 1);
    put(recording("talk"));
    await().untilAsserted(() -> assertThat(published("talk")).isEqualTo(6));
    put(recording("talk").setDesiredState(DesiredState.PAUSED));
    awaitState("talk", StreamState.PAUSED);
    put(recording("talk"));
    awaitState("talk", StreamState.STREAMING);
    await()
        .during(Duration.ofSeconds(1))
        .untilAsserted(() -> assertThat(published("talk")).isEqualTo(6));
    long third = records(kafka.topics().recordingFrames()).get(2).offset();
    commitAnalysed("talk", third + 1);
    await().untilAsserted(() -> assertThat(published("talk")).isEqualTo(9));
    commitAnalysed("talk", 10_000);
    awaitState("talk", StreamState.FINISHED);
    assertComplete(frames("talk"), EndReason.FINISHED);
  }

  @Test
  void takesUpWhereADecoderDied() {
    decoders.breakAfter.addAll(List.of(10, 0, 0, 25));
    start(1000);
    put(recording("talk"));
    awaitState("talk", StreamState.FINISHED);
    assertComplete(frames("talk"), EndReason.FINISHED);
    assertThat(decoders.opened).hasValue(5);
  }

  @Test
  void givesARecordingUpThatBreaksAgainAndAgainWithoutProgress() {
    decoders.breakAfter.addAll(List.of(10, 0, 0, 0, 0, 0));
    start(1000);
    put(recording("talk"));
    StreamStatus status = awaitState("talk", StreamState.FAILED);
    assertThat(status.getReason()).isEqualTo("the decoder died");
    List<Frame> frames = frames("talk");
    assertThat(frames).hasSize(11);
    assertThat(frames.get(10).getEndOfRun().getReason()).isEqualTo(EndReason.INCOMPLETE);
    assertThat(frames.get(10).getEndOfRun().getPublished()).isEqualTo(10);
  }

  @Test
  void pausesResumesAndKeepsTheRunOverANewName() {
    start(30);
    put(recording("talk"));
    await().untilAsserted(() -> assertThat(published("talk")).isEqualTo(30));
    put(recording("talk").setDesiredState(DesiredState.PAUSED));
    awaitState("talk", StreamState.PAUSED);
    assertThat(decoders.open).hasValue(0);
    put(recording("talk").setDesiredState(DesiredState.PAUSED).setName("Another name"));
    put(recording("talk").setName("Another name"));
    commitAnalysed("talk", 10_000);
    awaitState("talk", StreamState.FINISHED);
    assertComplete(frames("talk"), EndReason.FINISHED);
  }

  @Test
  void endsTheRunOfARemovedStreamAndForgetsItsStatus() {
    start(30);
    put(recording("talk"));
    await().untilAsserted(() -> assertThat(published("talk")).isEqualTo(30));
    remove("talk");
    await().untilAsserted(() -> assertThat(status("talk")).isEmpty());
    Frame mark = frames("talk").get(30);
    assertThat(mark.getEndOfRun().getReason()).isEqualTo(EndReason.REMOVED);
    assertThat(mark.getSequence()).isEqualTo(30);
  }

  @Test
  void refusesPurposesFilesAndAddressesBeforeAnythingIsDecoded() {
    start(1000);
    put(recording("school").setPurpose("education"));
    put(recording("outside").setSource("file:/etc/passwd"));
    put(recording("missing").setSource("file:none.mp4"));
    put(live("cloud").setSource("rtsp://169.254.169.254/latest"));
    assertThat(awaitState("school", StreamState.REFUSED).getReason()).contains("Article 5(1)(f)");
    assertThat(awaitState("outside", StreamState.REFUSED).getReason()).contains("media folder");
    assertThat(awaitState("missing", StreamState.REFUSED).getReason()).contains("none.mp4");
    assertThat(awaitState("cloud", StreamState.REFUSED).getReason()).contains("169.254.169.254");
    assertThat(decoders.opened).hasValue(0);
  }

  @Test
  void looksAgainForAFileThatWasMissingWhenAskedOrTakenOver() throws Exception {
    start(1000);
    put(recording("late").setSource("file:late.mp4"));
    put(recording("later").setSource("file:later.mp4"));
    awaitState("late", StreamState.REFUSED);
    awaitState("later", StreamState.REFUSED);
    byte[] video = Files.readAllBytes(home.resolve("media/talk.mp4"));
    Files.write(home.resolve("media/late.mp4"), video);
    put(recording("late").setSource("file:late.mp4"));
    awaitState("late", StreamState.FINISHED);
    assertComplete(frames("late"), EndReason.FINISHED);
    stop();
    Files.write(home.resolve("media/later.mp4"), video);
    start(1000);
    awaitState("later", StreamState.FINISHED);
    assertComplete(frames("later"), EndReason.FINISHED);
  }

  @Test
  void keepsTheRunOfARecordingWhoseFileIsAwayForAWhile() throws Exception {
    start(30);
    put(recording("talk"));
    await().untilAsserted(() -> assertThat(published("talk")).isEqualTo(30));
    stop();
    Path file = home.resolve("media/talk.mp4");
    Path away = Files.move(file, home.resolve("talk.mp4"));
    start(1000);
    assertThat(awaitState("talk", StreamState.BACKING_OFF).getReason()).contains("not found");
    Files.move(away, file);
    put(recording("talk"));
    awaitState("talk", StreamState.FINISHED);
    assertComplete(frames("talk"), EndReason.FINISHED);
  }

  @Test
  void leavesAFinishedRecordingAloneThatIsPausedAndResumedOverARestart() {
    start(1000);
    put(recording("talk"));
    StreamStatus finished = awaitState("talk", StreamState.FINISHED);
    put(recording("talk").setDesiredState(DesiredState.PAUSED));
    awaitRevision("talk");
    stop();
    start(1000);
    put(recording("talk"));
    StreamStatus status = awaitRevision("talk");
    assertThat(status.getState()).isEqualTo(StreamState.FINISHED);
    assertThat(status.getRunId()).isEqualTo(finished.getRunId());
    assertThat(status.getPublished()).isEqualTo(FRAMES);
    assertThat(decoders.opened).hasValue(1);
  }

  @Test
  void endsTheRunOfAStreamThatWasRemovedWhileNoOneRanIt() {
    start(30);
    put(recording("talk"));
    await().untilAsserted(() -> assertThat(published("talk")).isEqualTo(30));
    stop();
    remove("talk");
    start(30);
    await().untilAsserted(() -> assertThat(status("talk")).isEmpty());
    Frame mark = frames("talk").get(30);
    assertThat(mark.getEndOfRun().getReason()).isEqualTo(EndReason.REMOVED);
    assertThat(mark.getSequence()).isEqualTo(30);
    assertThat(records(kafka.topics().recordingFrames())).hasSize(31);
  }

  @Test
  void runsAStreamAgainThatWasRemovedAndRegisteredWhileNoOneRanIt() {
    start(1000);
    put(recording("talk"));
    String first = awaitState("talk", StreamState.FINISHED).getRunId();
    stop();
    remove("talk");
    put(recording("talk").setCreatedAt(START.plusSeconds(60)));
    start(1000);
    await().untilAsserted(() -> assertThat(frames("talk")).hasSize(2 * FRAMES + 2));
    assertComplete(frames("talk").subList(0, FRAMES + 1), EndReason.FINISHED);
    assertComplete(frames("talk").subList(FRAMES + 1, 2 * FRAMES + 2), EndReason.FINISHED);
    assertThat(awaitRevision("talk").getRunId()).isNotEqualTo(first);
  }

  @Test
  void endsTheTransactionThatItLeftOpenWhenItWasKilled() throws Exception {
    try (var killed = transaction(kafka.group("ingest-test"), "lobby")) {
      start(1000);
      put(live("lobby"));
      nextLive();
      assertThatThrownBy(killed::commitTransaction).isInstanceOf(KafkaException.class);
    }
  }

  @Test
  void runsOtherPartitionsWhileOneWaitsForTheTransactionOfAnInstanceThatDied() throws Exception {
    String other = in((StreamPartition.of("lobby", 4) + 1) % 4);
    try (var died = transaction(kafka.group("ingest-another"), "lobby")) {
      put(live("lobby"));
      start(1000);
      put(recording(other));
      awaitState(other, StreamState.FINISHED);
      assertThat(status("lobby")).isEmpty();
      assertThat(decoders.live).isEmpty();
      stop();
      start(1000);
      died.abortTransaction();
      nextLive();
    }
  }

  /** A stream of a partition. */
  private static String in(int partition) {
    return IntStream.range(0, 1000)
        .mapToObj(i -> "stream" + i)
        .filter(id -> StreamPartition.of(id, 4) == partition)
        .findFirst()
        .orElseThrow();
  }

  /** Begins a transaction that holds a record of a stream's partition, and outlasts the test. */
  private KafkaProducer<byte[], byte[]> transaction(String transactionalId, String stream)
      throws Exception {
    KafkaProducer<byte[], byte[]> producer =
        kafka.producer(
            "test",
            Map.of(
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                transactionalId,
                ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                600_000));
    producer.initTransactions();
    producer.beginTransaction();
    byte[] gone = "gone".getBytes(StandardCharsets.UTF_8);
    int partition = StreamPartition.of(stream, 4);
    producer.send(new ProducerRecord<>(kafka.topics().streamStatus(), partition, gone, null)).get();
    return producer;
  }

  @Test
  void endsLiveRunsItselfWhenTheyGoToAnotherInstance() {
    start(1000);
    List<String> ids = IntStream.range(0, 4).mapToObj(StreamReaderTest::in).toList();
    ids.forEach(id -> put(live(id)));
    for (int i = 0; i < ids.size(); i++) {
      DecodeListener source = nextLive();
      source.opened(FakeDecoders.info());
      source.frame(FakeDecoders.frame(0));
    }
    await().until(() -> ids.stream().allMatch(id -> published(id) == 1));
    Ingest first = ingest;
    start("second", 1000, 32);
    try (Ingest second = ingest) {
      ingest = first;
      await().until(() -> !decoders.live.isEmpty()); // the second has taken one over
      List<Frame> marks =
          ids.stream()
              .flatMap(id -> frames(id).stream())
              .filter(frame -> frame.getEndOfRun() != null)
              .toList();
      assertThat(marks)
          .isNotEmpty()
          .extracting(mark -> mark.getEndOfRun().getMessage())
          .containsOnly("another instance takes the stream over");
    }
  }

  @Test
  void givesEachLifeOfALiveStreamARunOfItsOwn() {
    start(1000);
    put(live("lobby"));
    DecodeListener first = nextLive();
    first.opened(FakeDecoders.info());
    for (int i = 0; i < 3; i++) {
      first.frame(FakeDecoders.frame(i));
    }
    await().untilAsserted(() -> assertThat(published("lobby")).isEqualTo(3));
    first.failed(new DecodeFailure("the camera hung up", true));
    DecodeListener second = nextLive();
    second.opened(FakeDecoders.info());
    second.frame(FakeDecoders.frame(0));
    await().untilAsserted(() -> assertThat(frames("lobby")).hasSize(5));
    stop();
    List<Frame> frames = frames("lobby");
    assertThat(frames).extracting(Frame::getSequence).containsExactly(0L, 1L, 2L, 3L, 0L, 1L);
    assertThat(frames.get(3).getEndOfRun().getReason()).isEqualTo(EndReason.DISCONNECTED);
    assertThat(frames.get(3).getEndOfRun().getMessage()).isEqualTo("the camera hung up");
    assertThat(frames.get(5).getEndOfRun().getMessage()).isEqualTo("Moodline was stopped");
    assertThat(frames.get(4).getRunId()).isNotEqualTo(frames.get(0).getRunId());
    // All came at once, so time has to go slower than the pictures say, by a tenth at most.
    assertThat(Duration.between(frames.get(0).getCaptureTime(), frames.get(2).getCaptureTime()))
        .isBetween(Duration.ofMillis(360), Duration.ofMillis(400));
  }

  @Test
  void endsTheRunThatAKilledInstanceLeftOpen() {
    start(1000);
    put(live("lobby"));
    DecodeListener first = nextLive();
    first.opened(FakeDecoders.info());
    first.frame(FakeDecoders.frame(0));
    await().untilAsserted(() -> assertThat(published("lobby")).isEqualTo(1));
    StreamStatus atTheKill = status("lobby").orElseThrow();
    stop();
    send(
        kafka.topics().streamStatus(),
        "lobby",
        Serdes.STREAM_STATUS.encode(atTheKill)); // as a kill leaves it
    start(1000);
    await().untilAsserted(() -> assertThat(frames("lobby")).hasSize(3));
    assertThat(frames("lobby").get(2).getEndOfRun().getReason()).isEqualTo(EndReason.LOST);
    assertThat(frames("lobby").get(2).getSequence()).isEqualTo(1);
  }

  @Test
  void sealsAllRunsOfAStreamWithOneKeyUntilItIsThrownAway() throws Exception {
    SecretBox secrets = SecretBox.open(home.resolve("secret.key"));
    start(1000);
    put(live("lobby"));
    liveFrames(2, 2);
    stop();
    start(1000);
    liveFrames(2, 5); // after two frames and an end mark
    List<Frame> before = frames("lobby");
    for (Frame opened : SealedPictures.opened(kafka, secrets, before)) {
      if (opened.getEndOfRun() == null) {
        assertThat(opened.getJpeg())
            .isEqualTo(ByteBuffer.wrap(FakeDecoders.frame((int) opened.getSequence()).jpeg()));
      }
    }
    assertThat(before.get(3).getRunId()).isNotEqualTo(before.get(0).getRunId());
    assertThat(before).extracting(Frame::getKeyId).containsOnly(before.get(0).getKeyId());

    put(live("lobby").setDesiredState(DesiredState.PAUSED));
    awaitState("lobby", StreamState.PAUSED);
    send(kafka.topics().streamKeys(), "lobby", null);
    put(live("lobby"));
    liveFrames(2, 8);
    List<Frame> after = frames("lobby").subList(6, 8);
    assertThat(after).extracting(Frame::getKeyId).containsOnly(after.get(0).getKeyId());
    assertThat(after.get(0).getKeyId()).isNotEqualTo(before.get(0).getKeyId());
    assertThat(SealedPictures.opened(kafka, secrets, after)).hasSize(2);
    assertThat(records(kafka.topics().streamKeys()))
        .filteredOn(record -> new String(record.key(), StandardCharsets.UTF_8).equals("lobby"))
        .extracting(record -> record.value() != null)
        .containsExactly(true, false, true);
  }

  /** Opens the source that comes next, brings some frames, and waits until all are published. */
  private DecodeListener liveFrames(int count, int publishedThen) {
    DecodeListener source = nextLive();
    source.opened(FakeDecoders.info());
    for (int i = 0; i < count; i++) {
      source.frame(FakeDecoders.frame(i));
    }
    await().until(() -> frames("lobby").size() >= publishedThen);
    return source;
  }

  @Test
  void makesANewKeyInTheMiddleOfARunWhoseKeyIsThrownAway() throws Exception {
    start(1000);
    put(live("lobby"));
    DecodeListener source = liveFrames(1, 1);
    String first = frames("lobby").get(0).getKeyId();
    send(kafka.topics().streamKeys(), "lobby", null);
    AtomicInteger sent = new AtomicInteger();
    await()
        .until(
            () -> {
              source.frame(FakeDecoders.frame(sent.incrementAndGet()));
              List<Frame> frames = frames("lobby");
              return !frames.get(frames.size() - 1).getKeyId().equals(first);
            });
    List<Frame> frames = frames("lobby");
    Frame last = frames.get(frames.size() - 1);
    assertThat(last.getRunId()).isEqualTo(frames.get(0).getRunId());
    SecretBox secrets = SecretBox.open(home.resolve("secret.key"));
    assertThat(SealedPictures.opened(kafka, secrets, List.of(last))).hasSize(1);
  }

  @Test
  void deadLettersAnUnreadableSpecAndRunsTheOthers() {
    start(1000);
    send(kafka.topics().streams(), "broken", new byte[] {1, 2, 3});
    put(recording("talk"));
    awaitState("talk", StreamState.FINISHED);
    await()
        .untilAsserted(
            () ->
                assertThat(read(kafka.topics().deadLetters()))
                    .singleElement()
                    .satisfies(
                        bytes ->
                            assertThat(Serdes.DEAD_LETTER.decode(bytes).getReason())
                                .isEqualTo("UNREADABLE")));
  }

  private static void assertComplete(List<Frame> frames, EndReason reason) {
    assertThat(frames)
        .extracting(Frame::getSequence)
        .containsExactlyElementsOf(LongStream.rangeClosed(0, FRAMES).boxed().toList());
    assertThat(frames.subList(0, FRAMES))
        .extracting(Frame::getMediaTimeMicros)
        .containsExactlyElementsOf(
            IntStream.range(0, FRAMES).mapToObj(i -> i * FakeDecoders.FRAME_MICROS).toList());
    assertThat(frames.get(FRAMES).getEndOfRun().getReason()).isEqualTo(reason);
    assertThat(frames.get(FRAMES).getEndOfRun().getPublished()).isEqualTo(FRAMES);
  }

  private void start(int unanalysedFrames) {
    start(unanalysedFrames, 32);
  }

  private void start(int unanalysedFrames, int unanalysedMegabytes) {
    start("test", unanalysedFrames, unanalysedMegabytes);
  }

  private void start(String instance, int unanalysedFrames, int unanalysedMegabytes) {
    List<Setting<?>> known = Setting.all(RuntimeSettings.ALL, IngestSettings.ALL);
    Map<String, String> set = new HashMap<>();
    set.put("ingest.unanalysed.frames", Integer.toString(unanalysedFrames));
    set.put("ingest.unanalysed.megabytes", Integer.toString(unanalysedMegabytes));
    StageContext context =
        new StageContext(
            instance,
            Settings.load(home, known, Map.of(), set),
            kafka,
            new PrometheusRegistry(),
            new Health(),
            SecretBox.open(home.resolve("secret.key")),
            (thread, cause) -> failure.set(cause),
            Clock.systemUTC());
    Decoders shared =
        new Decoders() {
          @Override
          public Decoding open(DecodeOrder order, DecodeListener listener) {
            return decoders.open(order, listener);
          }

          @Override
          public void close() {}
        };
    ingest = Ingest.start(context, shared);
  }

  private void stop() {
    ingest.close();
  }

  private DecodeListener nextLive() {
    await().until(() -> !decoders.live.isEmpty());
    return decoders.live.remove();
  }

  private StreamSpec.Builder recording(String id) {
    return spec(id, "file:talk.mp4", StreamKind.RECORDING).setStart(START);
  }

  private StreamSpec.Builder live(String id) {
    return spec(id, "rtsp://127.0.0.1:1/x", StreamKind.LIVE);
  }

  private StreamSpec.Builder spec(String id, String source, StreamKind kind) {
    return StreamSpec.newBuilder()
        .setStreamId(id)
        .setName(id)
        .setLabels(Map.of())
        .setSource(SourceUri.parse(source).toString())
        .setKind(kind)
        .setTargetFramesPerSecond(5)
        .setPurpose("research")
        .setDesiredState(DesiredState.RUNNING)
        .setRevision(++revision)
        .setCreatedAt(START)
        .setUpdatedAt(START);
  }

  private void put(StreamSpec.Builder spec) {
    StreamSpec built = spec.build();
    send(kafka.topics().streams(), built.getStreamId(), Serdes.STREAM_SPEC.encode(built));
  }

  private void remove(String id) {
    send(kafka.topics().streams(), id, null);
  }

  private void send(String topic, String id, byte @Nullable [] value) {
    try (var producer = kafka.producer("test", Map.of())) {
      producer.send(
          new ProducerRecord<>(
              topic, StreamPartition.of(id, 4), id.getBytes(StandardCharsets.UTF_8), value));
    }
  }

  private void commitAnalysed(String id, long offset) {
    var partition = new TopicPartition(kafka.topics().recordingFrames(), StreamPartition.of(id, 4));
    try (var admin = kafka.admin("test")) {
      admin
          .alterConsumerGroupOffsets(
              kafka.group("analyzer"), Map.of(partition, new OffsetAndMetadata(offset)))
          .all()
          .get();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private StreamStatus awaitState(String id, StreamState state) {
    await().until(() -> status(id).filter(status -> status.getState() == state).isPresent());
    return status(id).orElseThrow();
  }

  /** Waits until the last spec that was put has been taken. */
  private StreamStatus awaitRevision(String id) {
    await().until(() -> status(id).filter(it -> it.getRevision() == revision).isPresent());
    return status(id).orElseThrow();
  }

  private long published(String id) {
    return status(id).map(StreamStatus::getPublished).orElse(0L);
  }

  private Optional<StreamStatus> status(String id) {
    StreamStatus last = null;
    for (var record : records(kafka.topics().streamStatus())) {
      if (new String(record.key(), StandardCharsets.UTF_8).equals(id)) {
        last = record.value() == null ? null : Serdes.STREAM_STATUS.decode(record.value());
      }
    }
    return Optional.ofNullable(last);
  }

  private List<Frame> frames(String id) {
    List<Frame> frames = new ArrayList<>();
    for (String topic : List.of(kafka.topics().frames(), kafka.topics().recordingFrames())) {
      for (byte[] value : read(topic)) {
        Frame frame = Serdes.FRAME.decode(value);
        if (frame.getStreamId().equals(id)) {
          frames.add(frame);
        }
      }
    }
    return frames;
  }

  private List<byte[]> read(String topic) {
    return records(topic).stream().map(record -> record.value()).toList();
  }

  private List<org.apache.kafka.clients.consumer.ConsumerRecord<byte[], byte[]>> records(
      String topic) {
    List<org.apache.kafka.clients.consumer.ConsumerRecord<byte[], byte[]>> records =
        new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.consumer("test", Map.of())) {
      List<TopicPartition> partitions =
          IntStream.range(0, 4).mapToObj(p -> new TopicPartition(topic, p)).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        consumer.poll(Duration.ofMillis(50)).forEach(records::add);
      }
    }
    return records;
  }
}
