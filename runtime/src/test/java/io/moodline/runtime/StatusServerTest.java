package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

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

  private static HttpResponse<String> get(StatusServer server, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
  }
}
