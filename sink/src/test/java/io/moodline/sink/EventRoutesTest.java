package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FaceQuality;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamState;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class EventRoutesTest {
  @TempDir static Path home;
  static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    api =
        new ApiFixture(
            home, Map.of("http.event-readers-max", "12", "http.slow-reader-limit", "1s"));
  }

  @AfterAll
  static void stop() {
    api.close();
    assertThat(api.failures).isEmpty();
  }

  @Test
  void resumesWithoutAGapOrADuplicate() throws Exception {
    register("lobby");
    String other = neighbour("lobby");
    int events = 400;
    Random random = new Random(7);
    try (KafkaProducer<byte[], byte[]> writer =
        api.stage.kafka().transactionalProducer("test-writer", "test-writer")) {
      writer.initTransactions();
      for (int i = 0; i < events; i += 10) {
        writer.beginTransaction();
        for (int k = i; k < i + 10; k++) {
          write(writer, "lobby", k);
          write(writer, other, k);
        }
        writer.commitTransaction();
        writer.beginTransaction();
        write(writer, "lobby", 1_000_000 + i);
        writer.flush();
        writer.abortTransaction(); // never happened, though it lies in the log
      }
    }
    List<Long> seen = new ArrayList<>();
    String lastId = null;
    int connections = 0;
    while (seen.size() < events) {
      connections++;
      int patience = 1 + random.nextInt(40);
      try (Reader reader = open("lobby", lastId, lastId == null ? "?from=beginning" : "")) {
        for (int i = 0; i < patience && seen.size() < events; ) {
          Event event = reader.next();
          lastId = event.id();
          if (event.name().equals("emotion")) {
            assertThat(event.data().get("stream").textValue()).isEqualTo("lobby");
            seen.add(event.data().get("sequence").longValue());
            i++;
          }
        }
      }
    }
    assertThat(connections).isGreaterThan(10);
    assertThat(seen)
        .containsExactlyElementsOf(IntStream.range(0, events).mapToObj(Long::valueOf).toList());
  }

  @Test
  void givesAReaderOfAQuietStreamAnIdAtOnce() throws Exception {
    register("quiet");
    String id;
    try (Reader reader = open("quiet", null, "")) {
      Event greeting = reader.greeting();
      assertThat(greeting.name()).isEmpty();
      id = greeting.id();
      assertThat(id).matches("emotions:[01]:-?\\d+,stream-status:[01]:-?\\d+");
    }
    ReplayRoutesTest.sendStatusOf(api, "quiet", StreamState.STREAMING, 5);
    try (Reader reader = open("quiet", id, "")) {
      Event event = reader.next();
      assertThat(event.name()).isEqualTo("status");
      assertThat(event.data().get("stream").textValue()).isEqualTo("quiet");
      assertThat(event.data().get("state").textValue()).isEqualTo("STREAMING");
      assertThat(event.data().get("published").longValue()).isEqualTo(5);
      api.delete("/api/v1/streams/quiet");
      Event last = reader.next();
      assertThat(last.data().get("state").textValue()).isEqualTo("REMOVED");
      assertThatThrownBy(reader::greeting).hasMessage("the server ended the stream");
    }
  }

  @Test
  void saysWhenTheLogNoLongerHoldsWhatFollowed() throws Exception {
    register("gappy");
    int partition = StreamPartition.of("gappy", 2);
    for (int i = 0; i < 5; i++) {
      write(api.producer, "gappy", i);
    }
    api.producer.flush();
    String id = "emotions:" + partition + ":0,stream-status:" + partition + ":-1";
    var emotions = new TopicPartition(api.stage.kafka().topics().emotions(), partition);
    long end;
    try (var admin = api.stage.kafka().admin("test")) {
      end =
          admin
              .deleteRecords(Map.of(emotions, RecordsToDelete.beforeOffset(-1)))
              .lowWatermarks()
              .get(emotions)
              .get()
              .lowWatermark();
    }
    write(api.producer, "gappy", 77);
    try (Reader reader = open("gappy", id, "")) {
      Event gap = reader.next();
      assertThat(gap.name()).isEqualTo("gap");
      assertThat(gap.data().get("source").textValue()).isEqualTo("emotions");
      assertThat(gap.data().get("expectedOffset").longValue()).isEqualTo(1);
      assertThat(gap.data().get("resumedOffset").longValue()).isEqualTo(end);
      assertThat(reader.next().data().get("sequence").longValue()).isEqualTo(77);
    }
  }

  @Test
  void refusesIdsThatWereNeverGiven() throws Exception {
    register("strict");
    int before = api.sink().events().open();
    int partition = StreamPartition.of("strict", 2);
    for (String id :
        List.of(
            "x",
            "emotions:0:1",
            "emotions:9:1,stream-status:9:1",
            "emotions:" + (1 - partition) + ":1,stream-status:" + (1 - partition) + ":1",
            "emotions:" + partition + ":-2,stream-status:" + partition + ":1",
            "emotions:" + partition + ":99999999999999999999,stream-status:" + partition + ":1",
            "frames:" + partition + ":1,stream-status:" + partition + ":1",
            "a".repeat(5000))) {
      var answer =
          api.send(api.request("/api/v1/streams/strict/events").header("Last-Event-ID", id));
      assertThat(answer.statusCode()).as(id).isEqualTo(400);
      assertThat(answer.body()).contains("Last-Event-ID");
    }
    assertThat(api.get("/api/v1/streams/none/events").statusCode()).isEqualTo(404);
    assertThat(api.get("/api/v1/streams/strict/events?from=x").statusCode()).isEqualTo(400);
    assertThat(api.sink().events().open())
        .as("who is refused holds no place")
        .isLessThanOrEqualTo(before);
  }

  @Test
  void letsOnlySoManyReadersIn() throws Exception {
    register("popular");
    List<Reader> readers = new ArrayList<>();
    try {
      for (int i = 0; i < 12; i++) {
        readers.add(open("popular", null, ""));
        readers.get(i).greeting();
      }
      var refused = api.get("/api/v1/streams/popular/events");
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("Retry-After")).isPresent();
      write(api.producer, "popular", 3);
      for (Reader reader : readers) {
        assertThat(reader.next().data().get("sequence").longValue()).isEqualTo(3);
      }
    } finally {
      for (Reader reader : readers) {
        reader.close();
      }
    }
    // A reader that left is noticed at the next write.
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () -> {
              write(api.producer, "popular", 4);
              return api.sink().events().open() == 0;
            });
    try (Reader again = open("popular", null, "")) {
      again.greeting();
    }
  }

  @Test
  void cutsAReaderThatTakesNothing() throws Exception {
    register("flood");
    double before = api.sink().events().cutReaders();
    try (Socket socket = new Socket()) {
      socket.setReceiveBufferSize(4096);
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), api.sink().port()));
      socket
          .getOutputStream()
          .write(
              "GET /api/v1/streams/flood/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> socket.getInputStream().available() > 0);
      for (int i = 0; i < 20_000; i++) {
        write(api.producer, "flood", i);
      }
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> api.sink().events().cutReaders() > before);
    }
  }

  private static void register(String id) throws Exception {
    assertThat(
            api.put("/api/v1/streams/" + id, "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}")
                .statusCode())
        .isEqualTo(201);
  }

  /** A stream whose records lie in the same partition. */
  private static String neighbour(String id) {
    return IntStream.range(0, 1000)
        .mapToObj(i -> "neighbour-" + i)
        .filter(other -> StreamPartition.of(other, 2) == StreamPartition.of(id, 2))
        .findFirst()
        .orElseThrow();
  }

  private static void write(KafkaProducer<byte[], byte[]> writer, String stream, long sequence) {
    FaceEmotion emotion =
        FaceEmotion.newBuilder()
            .setStreamId(stream)
            .setRunId("5b3cbb09-6d3f-4e0a-9d0c-7a3f6d2c1b10")
            .setSequence(sequence)
            .setFace(0)
            .setKind(StreamKind.LIVE)
            .setCaptureTime(Instant.ofEpochMilli(sequence * 200))
            .setMediaTimeMicros(sequence * 200_000)
            .setBox(new Box(0.1f, 0.2f, 0.3f, 0.4f))
            .setFaceScore(0.9f)
            .setScores(Map.of("neutral", 0.75f, "anger", 0.25f))
            .setLabel("neutral")
            .setScore(0.75f)
            .setWithheld(List.of())
            .setDetector("test")
            .setModel("test")
            .setModelDigest("00")
            .setQuality(new FaceQuality(64f, 0.5f, 0.4f, 1f, null, null))
            .build();
    writer.send(
        new ProducerRecord<>(
            api.stage.kafka().topics().emotions(),
            StreamPartition.of(stream, 2),
            (stream + "/run/" + sequence + "/0").getBytes(StandardCharsets.UTF_8),
            Serdes.FACE_EMOTION.encode(emotion)));
  }

  private static Reader open(String stream, String lastId, String query) throws Exception {
    var request =
        api.request("/api/v1/streams/" + stream + "/events" + query)
            .header("Accept", "text/event-stream");
    if (lastId != null) {
      request.header("Last-Event-ID", lastId);
    }
    HttpResponse<InputStream> response =
        api.http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type"))
        .hasValue("text/event-stream; charset=utf-8");
    return new Reader(
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8)));
  }

  private record Event(String id, String name, JsonNode data) {}

  private record Reader(BufferedReader lines) implements AutoCloseable {
    /** The next event; heartbeats are none. */
    Event next() throws IOException {
      long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      while (System.nanoTime() < deadline) {
        Event event = greeting();
        if (event.data() != null) {
          return event;
        }
      }
      throw new AssertionError("nothing but heartbeats came for 60 s");
    }

    /** The next block. */
    Event greeting() throws IOException {
      String id = "";
      String name = "";
      JsonNode data = null;
      for (String line = lines.readLine(); ; line = lines.readLine()) {
        if (line == null) {
          throw new IOException("the server ended the stream");
        }
        if (line.isEmpty()) {
          return new Event(id, name, data);
        }
        if (line.startsWith("id: ")) {
          id = line.substring(4);
        } else if (line.startsWith("event: ")) {
          name = line.substring(7);
        } else if (line.startsWith("data: ")) {
          data = ApiFixture.JSON.readTree(line.substring(6));
        }
      }
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }
}
