package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.StreamSpec;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamRegistryTest {
  @TempDir static Path home;
  static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of());
  }

  @AfterAll
  static void stop() {
    api.close();
    assertThat(api.failures).isEmpty();
  }

  @Test
  void knowsEveryStreamAgainAfterARestart() throws Exception {
    for (int i = 0; i < 10; i++) {
      api.put("/api/v1/streams/s" + i, "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
    }
    api.delete("/api/v1/streams/s3");
    String before = api.get("/api/v1/streams").body();
    api.stop();
    api.start();
    assertThat(api.get("/api/v1/streams").body()).isEqualTo(before);
    assertThat(api.get("/api/v1/streams/s3").statusCode()).isEqualTo(404);
    JsonNode again =
        ApiFixture.json(
            api.put("/api/v1/streams/s3", "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}"));
    assertThat(again.get("revision").longValue()).isEqualTo(2);
  }

  @Test
  void setsUnreadableRecordsAsideAndGoesOn() throws Exception {
    api.put("/api/v1/streams/good", "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
    String topic = api.stage.kafka().topics().streams();
    byte[] key = "good".getBytes(StandardCharsets.UTF_8);
    api.send(topic, "good", key, "no avro".getBytes(StandardCharsets.UTF_8));
    StreamSpec other =
        StreamSpec.newBuilder(api.sink().registry().find("good").orElseThrow().spec())
            .setStreamId("impostor")
            .build();
    api.send(topic, "good", key, Serdes.STREAM_SPEC.encode(other));

    List<DeadLetter> letters = new ArrayList<>();
    try (var consumer = api.stage.kafka().consumer("test", Map.of())) {
      consumer.assign(
          IntStream.range(0, 2)
              .mapToObj(i -> new TopicPartition(api.stage.kafka().topics().deadLetters(), i))
              .toList());
      consumer.seekToBeginning(consumer.assignment());
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> {
                consumer
                    .poll(Duration.ofMillis(200))
                    .forEach(record -> letters.add(Serdes.DEAD_LETTER.decode(record.value())));
                return letters.size() >= 2;
              });
    }
    assertThat(letters)
        .hasSize(2)
        .allSatisfy(
            letter -> {
              assertThat(letter.getTopic()).isEqualTo(topic);
              assertThat(letter.getStage()).isEqualTo("sink");
              assertThat(letter.getReason()).isEqualTo("UNREADABLE");
            });
    assertThat(api.get("/api/v1/streams/good").statusCode()).isEqualTo(200);
    assertThat(api.get("/api/v1/streams/impostor").statusCode()).isEqualTo(404);
    assertThat(api.get("/metrics").body())
        .contains("moodline_sink_unreadable_records_total{topic=\"moodline.streams.v1\"} 2.0");
  }

  @Test
  void neverShowsOrStoresAPasswordInTheClear() throws Exception {
    String password = "CANARY-b7e1%2Fx";
    String userInfo = "admin:" + password;
    StringBuilder answers = new StringBuilder();
    String body = "{\"source\":\"rtsp://%s@127.0.0.1:9/live\",\"purpose\":\"demo\"%s}";
    answers.append(api.put("/api/v1/streams/cam", body.formatted(userInfo, "")).body());
    assertThat(revision()).isEqualTo(1);
    answers.append(api.put("/api/v1/streams/cam", body.formatted(userInfo, "")).body());
    assertThat(revision()).as("the same password is no change").isEqualTo(1);

    JsonNode shown = ApiFixture.json(api.get("/api/v1/streams/cam"));
    assertThat(shown.get("source").textValue()).isEqualTo("rtsp://127.0.0.1:9/live");
    assertThat(shown.get("credentials").booleanValue()).isTrue();
    var kept =
        api.put(
            "/api/v1/streams/cam",
            "{\"source\":\""
                + shown.get("source").textValue()
                + "\",\"purpose\":\"demo\",\"name\":\"Door\"}");
    assertThat(ApiFixture.json(kept).get("credentials").booleanValue()).isTrue();
    assertThat(unsealed()).isEqualTo(userInfo);

    var moved =
        api.put(
            "/api/v1/streams/cam", "{\"source\":\"rtsp://127.0.0.2:9/live\",\"purpose\":\"demo\"}");
    assertThat(ApiFixture.json(moved).get("credentials").booleanValue())
        .as("a password is never sent to another address")
        .isFalse();
    answers.append(api.put("/api/v1/streams/cam", body.formatted(userInfo + "2", "")).body());
    assertThat(unsealed()).isEqualTo(userInfo + "2");

    // Wrong in each way, so that the refusal speaks of the source.
    answers.append(api.put("/api/v1/streams/cam", body.formatted(userInfo, ",\"x\":1")).body());
    answers.append(api.put("/api/v1/streams/c", body.formatted(userInfo + "@", "")).body());
    answers.append(api.put("/api/v1/streams/c", body.formatted(userInfo, "") + userInfo).body());
    answers.append(
        api.put("/api/v1/streams/c", body.replace("rtsp", "http").formatted(userInfo, "")).body());
    answers.append(api.get("/api/v1/streams").body()).append(api.get("/metrics").body());
    answers.append(api.get("/health/ready").body()).append(api.get("/api/v1/system").body());
    for (String shape : shapes(password)) {
      assertThat(answers.toString()).doesNotContain(shape);
    }
    assertNotOnDisk(shapes(password));
  }

  private static String read(Path file) throws IOException {
    try {
      // Indexes are mapped long and empty.
      return Files.size(file) > 50_000_000
          ? ""
          : new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException e) {
      return ""; // a file that the broker writes and renames
    }
  }

  /** The broker's log files, key store and media, byte by byte. */
  private static void assertNotOnDisk(List<String> shapes) throws Exception {
    try (var files = Files.walk(home)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String bytes = read(file);
        for (String shape : shapes) {
          assertThat(bytes.contains(shape)).as(shape + " in " + file).isFalse();
        }
      }
    }
    // The search itself can find what is there.
    try (var files = Files.walk(home.resolve("data"))) {
      assertThat(
              files
                  .filter(file -> file.toString().endsWith(".log"))
                  .anyMatch(StreamRegistryTest::holdsTheHost))
          .isTrue();
    }
  }

  private static boolean holdsTheHost(Path file) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
          .contains("rtsp://127.0.0.1:9/live");
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<String> shapes(String password) {
    byte[] bytes = password.getBytes(StandardCharsets.UTF_8);
    return List.of(
        password,
        "CANARY-b7e1",
        "CANARY-b7e1/x",
        URLEncoder.encode(password, StandardCharsets.UTF_8),
        Base64.getEncoder().withoutPadding().encodeToString(bytes),
        Base64.getEncoder().encodeToString(("admin:" + password).getBytes(StandardCharsets.UTF_8)));
  }

  private static long revision() throws Exception {
    return ApiFixture.json(api.get("/api/v1/streams/cam")).get("revision").longValue();
  }

  private static String unsealed() {
    var sealed =
        api.sink().registry().find("cam").orElseThrow().spec().getSealedCredentials().duplicate();
    byte[] bytes = new byte[sealed.remaining()];
    sealed.get(bytes);
    return api.stage.secrets().unseal(bytes, "cam");
  }
}
