package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class StatusServerTest {
  private final Health health = new Health();
  private final PrometheusRegistry metrics = new PrometheusRegistry();

  @Test
  void answersHealthAndMetrics() throws Exception {
    Counter.builder().name("frames_total").help("Frames.").register(metrics).inc(3);
    try (StatusServer server = StatusServer.start("127.0.0.1", 0, health, metrics)) {
      assertThat(get(server, "/health/live").statusCode()).isEqualTo(200);
      assertThat(get(server, "/health/ready").statusCode()).isEqualTo(503);
      health.report("ingest", Health.State.UP, "");
      health.report("analyzer", Health.State.STARTING, "loading the model");
      assertThat(get(server, "/health/ready").statusCode()).isEqualTo(503);
      assertThat(get(server, "/health/ready").body())
          .contains("analyzer STARTING loading the model");
      health.report("analyzer", Health.State.DEGRADED, "cascade only");
      assertThat(get(server, "/health/ready").statusCode()).isEqualTo(200);
      assertThat(get(server, "/metrics").body()).contains("frames_total 3.0");
    }
  }

  @Test
  void namesABusyPort() {
    try (StatusServer server = StatusServer.start("127.0.0.1", 0, health, metrics)) {
      assertThatThrownBy(() -> StatusServer.start("127.0.0.1", server.port(), health, metrics))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("status.port");
    }
  }

  @Test
  void namesAnAddressThatIsNotOfThisMachine() {
    assertThatThrownBy(() -> StatusServer.start("203.0.113.7", 0, health, metrics))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("status.host");
  }

  /** In a process of its own: the JDK reads its limits once, when its first server starts. */
  @Test
  @Timeout(240)
  void answersBesideClientsThatFallSilent(@TempDir Path folder) throws Exception {
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                SilentClients.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(200, TimeUnit.SECONDS)).isTrue();
      assertThat(output).content().contains("answer live").contains("all given up");
    } finally {
      process.destroyForcibly();
    }
  }

  static final class SilentClients {
    public static void main(String[] args) {
      try (StatusServer server =
          StatusServer.start("127.0.0.1", 0, new Health(), new PrometheusRegistry())) {
        answerBesideThem(server);
      } catch (Exception e) {
        e.printStackTrace(System.out);
      }
      System.exit(0);
    }

    private static void answerBesideThem(StatusServer server) throws Exception {
      List<Socket> silent = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        Socket socket = new Socket("127.0.0.1", server.port());
        silent.add(socket);
        socket.getOutputStream().write('G');
      }
      System.out.println("answer " + get(server, "/health/live").body());
      for (Socket socket : silent) {
        socket.setSoTimeout(60_000);
        if (!isClosed(socket)) {
          throw new IllegalStateException("there was no request to answer");
        }
      }
      System.out.println("all given up");
    }

    private static boolean isClosed(Socket socket) throws IOException {
      try {
        return socket.getInputStream().read() < 0;
      } catch (SocketException e) {
        return true; // with what it had sent unread
      }
    }
  }

  private static HttpResponse<String> get(StatusServer server, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(60)).build();
    return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
  }
}
