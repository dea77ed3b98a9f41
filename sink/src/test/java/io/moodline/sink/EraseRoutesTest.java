package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.DataKey;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.StreamKeys;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.StreamKey;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamState;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Over the real timelines, and down to the broker's files. */
@Timeout(value = 900, unit = TimeUnit.SECONDS)
class EraseRoutesTest {
  private static final int FRAMES = 60;
  private static final Pattern KEPT =
      Pattern.compile(
          "moodline\\.(emotions|tracks|segments|timelines|track-timelines|alert-history)\\..*");

  private static final Pattern FACES = Pattern.compile("moodline\\.faces\\..*");
  private static final Pattern EMOTIONS = Pattern.compile("moodline\\.emotions\\..*");
  private static final Pattern KEYS = Pattern.compile("moodline\\.stream-keys\\..*");
  private static final float[] SCORES = {0.1f, 0.8f, 0.05f, 0.05f};

  @TempDir static Path home;
  static ApiFixture api;
  static StreamKeys keys;

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of(), true);
    var topics = api.stage.kafka().topics();
    compactSoon(
        topics.emotions(),
        topics.tracks(),
        topics.segments(),
        topics.timelines(),
        topics.trackTimelines(),
        topics.alertHistory(),
        topics.streamKeys());
    keys =
        StreamKeys.start(
            "test",
            api.stage.kafka(),
            api.stage.secrets(),
            (thread, cause) -> api.failures.add(cause));
  }

  @AfterAll
  static void stop() {
    keys.close();
    api.close();
    assertThat(api.failures).isEmpty();
  }

  /** What takes hours in earnest takes moments here. */
  private static void compactSoon(String... topics) throws Exception {
    try (Admin admin = api.stage.kafka().admin("test")) {
      Map<ConfigResource, java.util.Collection<AlterConfigOp>> changes = new java.util.HashMap<>();
      for (String topic : topics) {
        changes.put(
            new ConfigResource(ConfigResource.Type.TOPIC, topic),
            List.of(
                set("segment.ms", "1000"),
                set("min.cleanable.dirty.ratio", "0.001"),
                set("max.compaction.lag.ms", "1000"),
                set("delete.retention.ms", "0"),
                set("file.delete.delay.ms", "0")));
      }
      changes.put(
          new ConfigResource(ConfigResource.Type.BROKER, ""),
          List.of(set("log.cleaner.backoff.ms", "200")));
      admin.incrementalAlterConfigs(changes).all().get();
    }
  }

  private static AlterConfigOp set(String name, String value) {
    return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
  }

  /** A finished run of a stream that nobody registered any more. */
  private static String run(String stream) throws Exception {
    String run = UUID.randomUUID().toString();
    DataKey key = keys.current(stream).orElse(null);
    if (key == null) {
      key = DataKey.create(stream);
      sendKey(keys.record(key, Instant.EPOCH));
    }
    for (int i = 0; i < FRAMES; i++) {
      send(stream, sealed(key, run, i));
    }
    send(
        stream,
        Serdes.FRAME_FACES.encode(
            FakeFrames.endMark(
                stream, run, FRAMES, StreamKind.RECORDING, Instant.ofEpochMilli(200L * FRAMES))));
    await()
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .until(() -> api.sink().queries().settled(stream, run));
    return run;
  }

  /** A frame with a face, as the analyzer writes it. */
  private static byte[] sealed(DataKey key, String run, int sequence) {
    FrameFaces frame =
        FakeFrames.analysed(
            key.streamId(),
            run,
            sequence,
            StreamKind.RECORDING,
            Instant.ofEpochMilli(sequence * 200L),
            FakeFrames.face(SCORES));
    return Serdes.FRAME_FACES.encode(SealedRecords.seal(frame, key, SealedRecords.Faces.IN_USE));
  }

  private static void sendKey(StreamKey key) throws Exception {
    byte[] stream = key.getStreamId().getBytes(StandardCharsets.UTF_8);
    String topic = api.stage.kafka().topics().streamKeys();
    api.send(topic, key.getStreamId(), stream, Serdes.STREAM_KEY.encode(key));
  }

  /** As a plain record of faces.v1 would have them. */
  private static byte[] scores() {
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    for (float score : SCORES) {
      bytes.putFloat(score);
    }
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  /** One of them as an event has it: by its label. */
  private static byte[] happiness() {
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put("happiness".getBytes(StandardCharsets.UTF_8)).putFloat(SCORES[1]);
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  private static void send(String stream, byte[] value) throws Exception {
    api.send(
        api.stage.kafka().topics().faces(), stream, stream.getBytes(StandardCharsets.UTF_8), value);
  }

  /** The log files of topics that are kept long that hold a text. */
  private static List<String> filesWith(String text) throws IOException {
    return files().with(KEPT, text.getBytes(StandardCharsets.UTF_8));
  }

  private static LogFiles files() {
    return new LogFiles(home.resolve("data"));
  }

  @Test
  void takesAStreamOutOfAnswersStoresTopicsAndFiles() throws Exception {
    String gone = "gone-stream";
    String kept = "kept-stream";
    run(gone);
    run(kept);
    FakeAlerts.send(api, FakeAlerts.alert(gone, "loud", Instant.EPOCH, null));
    FakeAlerts.send(api, FakeAlerts.alert(kept, "loud", Instant.EPOCH, null));
    await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> !api.sink().alerts().hasNone(gone) && !api.sink().alerts().hasNone(kept));
    assertThat(filesWith(gone)).as("before").hasSizeGreaterThanOrEqualTo(3);

    var answer = api.delete("/api/v1/streams/" + gone + "/data");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonNode receipt = ApiFixture.json(answer);
    api.description().check("Erasure", receipt);
    assertThat(receipt.at("/removed/moodline.emotions.v1").asInt()).isEqualTo(FRAMES);
    assertThat(receipt.at("/removed/moodline.timelines.v1").asInt()).isGreaterThanOrEqualTo(15);
    assertThat(receipt.at("/removed/moodline.segments.v1").asInt()).isPositive();
    assertThat(receipt.at("/removed/moodline.track-timelines.v1").asInt()).isGreaterThan(10);
    assertThat(receipt.at("/removed/moodline.alert-history.v1").asInt()).isEqualTo(1);
    assertThat(receipt.at("/removed/moodline.stream-keys.v1").asInt()).isEqualTo(1);
    assertThat(receipt.get("remains").toString()).contains("faces.v1", "stream-keys.v1");

    var timelines = api.sink().queries();
    assertThat(timelines.extent(gone)).isEmpty();
    assertThat(timelines.ledgers(gone)).isEmpty();
    assertThat(api.sink().alerts().hasNone(gone)).isTrue();
    assertThat(api.sink().alerts().hasNone(kept)).isFalse();
    assertThat(timelines.extent(kept)).isPresent();
    assertThat(timelines.ledgers(kept)).hasSize(1);
    JsonNode again = ApiFixture.json(api.delete("/api/v1/streams/" + gone + "/data"));
    assertThat(again.at("/removed/moodline.emotions.v1").asInt())
        .as("what is not compacted yet is found again at most")
        .isLessThanOrEqualTo(FRAMES);

    await()
        .atMost(Duration.ofMinutes(8))
        .pollInterval(Duration.ofSeconds(2))
        .untilAsserted(
            () -> {
              SegmentCloser.look(api.stage);
              assertThat(filesWith(gone)).isEmpty();
            });
    assertThat(filesWith(kept)).isNotEmpty();
  }

  /** What lies in the logs of faces is worth nothing without the key, and the key goes. */
  @Test
  void throwsTheStreamsKeyAway() throws Exception {
    DataKey key = DataKey.create("sealed-stream");
    StreamKey record = keys.record(key, Instant.EPOCH);
    byte[] sealedKey = record.getSealedKey().array();
    sendKey(record);
    String run = run(key.streamId());
    assertThat(files().with(KEYS, sealedKey)).as("the search finds what is there").isNotEmpty();
    assertThat(files().with(EMOTIONS, happiness())).as("the public event").isNotEmpty();
    assertThat(files().with(FACES, scores())).isEmpty();

    var answer = api.delete("/api/v1/streams/sealed-stream/data");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(keys.current(key.streamId())).isEmpty();
    assertThat(keys.find(key.streamId(), key.id())).isEmpty();
    await("nothing else is written to the partition")
        .atMost(Duration.ofMinutes(8))
        .pollInterval(Duration.ofSeconds(1))
        .untilAsserted(() -> assertThat(files().with(KEYS, sealedKey)).isEmpty());

    send(key.streamId(), sealed(key, run, 0)); // as if its offset had been lost: read again
    String after = run(key.streamId());
    assertThat(api.sink().queries().ledgers(key.streamId()))
        .extracting(RunLedger::getRunId)
        .containsExactly(after);
  }

  @Test
  void takesOneTrackOut() throws Exception {
    api.put("/api/v1/streams/tracked", "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
    checkTimeline(run("tracked"));
    run("tracked");
    api.delete("/api/v1/streams/tracked");
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> api.get("/api/v1/streams/tracked").statusCode() == 404);
    JsonNode receipt = ApiFixture.json(api.delete("/api/v1/streams/tracked/tracks/1/data"));
    assertThat(receipt.get("remains").toString())
        .contains("faces.v1", "only erasing the stream throws it away");
    api.description().check("Erasure", receipt);
    assertThat(receipt.at("/removed/moodline.segments.v1").asInt()).isPositive();
    JsonNode other = ApiFixture.json(api.delete("/api/v1/streams/tracked/tracks/77/data"));
    assertThat(other.at("/removed/moodline.emotions.v1").asInt()).isZero();
    assertThat(api.sink().queries().extent("tracked")).as("sums over all faces").isPresent();
    assertThat(receipt.at("/removed/moodline.track-timelines.v1").asInt()).isGreaterThan(10);
    assertThat(api.sink().tracks().track("tracked", 1)).isEmpty();
    assertThat(api.sink().tracks().track("tracked", 2)).isPresent();
  }

  /** The only track of a run, as HTTP shows it. */
  private static void checkTimeline(String run) throws Exception {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(
            () ->
                ApiFixture.json(api.get("/api/v1/streams/tracked/tracks"))
                    .at("/tracks/0/ended")
                    .asBoolean());
    JsonNode list = ApiFixture.json(api.get("/api/v1/streams/tracked/tracks?limit=1"));
    api.description().check("Tracks", list);
    JsonNode track = list.at("/tracks/0");
    assertThat(track.get("track").asLong()).isEqualTo(1);
    assertThat(track.get("run").asText()).isEqualTo(run);
    assertThat(track.get("frames").asLong()).isEqualTo(FRAMES - 1L);
    assertThat(track.get("dominant").asText()).isEqualTo("happiness");
    assertThat(list.get("next").isNull()).isTrue();

    String timeline = "/api/v1/streams/tracked/tracks/1/timeline";
    for (String query :
        List.of("", "?step=1s", "?maxPoints=5", "?step=10s&from=1970-01-01T00:00:05Z")) {
      JsonNode answer = ApiFixture.json(api.get(timeline + query));
      api.description().check("Timeline", answer);
      assertThat(answer.get("track").asLong()).isEqualTo(1);
    }
    assertThat(ApiFixture.json(api.get(timeline)).get("windows")).hasSize(12);
    assertThat(ApiFixture.json(api.get(timeline + "?step=10s")).get("windows")).hasSize(2);
    JsonNode minute = ApiFixture.json(api.get(timeline + "?step=1m")).at("/windows/0");
    assertThat(minute.get("frames").asLong()).isEqualTo(FRAMES - 1L);
    assertThat(minute.get("complete").asBoolean()).isTrue();
    assertThat(api.get(timeline + "?format=csv").body().lines()).hasSize(13);
    assertThat(api.get("/api/v1/streams/tracked/tracks/9/timeline").statusCode()).isEqualTo(404);
    assertThat(api.get("/api/v1/streams/tracked/tracks/x/timeline").statusCode()).isEqualTo(400);
    assertThat(api.get("/api/v1/streams/nobody/tracks").statusCode()).isEqualTo(404);
    assertThat(api.get("/api/v1/streams/tracked/tracks?cursor=%21").statusCode()).isEqualTo(400);
  }

  /** Rings of this and of another instance, the log, and the export. */
  @Test
  void whatWasErasedIsShownToNoReaderOfEvents() throws Exception {
    String stream = "shown";
    int partition = StreamPartition.of(stream, 2);
    String beside =
        IntStream.range(0, 100)
            .mapToObj(i -> "beside-" + i)
            .filter(id -> StreamPartition.of(id, 2) == partition)
            .findFirst()
            .orElseThrow();
    api.put("/api/v1/streams/shown", "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
    ReplayRoutesTest.sendStatusOf(api, stream, StreamState.FAILED, FRAMES); // stands still
    try (PartitionTail other =
        new PartitionTail(
            api.stage.kafka(),
            partition,
            10_000,
            new ApiMetrics(new PrometheusRegistry(), api.stage.kafka().topics()),
            (thread, cause) -> api.failures.add(cause))) {
      other.awaitReady();
      long from = other.ring(EventKind.EMOTION).end();
      run(stream);
      run(beside);
      awaitHeld(other, from, beside, FRAMES);
      awaitHeld(other, from, stream, FRAMES);
      assertThat(told(beside)).contains(stream);
      assertThat(api.get("/api/v1/streams/shown/emotions.jsonl").body().lines()).hasSize(FRAMES);

      assertThat(api.delete("/api/v1/streams/shown/tracks/1/data").statusCode()).isEqualTo(200);
      awaitHeld(other, from, stream, 1);
      assertThat(api.get("/api/v1/streams/shown/emotions.jsonl").body().lines())
          .as("the first sighting, which is of no track")
          .hasSize(1);
      assertThat(api.delete("/api/v1/streams/shown/data").statusCode()).isEqualTo(200);
      awaitHeld(other, from, stream, 0);
      assertThat(held(other, from, beside)).isEqualTo(FRAMES);
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(() -> assertThat(told(beside)).doesNotContain(stream));
      assertThat(api.get("/api/v1/streams/shown/emotions.jsonl").body()).isEmpty();

      run(stream);
      awaitHeld(other, from, stream, FRAMES);
      assertThat(api.get("/api/v1/streams/shown/emotions.jsonl").body().lines())
          .as("what came after it")
          .hasSize(FRAMES);
    }
  }

  private static void awaitHeld(PartitionTail tail, long from, String stream, int events) {
    await()
        .atMost(Duration.ofMinutes(1))
        .untilAsserted(() -> assertThat(held(tail, from, stream)).isEqualTo(events));
  }

  private static long held(PartitionTail tail, long from, String stream) {
    return tail.ring(EventKind.EMOTION).read(from, 10_000).records().stream()
        .filter(record -> record.streamId().equals(stream))
        .count();
  }

  /** Streams of the emotions that the log tells a reader until the last one of a stream. */
  private static Set<String> told(String last) throws Exception {
    Set<String> streams = new TreeSet<>();
    var answer =
        api.http.send(
            api.request("/api/v1/events?events=emotion&from=beginning")
                .header("Accept", "text/event-stream")
                .build(),
            HttpResponse.BodyHandlers.ofInputStream());
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
      while (true) {
        String line = lines.readLine();
        if (line.startsWith("data: ")) {
          JsonNode event = ApiFixture.JSON.readTree(line.substring(6));
          streams.add(event.get("stream").asText());
          if (event.get("stream").asText().equals(last)
              && event.get("sequence").asInt() == FRAMES - 1) {
            return streams;
          }
        }
      }
    }
  }

  @Test
  void refusesWhileTheStreamIsAtWork() throws Exception {
    api.put("/api/v1/streams/busy", "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
    var answer = api.delete("/api/v1/streams/busy/data");
    assertThat(answer.statusCode()).isEqualTo(409);
    assertThat(answer.body()).contains("pause or remove it");
    assertThat(api.delete("/api/v1/streams/busy/tracks/x/data").statusCode()).isEqualTo(400);
    ReplayRoutesTest.sendStatusOf(api, "busy", StreamState.REFUSED, 0);
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> api.get("/api/v1/streams/busy").body().contains("REFUSED"));
    assertThat(api.delete("/api/v1/streams/busy/data").statusCode())
        .as("it is tried again by itself")
        .isEqualTo(409);
    int revision = ApiFixture.json(api.get("/api/v1/streams/busy")).get("revision").intValue();
    JsonNode resumed = ApiFixture.json(api.post("/api/v1/streams/busy/resume", ""));
    assertThat(resumed.get("revision").intValue()).as("looked at anew").isEqualTo(revision + 1);
  }
}
