package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a stranger may send: it costs the stranger, and nobody else. */
@Timeout(300)
class HostileRequestsTest {
  private static final String STREAM = "/api/v1/streams/hostile";

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

  @AfterEach
  void othersAreAnswered() throws Exception {
    assertThat(api.get("/api/v1/streams").statusCode()).isEqualTo(200);
    assertThat(api.get(STREAM).statusCode()).as("nothing was made").isEqualTo(404);
  }

  private static String deep(String open) {
    return open.repeat(400_000 / open.length());
  }

  @Test
  void refusesJsonThatIsNestedWithoutEnd() throws Exception {
    for (String body :
        List.of(
            deep("["),
            deep("{\"a\":"),
            "{\"labels\":" + deep("{\"a\":"),
            "{\"source\":\"webcam:0\",\"framesPerSecond\":" + deep("1") + "}",
            "{\"" + deep("a") + "\":1}")) {
      var refused = api.put(STREAM, body);
      assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
      assertThat(refused.body()).hasSizeLessThan(1000);
    }
    assertThat(api.put(STREAM, "{\"name\":\"" + "x".repeat(JsonBody.MAX_BYTES)).statusCode())
        .isEqualTo(413);
  }

  /** What is not unpacked can not be a bomb. */
  @Test
  void refusesBodiesThatArePacked() throws Exception {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(packed)) {
      out.write("{\"source\":\"webcam:0\",\"purpose\":\"demo\"}".getBytes(StandardCharsets.UTF_8));
    }
    var body = HttpRequest.BodyPublishers.ofByteArray(packed.toByteArray());
    var refused =
        api.send(
            api.request(STREAM)
                .header("Content-Type", "application/json")
                .header("Content-Encoding", "gzip")
                .PUT(body));
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(415);
    assertThat(refused.body()).contains("Content-Encoding");
    var upload =
        api.send(api.request("/api/v1/recordings").header("Content-Encoding", "gzip").POST(body));
    assertThat(upload.statusCode()).as(upload.body()).isEqualTo(415);
  }

  /** What a proxy in front might read as two requests, or as another one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Host: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Host: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        "Host: localhost\r\nContent-Length: +4\r\n\r\nabcd",
        "Host: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Host: localhost\r\nContent-Length : 4\r\n\r\nabcd",
        "Host: localhost\r\nHost: evil.example\r\n\r\n",
        "Host: localhost\r\nX: a\r\n b\r\n\r\n",
        "\r\n",
      })
  void takesNoRequestThatCanBeReadInTwoWays(String head) throws Exception {
    String answer =
        raw(
            "PUT "
                + STREAM
                + " HTTP/1.1\r\n"
                + head
                + "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assertThat(answer).matches("(?s)HTTP/1\\.1 (400|501) .*");
    assertThat(answer.split("HTTP/1\\.1 [1-5]", -1)).as("one answer").hasSize(2);
    assertThat(answer).doesNotContain("Exception", "\tat ");
  }

  @Test
  void refusesAddressesThatAreTooLong() throws Exception {
    String request =
        "GET /api/v1/streams?cursor=" + "x".repeat(40_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    await()
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptionsInstanceOf(IOException.class) // a reset may overtake the answer
        .untilAsserted(
            () ->
                assertThat(raw(request))
                    .matches("(?s)HTTP/1\\.1 (414|431) .*")
                    .contains("application/problem+json"));
    assertThat(api.get("/api/v1/streams?" + "a=b&".repeat(3000)).statusCode()).isLessThan(500);
  }

  private static String raw(String request) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.sink().port())) {
      socket.setSoTimeout(120_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  /** Heads that do not end, and connections on which nothing is asked: none holds a thread. */
  @Test
  void answersHoweverManyConnectionsAreIdle() throws Exception {
    List<Socket> idle = new ArrayList<>();
    try {
      for (int i = 0; i < 300; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.sink().port());
        idle.add(socket);
        if (i % 2 == 0) {
          socket
              .getOutputStream()
              .write(
                  "GET /api/v1/streams HTTP/1.1\r\nHost: loc".getBytes(StandardCharsets.US_ASCII));
        }
      }
      assertThat(api.get("/api/v1/streams").statusCode()).isEqualTo(200);
    } finally {
      for (Socket socket : idle) {
        socket.close();
      }
    }
  }

  /** Readers of events have nothing to say, so nothing of it is gathered in memory. */
  @Test
  void endsSocketsThatSendMuch() throws Exception {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    WebSocket socket =
        api.http
            .newWebSocketBuilder()
            .buildAsync(
                URI.create(api.uri("/api/v1/events").toString().replaceFirst("^http", "ws")),
                new WebSocket.Listener() {
                  @Override
                  public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                    ended.complete(null);
                    return CompletableFuture.completedFuture(null);
                  }

                  @Override
                  public void onError(WebSocket socket, Throwable error) {
                    ended.complete(null);
                  }
                })
            .get();
    await().atMost(Duration.ofMinutes(2)).until(() -> api.sink().events().open() == 1);
    String piece = "x".repeat(16 * 1024);
    for (int i = 0; i < 64 && !ended.isDone(); i++) {
      socket.sendText(piece, false).handle((it, broken) -> it).get(); // it may break meanwhile
    }
    await().atMost(Duration.ofMinutes(2)).until(ended::isDone);
    await().atMost(Duration.ofMinutes(2)).until(() -> api.sink().events().open() == 0);
    socket.abort();
  }
}
