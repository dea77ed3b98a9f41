package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordingRoutesTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String FORM = "multipart/form-data; boundary=x";

  @TempDir static Path home;
  static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of("http.slow-sender-limit", "100ms"));
  }

  @AfterAll
  static void stop() {
    api.close();
    assertThat(api.failures).isEmpty();
  }

  private static String upload(String name) throws Exception {
    var answer =
        api.send(
            api.request("/api/v1/recordings?name=" + name)
                .POST(HttpRequest.BodyPublishers.ofByteArray(ApiFixture.mp4("pictures"))));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    return ApiFixture.json(answer).get("recording").textValue();
  }

  private static List<JsonNode> list(int limit) throws Exception {
    List<JsonNode> all = new ArrayList<>();
    String cursor = "";
    do {
      var answer = api.get("/api/v1/recordings?limit=" + limit + cursor);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      JsonNode page = ApiFixture.json(answer);
      api.description().check("Recordings", page);
      assertThat(page.get("recordings").size()).isLessThanOrEqualTo(limit);
      page.get("recordings").forEach(all::add);
      cursor = page.get("next").isNull() ? "" : "&cursor=" + page.get("next").textValue();
    } while (!cursor.isEmpty());
    return all;
  }

  private static List<String> names(int limit) throws Exception {
    return list(limit).stream().map(it -> it.get("recording").textValue()).toList();
  }

  @Test
  void listsAndRemovesWhatIsNoLongerNeeded() throws Exception {
    String kept = upload("a-kept.mp4");
    String used = upload("b-used.mp4");
    Files.writeString(api.media().resolve("c-notes.txt"), "no video");
    assertThat(names(1000)).contains(kept, used).doesNotContain("c-notes.txt").isSorted();
    assertThat(names(1)).isEqualTo(names(1000));
    JsonNode shown =
        list(10).stream()
            .filter(it -> it.get("recording").textValue().equals(kept))
            .findFirst()
            .get();
    assertThat(shown.get("bytes").longValue()).isEqualTo(ApiFixture.mp4("pictures").length);
    assertThat(shown.get("container").textValue()).isEqualTo("MP4");
    assertThat(shown.get("streams")).isEmpty();

    var replay =
        api.post("/api/v1/replays", "{\"recording\":\"" + used + "\",\"purpose\":\"research\"}");
    String id = ApiFixture.json(replay).get("id").textValue();
    assertThat(
            list(10).stream()
                .filter(it -> it.get("recording").textValue().equals(used))
                .findFirst()
                .get()
                .at("/streams/0")
                .textValue())
        .isEqualTo(id);
    var refused = api.delete("/api/v1/recordings/" + used);
    assertThat(refused.statusCode()).isEqualTo(409);
    assertThat(refused.body()).contains(id);
    assertThat(api.delete("/api/v1/recordings/" + kept).statusCode()).isEqualTo(204);
    assertThat(api.media().resolve(kept)).doesNotExist();
    assertThat(api.delete("/api/v1/recordings/" + kept).statusCode()).isEqualTo(404);
    assertThat(api.delete("/api/v1/replays/" + id).statusCode()).isEqualTo(204);
    assertThat(api.delete("/api/v1/recordings/" + used).statusCode()).isEqualTo(204);
    assertThat(api.media().resolve(used)).doesNotExist();
    assertThat(api.media().resolve("c-notes.txt")).exists();
  }

  /** Eight senders hold all places: they are let in, and then do not go on. */
  @Test
  void takesARecordingThoughSlowSendersHoldAllPlaces() throws Exception {
    List<Socket> senders = new ArrayList<>();
    try {
      for (int i = 0; i < 8; i++) {
        senders.add(slowSender(i % 2 == 0 ? "application/octet-stream" : FORM));
      }
      await().atMost(PATIENCE).until(() -> parts() == 8);
      var answer = new AtomicReference<HttpResponse<String>>();
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                answer.set(
                    api.send(
                        api.request("/api/v1/recordings")
                            .POST(HttpRequest.BodyPublishers.ofByteArray(ApiFixture.mp4("x")))));
                return answer.get().statusCode() != 503;
              });
      assertThat(answer.get().statusCode()).as(answer.get().body()).isEqualTo(201);
      assertThat(parts()).as("slow senders that stay while nobody else waits").isEqualTo(7);
    } finally {
      for (Socket sender : senders) {
        sender.close();
      }
    }
    await().atMost(PATIENCE).until(() -> parts() == 0);
  }

  private static Socket slowSender(String type) throws IOException {
    Socket sender = new Socket(InetAddress.getLoopbackAddress(), api.sink().port());
    String head =
        "POST /api/v1/recordings HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            + type
            + "\r\nContent-Length: 1000000\r\n\r\n"
            + "--x\r\nContent-Disposition: form-data; filename=\"a.mp4\"\r\n\r\nabc";
    sender.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
    return sender;
  }

  private static long parts() throws IOException {
    try (var files = Files.list(api.media())) {
      return files.filter(it -> it.getFileName().toString().startsWith(".upload-")).count();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "..%2Foutside.mp4",
        "%2e%2e%2foutside.mp4",
        "..",
        ".hidden.mp4",
        "link.mp4",
        "folder",
        "folder%2Finside.mp4",
        "notes.txt",
        "%00",
      })
  void removesNothingThatIsNoRecordingOfTheFolderItself(String name) throws Exception {
    byte[] video = ApiFixture.mp4("pictures");
    Path outside = Files.write(home.resolve("outside.mp4"), video);
    Path folder = Files.createDirectories(api.media().resolve("folder"));
    Path inside = Files.write(folder.resolve("inside.mp4"), video);
    Path hidden = Files.write(api.media().resolve(".hidden.mp4"), video);
    Path notes = Files.writeString(api.media().resolve("notes.txt"), "no video");
    Path link = api.media().resolve("link.mp4");
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, outside);
    assertThat(api.delete("/api/v1/recordings/" + name).statusCode()).isBetween(400, 405);
    for (Path file : List.of(outside, inside, hidden, notes, link)) {
      assertThat(file).exists();
    }
    assertThat(names(1000)).doesNotContain("link.mp4", ".hidden.mp4", "folder", "inside.mp4");
  }
}
