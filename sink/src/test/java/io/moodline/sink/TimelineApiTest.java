package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.Health;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.UserException;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimelineApiTest {
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

  /** Each sender holds a thread: it is let in, and then does not go on. */
  @Test
  void tellsHealthHoweverManySendersAreSlow() throws Exception {
    List<Socket> senders = new ArrayList<>();
    try {
      Awaitility.await()
          .atMost(Duration.ofMinutes(2))
          .until(
              () -> {
                senders.add(slowSender());
                return api.get("/api/v1/streams").statusCode() == 503;
              });
      assertThat(api.get("/health/live").statusCode()).isEqualTo(200);
    } finally {
      for (Socket sender : senders) {
        sender.close();
      }
    }
    Awaitility.await()
        .atMost(Duration.ofMinutes(2))
        .until(() -> api.get("/api/v1/streams").statusCode() == 200);
  }

  private static Socket slowSender() throws IOException {
    Socket sender = new Socket(InetAddress.getLoopbackAddress(), api.sink().port());
    sender
        .getOutputStream()
        .write(
            ("PUT /api/v1/streams/slow HTTP/1.1\r\nHost: localhost\r\n"
                    + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
                .getBytes(StandardCharsets.US_ASCII));
    return sender;
  }

  @Test
  void declaresACallerForEveryRoute() {
    var opened = api.sink().api().server().unsafe.internalRouter.allHttpHandlers();
    Set<String> declared =
        api.sink().api().routes().stream()
            .map(route -> route.method() + " " + route.path())
            .collect(Collectors.toSet());
    Set<String> open =
        opened.stream()
            .filter(it -> it.endpoint.method.isHttpMethod())
            .map(it -> it.endpoint.method + " " + it.endpoint.path)
            .collect(Collectors.toSet());
    assertThat(open).isEqualTo(declared).hasSizeGreaterThan(15);
    for (Route route : api.sink().api().routes()) {
      assertThat(route.role()).isNotNull();
      boolean changes = !route.method().toString().equals("GET");
      assertThat(!changes || route.role() == Role.OPERATOR || route.role() == Role.ADMIN)
          .as(route.method() + " " + route.path() + " changes something")
          .isTrue();
      assertThat(!route.path().startsWith("/api/") || route.role() != Role.ANYONE)
          .as(route.path() + " shows something about people")
          .isTrue();
    }
  }

  @Test
  void describesExactlyTheRoutesThatThereAre() throws Exception {
    ApiDescription description = api.description();
    assertThat(description.version()).startsWith("3.1.");
    Set<String> running =
        api.sink().api().routes().stream()
            .map(route -> route.method() + " " + route.path())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(description.routes()).isEqualTo(running);
    for (Route route : api.sink().api().routes()) {
      assertThat(description.role(route.method().toString(), route.path()))
          .isEqualTo(route.role().name().toLowerCase(java.util.Locale.ROOT));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "localhost,200",
    "LOCALHOST:7470,200",
    "127.0.0.1:1,200",
    "[::1]:7470,200",
    "moodline.example,421",
    "127.0.0.1.evil.example,421",
    "localhost.evil.example:7470,421",
    "evil.example:80,421",
  })
  void answersOnlyToLoopbackNames(String host, int status) throws Exception {
    for (String path : new String[] {"/api/v1/streams", "/", "/metrics"}) {
      var answer = api.send(api.request(path).header("Host", host));
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    }
    assertThat(api.send(api.request("/nothing").header("Host", host)).statusCode())
        .isEqualTo(status == 200 ? 404 : status);
  }

  @Test
  void refusesChangesFromOtherPages() throws Exception {
    String own = "http://127.0.0.1:" + api.sink().port();
    String body = "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}";
    for (String origin :
        new String[] {
          "http://evil.example",
          "null",
          "https://127.0.0.1:" + api.sink().port(),
          "http://127.0.0.1:1"
        }) {
      assertThat(put(origin, "Origin", body).statusCode()).as(origin).isEqualTo(403);
      assertThat(
              api.send(api.request("/api/v1/recordings").header("Origin", origin).POST(video()))
                  .statusCode())
          .isEqualTo(403);
      assertThat(
              api.send(api.request("/api/v1/streams/x").header("Origin", origin).DELETE())
                  .statusCode())
          .isEqualTo(403);
    }
    assertThat(put("cross-site", "Sec-Fetch-Site", body).statusCode()).isEqualTo(403);
    assertThat(api.get("/api/v1/streams/own").statusCode()).isEqualTo(404);
    assertThat(put(own, "Origin", body).statusCode()).isEqualTo(201);
  }

  private static HttpRequest.BodyPublisher video() {
    return HttpRequest.BodyPublishers.ofByteArray(ApiFixture.mp4("x"));
  }

  private static HttpResponse<String> put(String value, String header, String body)
      throws Exception {
    return api.send(
        api.request("/api/v1/streams/own")
            .header(header, value)
            .header("Content-Type", "application/json")
            .PUT(HttpRequest.BodyPublishers.ofString(body)));
  }

  @Test
  void forbidsWhatThePageDoesNotNeed() throws Exception {
    for (String path : new String[] {"/", "/api/v1/streams", "/nothing", "/assets/app.js"}) {
      var headers = api.send(api.request(path).header("Origin", "http://evil.example")).headers();
      assertThat(headers.firstValue("Content-Security-Policy").orElseThrow())
          .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
          .doesNotContain("unsafe");
      assertThat(headers.firstValue("X-Content-Type-Options")).hasValue("nosniff");
      assertThat(headers.firstValue("Access-Control-Allow-Origin")).isEmpty();
      assertThat(headers.firstValue("Server")).isEmpty();
      assertThat(headers.firstValue("Set-Cookie")).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "GET,/nothing,404",
    "GET,/assets/..%2f..%2fkey,404",
    "GET,/assets/missing.js,404",
    "GET,/api/v1/streams/a%2fb,400",
    "GET,/api/v1/streams/a/b/c,400",
    "POST,/api/v1/streams,405",
    "PATCH,/api/v1/streams/x,405",
    "PUT,/api/v1/recordings,405",
    "TRACE,/api/v1/streams,405",
    "GET,//api/v1/streams,404",
    "GET,/api/v1/streams;x=1,404",
    "HEAD,/,200",
    "HEAD,/api/v1/streams,405",
    "HEAD,/api/v1/streams/none/events,405",
    "OPTIONS,/api/v1/streams,405",
    "GET,/%2e%2e/%2e%2e/etc/passwd,400",
  })
  void answersEvenBrokenRequestsWithAProblem(String method, String path, int status)
      throws Exception {
    String answer =
        raw(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    int got = Integer.parseInt(answer.substring(9, 12));
    assertThat(got).as(answer).isEqualTo(status);
    if (status >= 400) {
      assertThat(answer).contains("application/problem+json");
      assertThat(method.equals("HEAD") || answer.contains("\"status\":" + got)).isTrue();
      assertThat(answer).doesNotContain("Exception", "\tat ", "<html", "<HTML");
    }
    assertThat(answer).doesNotContain("root:");
  }

  @Test
  void refusesHeadersThatAreTooLong() throws Exception {
    String answer =
        raw(
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: "
                + "x".repeat(40_000)
                + "\r\nConnection: close\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 431").doesNotContain("<html");
  }

  private static String raw(String request) throws Exception {
    try (Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), api.sink().port())) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  @Test
  void isReadyOnlyWhenEveryPartIsUp() throws Exception {
    api.stage.health().report("analyzer", Health.State.DOWN, "the model's digest is wrong");
    var down = api.get("/health/ready");
    assertThat(down.statusCode()).isEqualTo(503);
    assertThat(down.body()).contains("the model's digest is wrong");
    assertThat(api.get("/health/live").statusCode()).isEqualTo(200);
    api.stage.health().report("analyzer", Health.State.UP, "");
    var up = api.get("/health/ready");
    assertThat(up.statusCode()).isEqualTo(200);
    assertThat(ApiFixture.json(up).get("parts"))
        .extracting(part -> part.get("name").textValue())
        .contains("http server", "stream registry");
  }

  @Test
  void saysWhatItWorksWith() throws Exception {
    api.stage.health().report("detector", Health.State.UP, "cascade: misses turned faces");
    api.stage.health().report("model", Health.State.UP, "lite-ferplus");
    JsonNode system = ApiFixture.json(api.get("/api/v1/system"));
    assertThat(system.at("/detector/name").textValue()).isEqualTo("cascade");
    assertThat(system.at("/detector/limits").textValue()).isEqualTo("misses turned faces");
    assertThat(system.get("model").textValue()).isEqualTo("lite-ferplus");
    assertThat(system.get("notice").textValue()).contains("not what a person feels");
    assertThat(system.get("purposes")).hasSize(9);
    api.description().check("System", system);
    api.description().check("Ready", ApiFixture.json(api.get("/health/ready")));
  }

  @Test
  void countsRequestsByRouteAndNeverByWhatWasTyped() throws Exception {
    api.get("/api/v1/streams/somebody-typed-this");
    String metrics = api.get("/metrics").body();
    assertThat(metrics)
        .contains(
            "moodline_http_requests_total{method=\"GET\",route=\"/api/v1/streams/{id}\",status=\"404\"}")
        .contains("moodline_http_request_seconds_bucket")
        .doesNotContain("somebody-typed-this");
  }

  @Test
  void namesThePortThatIsBusyAndTheRemedy() {
    assertThatThrownBy(() -> start(Map.of("http.port", Integer.toString(api.sink().port()))))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("port " + api.sink().port())
        .hasMessageContaining("http.port=0");
    // Nothing of what was started on the way is left.
    Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .filteredOn(thread -> thread.getName().equals("sink-events-watch"))
                    .hasSize(1));
  }

  @ParameterizedTest
  @CsvSource({"0.0.0.0", "192.168.1.2", "::", "example.org", "127.0.0.1.evil.example"})
  void demandsTokensWhereOtherMachinesReachIt(String host) {
    assertThatThrownBy(() -> start(Map.of("http.host", host)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(host)
        .hasMessageContaining("moodline token create admin");
  }

  private static void start(Map<String, String> given) {
    StageContext stage = api.stage;
    StageContext other =
        new StageContext(
            "other",
            Settings.load(
                home, Setting.all(RuntimeSettings.ALL, SinkSettings.ALL), Map.of(), given),
            stage.kafka(),
            new PrometheusRegistry(),
            new Health(),
            stage.secrets(),
            stage.failures(),
            stage.clock());
    Sink.start(
            other,
            file -> {},
            source -> {
              throw new AssertionError("nothing is probed");
            },
            api.timelines)
        .close();
  }
}
