package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.EmotionSegment;
import io.moodline.schemas.v1.FaceEmotion;
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
            home,
            Map.of(
                "http.event-readers-max", "12",
                "http.event-ring-records", "64",
                "http.slow-reader-limit", "1s"));
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
      assertThat(id)
          .matches(
              "emotions:([01]):-?\\d+,tracks:\\1:-?\\d+,segments:\\1:-?\\d+,alerts:\\1:-?\\d+,stream-status:\\1:-?\\d+");
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
  void showsOnlyWhatASubscriberWants() throws Exception {
    String other =
        IntStream.range(0, 100)
            .mapToObj(i -> "elsewhere-" + i)
            .filter(id -> StreamPartition.of(id, 2) != StreamPartition.of("wanted", 2))
            .findFirst()
            .orElseThrow();
    register("wanted");
    register(other);
    register("unwanted");
    try (Reader both = openPath("/api/v1/events?stream=wanted," + other + "&events=emotion", null);
        Reader segments = openPath("/api/v1/events?events=segment&label=anger&minScore=0.5", null);
        Reader angry = open("wanted", null, "?label=anger&minScore=0.6&events=emotion,segment")) {
      both.greeting();
      segments.greeting();
      angry.greeting();
      for (String stream : List.of("unwanted", "wanted", other)) {
        api.producer.send(event(api, stream, 1, "neutral", 0.9f));
        api.producer.send(event(api, stream, 2, null, null));
        api.producer.send(event(api, stream, 3, "anger", 0.55f));
        api.producer.send(event(api, stream, 4, "anger", 0.65f));
      }
      api.producer.flush();
      Map<String, List<Long>> seen = new java.util.HashMap<>();
      Event event = both.next();
      for (int i = 1; i <= 8; i++, event = i < 9 ? both.next() : event) {
        seen.computeIfAbsent(event.data().get("stream").textValue(), it -> new ArrayList<>())
            .add(event.data().get("sequence").longValue());
      }
      assertThat(seen)
          .isEqualTo(Map.of("wanted", List.of(1L, 2L, 3L, 4L), other, List.of(1L, 2L, 3L, 4L)));
      assertThat(event.id()).matches("emotions:0:\\d+,emotions:1:\\d+");
      assertThat(angry.next().data().get("sequence").longValue()).isEqualTo(4);

      api.producer.send(segment("wanted", "anger", 0.4f));
      api.producer.send(segment("wanted", "neutral", 0.9f));
      api.producer.send(segment("wanted", "anger", 0.7f));
      Event segment = segments.next();
      assertThat(segment.name()).isEqualTo("segment");
      assertThat(segment.data().get("meanScore").floatValue()).isEqualTo(0.7f);
      assertThat(segment.id()).matches("segments:0:-?\\d+,segments:1:-?\\d+");
      assertThat(angry.next().name()).isEqualTo("segment");
    }
  }

  @Test
  void goesOnWhereAnotherServerHadReadFurther() throws Exception {
    register("ahead");
    int partition = StreamPartition.of("ahead", 2);
    try (Reader reader = openPath("/api/v1/streams/ahead/events?events=emotion", null)) {
      reader.greeting();
      write(api.producer, "ahead", 1);
      String id = reader.next().id();
      long offset = Long.parseLong(id.substring(id.lastIndexOf(':') + 1));
      // Beyond the end of the log: some other log must have given that id.
      String beyond = "emotions:" + partition + ":" + (offset + 1000);
      try (Reader lost = openPath("/api/v1/streams/ahead/events?events=emotion", beyond)) {
        Event gap = lost.next();
        assertThat(gap.name()).isEqualTo("gap");
        assertThat(gap.data().get("expectedOffset").longValue()).isEqualTo(offset + 1001);
        write(api.producer, "ahead", 2);
        assertThat(lost.next().data().get("sequence").longValue()).isEqualTo(2);
      }
    }
  }

  @Test
  void describesEveryTopicAndSubscription() throws Exception {
    ApiDescription described = new ApiDescription(api.get("/asyncapi.yaml").body());
    assertThat(described.at("/asyncapi").textValue()).startsWith("3.");
    var topics = api.stage.kafka().topics();
    Map<String, org.apache.avro.Schema> running = Serdes.byTopic(topics);
    java.util.Set<String> all = new java.util.TreeSet<>(running.keySet());
    all.add(topics.erasures()); // has no values
    assertThat(topics.all())
        .extracting(io.moodline.schemas.Topics.Topic::name)
        .containsExactlyInAnyOrderElementsOf(all);
    List<String> addresses = new ArrayList<>();
    for (var channel : described.at("/channels").properties()) {
      String address = channel.getValue().get("address").textValue();
      boolean isTopic = channel.getValue().at("/servers/0/$ref").textValue().endsWith("/kafka");
      if (isTopic) {
        addresses.add(address);
        if (address.equals(topics.erasures())) {
          continue;
        }
        String message = channel.getValue().get("messages").fieldNames().next();
        String file =
            described.at("/components/messages/" + message + "/payload/schema/$ref").textValue();
        assertThat(new org.apache.avro.Schema.Parser().parse(api.get(file).body()))
            .isEqualTo(running.get(address));
      } else {
        assertThat(channel.getValue().get("messages").properties())
            .extracting(Map.Entry::getKey)
            .contains("gap")
            .containsAll(
                java.util.Arrays.stream(EventKind.values()).map(EventKind::event).toList());
        boolean isSocket = channel.getValue().at("/servers/0/$ref").textValue().endsWith("socket");
        assertThat(
                isSocket
                    ? api.sink().api().sockets().stream().map(SocketRoute::path)
                    : api.sink().api().routes().stream().map(Route::path))
            .contains(address);
      }
      assertThat(described.at("/operations/send-" + channel.getKey() + "/channel/$ref").textValue())
          .isEqualTo("#/channels/" + channel.getKey());
    }
    assertThat(addresses).containsExactlyInAnyOrderElementsOf(all);
    assertThat(api.get("/schemas/none.avsc").statusCode()).isEqualTo(404);
  }

  @Test
  void sendsWhatItsDescriptionSays() throws Exception {
    ApiDescription described = new ApiDescription(api.get("/asyncapi.yaml").body());
    register("described");
    try (Reader reader = open("described", null, "")) {
      reader.greeting();
      write(api.producer, "described", 1);
      api.producer.send(event(api, "described", 2, null, null));
      api.producer.send(segment("described", "anger", 0.5f));
      api.producer.send(
          record(
              topics().tracks(),
              "described",
              Serdes.FACE_TRACK.encode(
                  io.moodline.schemas.v1.FaceTrack.newBuilder()
                      .setStreamId("described")
                      .setRunId("run")
                      .setTrackId(1)
                      .setEvent(io.moodline.schemas.v1.TrackEvent.ENTRY)
                      .setTime(Instant.EPOCH)
                      .setStart(Instant.EPOCH)
                      .setEnd(Instant.EPOCH)
                      .setFrames(2)
                      .setBox(new Box(0.1f, 0.2f, 0.3f, 0.4f))
                      .build())));
      api.producer.send(
          record(
              topics().alerts(),
              "described",
              Serdes.ALERT.encode(
                  io.moodline.schemas.v1.Alert.newBuilder()
                      .setRuleId("rule")
                      .setRuleRevision(1)
                      .setStreamId("described")
                      .setState(io.moodline.schemas.v1.AlertState.FIRING)
                      .setStart(Instant.EPOCH)
                      .setMessage("anger")
                      .build())));
      ReplayRoutesTest.sendStatusOf(api, "described", StreamState.STREAMING, 5);
      java.util.Set<String> seen = new java.util.TreeSet<>();
      for (int i = 0; i < 6; i++) {
        Event event = reader.next();
        seen.add(event.name());
        String schema =
            described.at("/components/messages/" + event.name() + "/payload/$ref").textValue();
        described.check(schema.substring(schema.lastIndexOf('/') + 1), event.data());
      }
      assertThat(seen).containsExactly("alert", "emotion", "segment", "status", "track");
    }
  }

  private static io.moodline.schemas.Topics topics() {
    return api.stage.kafka().topics();
  }

  private static ProducerRecord<byte[], byte[]> record(String topic, String stream, byte[] value) {
    return new ProducerRecord<>(
        topic, StreamPartition.of(stream, 2), stream.getBytes(StandardCharsets.UTF_8), value);
  }

  @Test
  void speaksWebSocketWithTheSameEventsAndIds() throws Exception {
    register("socket");
    List<JsonNode> first = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      write(api.producer, "socket", i);
    }
    api.producer.flush();
    try (Socketed socket = new Socketed("/api/v1/streams/socket/events?from=beginning")) {
      first.add(socket.next());
      for (int i = 0; i < 3; i++) {
        first.add(socket.next());
      }
    }
    assertThat(first.get(0).get("event").textValue()).isEqualTo("hello");
    assertThat(first.get(2).get("event").textValue()).isEqualTo("emotion");
    assertThat(first.get(2).at("/data/sequence").longValue()).isEqualTo(1);
    String id = first.get(2).get("id").textValue();
    try (Socketed socket = new Socketed("/api/v1/streams/socket/events?lastEventId=" + id);
        Reader reader = open("socket", id, "")) {
      assertThat(socket.next().get("id").textValue()).isEqualTo(id);
      JsonNode next = socket.next();
      Event same = reader.next();
      assertThat(next.at("/data/sequence").longValue()).isEqualTo(2);
      assertThat(next.get("data")).isEqualTo(same.data());
      assertThat(next.get("id").textValue()).isEqualTo(same.id());
      api.delete("/api/v1/streams/socket");
      assertThat(socket.next().at("/data/state").textValue()).isEqualTo("REMOVED");
      assertThat(socket.closed()).isEqualTo("1001 stream 'socket' was removed");
    }
  }

  @Test
  void refusesSocketsBeforeTheyOpen() throws Exception {
    register("guarded");
    assertThat(Socketed.refused("/api/v1/streams/none/events", Map.of())).isEqualTo(404);
    assertThat(Socketed.refused("/api/v1/streams/guarded/events?lastEventId=x", Map.of()))
        .isEqualTo(400);
    assertThat(Socketed.refused("/api/v1/streams/guarded/timeline", Map.of())).isEqualTo(404);
    assertThat(
            Socketed.refused(
                "/api/v1/streams/guarded/events", Map.of("Origin", "http://evil.example")))
        .isEqualTo(403);
    assertThat(Socketed.refused("/api/v1/streams/guarded/events", Map.of("Host", "evil.example")))
        .isEqualTo(421);
  }

  /** A WebSocket, its messages in order. */
  private static final class Socketed implements java.net.http.WebSocket.Listener, AutoCloseable {
    private final java.util.concurrent.BlockingQueue<String> messages =
        new java.util.concurrent.LinkedBlockingQueue<>();
    private final java.util.concurrent.CompletableFuture<String> end =
        new java.util.concurrent.CompletableFuture<>();
    private final StringBuilder partial = new StringBuilder();
    private final java.net.http.WebSocket socket;

    Socketed(String path) throws Exception {
      socket = api.http.newWebSocketBuilder().buildAsync(uri(path), this).get();
    }

    private static java.net.URI uri(String path) {
      return java.net.URI.create(api.uri(path).toString().replace("http:", "ws:"));
    }

    /** Status of the answer to a socket that is not let in. */
    static int refused(String path, Map<String, String> headers) throws Exception {
      StringBuilder request =
          new StringBuilder(
              "GET " + path + " HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
      request.append(
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
      if (!headers.containsKey("Host")) {
        request.append("Host: localhost\r\n");
      }
      headers.forEach((name, value) -> request.append(name + ": " + value + "\r\n"));
      try (Socket raw = new Socket(InetAddress.getLoopbackAddress(), api.sink().port())) {
        raw.setSoTimeout(60_000);
        raw.getOutputStream()
            .write(request.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
        String status =
            new BufferedReader(
                    new InputStreamReader(raw.getInputStream(), StandardCharsets.US_ASCII))
                .readLine();
        return Integer.parseInt(status.substring(9, 12));
      }
    }

    @Override
    public java.util.concurrent.CompletionStage<?> onText(
        java.net.http.WebSocket from, CharSequence data, boolean last) {
      partial.append(data);
      if (last) {
        messages.add(partial.toString());
        partial.setLength(0);
      }
      from.request(1);
      return null;
    }

    @Override
    public java.util.concurrent.CompletionStage<?> onClose(
        java.net.http.WebSocket from, int status, String reason) {
      end.complete(status + " " + reason);
      return null;
    }

    JsonNode next() throws Exception {
      String message = messages.poll(60, java.util.concurrent.TimeUnit.SECONDS);
      assertThat(message).as("nothing came").isNotNull();
      return ApiFixture.JSON.readTree(message);
    }

    String closed() throws Exception {
      return end.get(60, java.util.concurrent.TimeUnit.SECONDS);
    }

    @Override
    public void close() {
      socket.abort();
    }
  }

  @Test
  void saysWhenTheLogNoLongerHoldsWhatFollowed() throws Exception {
    register("gappy");
    int partition = StreamPartition.of("gappy", 2);
    for (int i = 0; i < 5; i++) {
      write(api.producer, "gappy", i);
    }
    pushOutOfMemory(neighbour("gappy"));
    String id = id(partition, "0");
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
      new ApiDescription(api.get("/asyncapi.yaml").body()).check("Gap", gap.data());
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
            "emotions:" + partition + ":1",
            id(9, "1"),
            id(1 - partition, "1"),
            id(partition, "-2"),
            id(partition, "99999999999999999999"),
            id(partition, "1").replace("emotions", "frames"),
            id(partition, "1").replace("segments", "emotions"),
            id(partition, "1") + "," + id(partition, "1"),
            "a".repeat(5000))) {
      var answer =
          api.send(api.request("/api/v1/streams/strict/events").header("Last-Event-ID", id));
      assertThat(answer.statusCode()).as(id).isEqualTo(400);
      assertThat(answer.body()).contains("Last-Event-ID");
    }
    assertThat(api.get("/api/v1/streams/none/events").statusCode()).isEqualTo(404);
    assertThat(api.get("/api/v1/events?stream=none").statusCode()).isEqualTo(404);
    for (String query : List.of("events=frame", "minScore=2", "minScore=x", "stream=a%2fb")) {
      var answer = api.get("/api/v1/events?" + query);
      assertThat(answer.statusCode()).as(query).isEqualTo(400);
    }
    assertThat(api.get("/api/v1/streams/strict/events?from=x").statusCode()).isEqualTo(400);
    assertThat(api.sink().events().open())
        .as("who is refused holds no place")
        .isLessThanOrEqualTo(before);
  }

  @Test
  void letsOnlySoManyReadersIn() throws Exception {
    register("popular");
    List<Reader> readers = new ArrayList<>();
    Awaitility.await("readers of other tests are noticed to have left")
        .atMost(Duration.ofSeconds(90))
        .until(() -> api.sink().events().open() == 0);
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

  /** Writes more records of a partition than all readers share. */
  private static void pushOutOfMemory(String stream) throws Exception {
    register(stream);
    try (Reader reader = open(stream, null, "?events=emotion")) {
      reader.greeting();
      for (int i = 0; i < 100; i++) {
        write(api.producer, stream, i);
      }
      for (int i = 0; i < 100; i++) {
        reader.next();
      }
    }
  }

  private static String id(int partition, String emotions) {
    return "emotions:%d:%s,tracks:%d:-1,segments:%d:-1,alerts:%d:-1,stream-status:%d:-1"
        .formatted(partition, emotions, partition, partition, partition, partition);
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
    writer.send(event(api, stream, sequence));
  }

  static ProducerRecord<byte[], byte[]> event(ApiFixture api, String stream, long sequence) {
    return event(api, stream, sequence, "neutral", 0.75f);
  }

  private static ProducerRecord<byte[], byte[]> event(
      ApiFixture api, String stream, long sequence, String label, Float score) {
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
            .setLabel(label)
            .setScore(score)
            .setWithheld(List.of())
            .setDetector("test")
            .setModel("test")
            .setModelDigest("00")
            .build();
    return new ProducerRecord<>(
        api.stage.kafka().topics().emotions(),
        StreamPartition.of(stream, 2),
        (stream + "/run/" + sequence + "/0").getBytes(StandardCharsets.UTF_8),
        Serdes.FACE_EMOTION.encode(emotion));
  }

  private static ProducerRecord<byte[], byte[]> segment(String stream, String label, float score) {
    EmotionSegment segment =
        EmotionSegment.newBuilder()
            .setStreamId(stream)
            .setRunId("5b3cbb09-6d3f-4e0a-9d0c-7a3f6d2c1b10")
            .setTrackId(1)
            .setSegment(0)
            .setLabel(label)
            .setStart(Instant.EPOCH)
            .setPeak(Instant.EPOCH)
            .setEnd(Instant.ofEpochSecond(2))
            .setMeanScore(score)
            .setRevision(1)
            .setIsFinal(true)
            .build();
    return new ProducerRecord<>(
        api.stage.kafka().topics().segments(),
        StreamPartition.of(stream, 2),
        (stream + "/1/0").getBytes(StandardCharsets.UTF_8),
        Serdes.EMOTION_SEGMENT.encode(segment));
  }

  private static Reader open(String stream, String lastId, String query) throws Exception {
    return openPath("/api/v1/streams/" + stream + "/events" + query, lastId);
  }

  private static Reader openPath(String path, String lastId) throws Exception {
    var request = api.request(path).header("Accept", "text/event-stream");
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
