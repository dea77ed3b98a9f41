package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The API behind a proxy that demands tokens, that is away for a while, and that falls silent. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class ApiClientTest {
  private static final String BASE = "/moodline";

  @TempDir Path folder;
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private HttpServer server;
  private URI address;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    address = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + BASE + "/");
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.shutdownNow();
  }

  @Test
  void everyRequestGoesBelowTheServersPathAndShowsTheToken() throws Exception {
    server.createContext(
        "/",
        exchange -> {
          asked.add(
              exchange.getRequestMethod()
                  + " "
                  + exchange.getRequestURI()
                  + " "
                  + exchange.getRequestHeaders().getFirst("Authorization"));
          exchange.getRequestBody().readAllBytes();
          answer(exchange, 200, "{}");
        });
    server.start();
    ApiClient api = new ApiClient(address, "secret");
    Path file = Files.writeString(folder.resolve("x.mp4"), "x");
    api.get("/get?a=b");
    api.text("/text", "text/csv");
    try (Stream<String> lines = api.lines("/lines")) {
      assertThat(lines).containsExactly("{}");
    }
    try (InputStream body = api.body("/body")) {
      assertThat(body).hasContent("{}");
    }
    api.download("/download", OutputStream.nullOutputStream());
    api.put("/put", ApiClient.object());
    api.post("/post", ApiClient.object());
    api.delete("/delete");
    api.upload(file);
    try (LiveLines lines = api.events("/events", "", Duration.ofMinutes(1))) {
      assertThat(lines.next()).isEqualTo("{}");
      assertThat(lines.next()).isNull();
    }
    assertThat(asked)
        .containsExactly(
            "GET /moodline/get?a=b Bearer secret",
            "GET /moodline/text Bearer secret",
            "GET /moodline/lines Bearer secret",
            "GET /moodline/body Bearer secret",
            "GET /moodline/download Bearer secret",
            "PUT /moodline/put Bearer secret",
            "POST /moodline/post Bearer secret",
            "DELETE /moodline/delete Bearer secret",
            "POST /moodline/api/v1/recordings?name=x.mp4 Bearer secret",
            "GET /moodline/events Bearer secret");
  }

  @Test
  void watchGoesOnThoughTheServerIsAwayOrFallsSilent() {
    String stream = BASE + "/api/v1/streams/lobby";
    server.createContext(stream, exchange -> answer(exchange, 200, "{}"));
    server.createContext(
        stream + "/events",
        exchange -> {
          String last = exchange.getRequestHeaders().getFirst("Last-Event-ID");
          asked.add(String.valueOf(last));
          if (last != null) {
            answer(exchange, 404, "{\"detail\": \"stream 'lobby' is not known\"}");
          } else if (asked.size() == 1) {
            answer(exchange, 503, "{\"detail\": \"not yet\"}");
          } else {
            exchange.sendResponseHeaders(200, 0);
            write(exchange, "id: 7\nevent: x\ndata: \"whole\"\n\ndata: \"cut");
          } // and never a word again
        });
    server.start();
    WatchCommand watch = new WatchCommand();
    watch.id = "lobby";
    watch.json = true;
    watch.silence = Duration.ofSeconds(2);
    watch.server.server = address.toString();
    assertThatThrownBy(watch::call)
        .isInstanceOf(UserException.class)
        .hasMessage("stream 'lobby' is not known");
    assertThat(asked).hasSizeGreaterThanOrEqualTo(3).endsWith("7").startsWith("null", "null");
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(status, 0);
      write(exchange, text);
    }
  }

  private static void write(HttpExchange exchange, String text) throws IOException {
    OutputStream body = exchange.getResponseBody();
    body.write(text.getBytes(StandardCharsets.UTF_8));
    body.flush();
  }
}
