package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.moodline.runtime.AccessTokens;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server that demands tokens. */
class AccessTest {
  @TempDir static Path home;
  static ApiFixture api;
  static AccessTokens tokens;

  @BeforeAll
  static void start() throws Exception {
    tokens = new AccessTokens(home.resolve("tokens"));
    tokens.create(AccessTokens.Role.ADMIN, "", Clock.systemUTC());
    api =
        new ApiFixture(
            home, Map.of("http.tokens.always", "true", "http.event-readers-per-token", "2"));
  }

  @AfterAll
  static void stop() {
    api.close();
    assertThat(api.failures).isEmpty();
  }

  private static HttpResponse<String> call(String method, String path, String authorization)
      throws Exception {
    HttpRequest.Builder request =
        api.request(path).method(method, HttpRequest.BodyPublishers.ofString(""));
    if (!authorization.isEmpty()) {
      request.header("Authorization", authorization);
    }
    return api.send(request);
  }

  /** Every route, with every role: who may, gets past the door, and nobody else does. */
  @Test
  void letsEachRoleUseWhatItsRoutesDeclare() throws Exception {
    for (AccessTokens.Role role : AccessTokens.Role.values()) {
      String token = "Bearer " + tokens.create(role, "", Clock.systemUTC());
      assertThat(ApiFixture.json(call("GET", "/api/v1/system", token)).get("role").textValue())
          .isEqualTo(role.word());
      for (Route route : api.sink().api().routes()) {
        if (route.path().endsWith("/events")) {
          continue; // would stay open; looked at below
        }
        String path = route.path().replaceAll("\\{[a-z]+}", "none");
        String method = route.method().toString();
        int status = call(method, path, token).statusCode();
        boolean may = route.role() != Role.INTERNAL && Role.of(role).compareTo(route.role()) >= 0;
        assertThat(status == 401 || status == 403)
            .as(method + " " + path + " as " + role + " was answered " + status)
            .isEqualTo(!may);
        if (route.role() != Role.ANYONE && route.role() != Role.INTERNAL) {
          assertThat(call(method, path, "").statusCode()).as(method + " " + path).isEqualTo(401);
        }
      }
    }
  }

  @Test
  void refusesWhatIsNoTokenAndOnesThatWereRevoked() throws Exception {
    String token = tokens.create(AccessTokens.Role.VIEWER, "", Clock.systemUTC());
    assertThat(call("GET", "/api/v1/streams", "Bearer " + token).statusCode()).isEqualTo(200);
    assertThat(call("GET", "/api/v1/streams", "bearer  " + token).statusCode()).isEqualTo(200);
    for (String wrong : new String[] {"Bearer x", "Bearer ", "Basic " + token, token}) {
      var answer = call("GET", "/api/v1/streams", wrong);
      assertThat(answer.statusCode()).as(wrong).isEqualTo(401);
      assertThat(answer.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
      assertThat(answer.body()).doesNotContain(token);
    }
    assertThat(call("GET", "/api/v1/events", "").statusCode()).isEqualTo(401);
    var forbidden = call("DELETE", "/api/v1/streams/x", "Bearer " + token);
    assertThat(forbidden.statusCode()).isEqualTo(403);
    assertThat(forbidden.body()).contains("viewer").contains("operator");
    revokeUntil(token, () -> call("GET", "/api/v1/streams", "Bearer " + token).statusCode() == 401);
  }

  /** Events and pictures go on for as long as their reader likes, but not on a revoked token. */
  @Test
  void endsOpenConnectionsOfARevokedToken() throws Exception {
    String admin = tokens.create(AccessTokens.Role.ADMIN, "", Clock.systemUTC());
    String token = tokens.create(AccessTokens.Role.VIEWER, "", Clock.systemUTC());
    String kept = tokens.create(AccessTokens.Role.VIEWER, "", Clock.systemUTC());
    showPicture("watched", admin);
    CompletableFuture<?> events = open("/api/v1/events", token);
    CompletableFuture<?> pictures = open("/api/v1/streams/watched/preview", token);
    CompletableFuture<?> others = open("/api/v1/events", kept);
    CompletableFuture<String> socket = openSocket("/api/v1/events", token);
    await().atMost(Duration.ofMinutes(2)).until(() -> api.sink().events().open() == 3);
    await("the picture is seen")
        .atMost(Duration.ofMinutes(2))
        .until(
            () ->
                call("GET", "/api/v1/streams/watched/preview.jpg", "Bearer " + token).statusCode()
                    == 200);
    revokeUntil(token, () -> events.isDone() && pictures.isDone() && socket.isDone());
    assertThat(socket.get()).contains("revoked");
    assertThat(others.isDone()).isFalse();
    revokeUntil(kept, others::isDone);
  }

  @Test
  @Timeout(300)
  void leavesOthersPlacesHoweverManyEventsOneTokenReads() throws Exception {
    String greedy = tokens.create(AccessTokens.Role.VIEWER, "", Clock.systemUTC());
    String other = tokens.create(AccessTokens.Role.VIEWER, "", Clock.systemUTC());
    CompletableFuture<?> first = open("/api/v1/events", greedy);
    CompletableFuture<?> second = openSocket("/api/v1/events", greedy);
    await().atMost(Duration.ofMinutes(2)).until(() -> api.sink().events().open() == 2);
    var refused = call("GET", "/api/v1/events", "Bearer " + greedy);
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(429);
    assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    assertThat(openSocket("/api/v1/events", greedy).get()).contains("readers of events already");
    CompletableFuture<?> others = open("/api/v1/events", other);
    await().atMost(Duration.ofMinutes(2)).until(() -> api.sink().events().open() == 3);
    revokeUntil(greedy, () -> first.isDone() && second.isDone());
    revokeUntil(other, others::isDone);
    await().atMost(Duration.ofMinutes(2)).until(() -> api.sink().events().open() == 0);
  }

  /** Revokes a token and waits until that is seen. */
  private static void revokeUntil(String token, Callable<Boolean> isSeen) throws Exception {
    tokens.revoke(tokens.find(token).orElseThrow().id());
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> {
              moveFileClock();
              return isSeen.call();
            });
  }

  /** A stream with one picture that everyone may see as it is. */
  private static void showPicture(String id, String admin) throws Exception {
    var answer =
        api.send(
            api.request("/api/v1/streams/" + id)
                .header("Authorization", "Bearer " + admin)
                .header("Content-Type", "application/json")
                .PUT(
                    HttpRequest.BodyPublishers.ofString(
                        "{\"source\":\"webcam:0\",\"purpose\":\"demo\",\"showFaces\":true}")));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    byte[] key = id.getBytes(StandardCharsets.UTF_8);
    Frame frame =
        Frame.newBuilder()
            .setStreamId(id)
            .setRunId("run")
            .setSequence(0)
            .setKind(StreamKind.LIVE)
            .setDroppedBefore(Map.of())
            .setCaptureTime(Instant.EPOCH)
            .setMediaTimeMicros(0)
            .setTargetFramesPerSecond(5)
            .setWidth(8)
            .setHeight(8)
            .setJpeg(ByteBuffer.wrap(new byte[] {1, 2, 3}))
            .build();
    var topics = api.stage.kafka().topics();
    api.send(topics.frames(), id, key, Serdes.FRAME.encode(frame));
    api.send(
        topics.faces(),
        id,
        key,
        Serdes.FRAME_FACES.encode(
            FakeFrames.analysed(id, "run", 0, StreamKind.LIVE, Instant.EPOCH)));
  }

  /** A connection; done when the server has ended it. */
  private static CompletableFuture<?> open(String path, String token) {
    return api.http.sendAsync(
        api.request(path).header("Authorization", "Bearer " + token).build(),
        HttpResponse.BodyHandlers.discarding());
  }

  /** A socket; done with the reason that the server gives. */
  private static CompletableFuture<String> openSocket(String path, String token) throws Exception {
    CompletableFuture<String> closed = new CompletableFuture<>();
    api.http
        .newWebSocketBuilder()
        .header("Authorization", "Bearer " + token)
        .buildAsync(
            java.net.URI.create(api.uri(path).toString().replaceFirst("^http", "ws")),
            new WebSocket.Listener() {
              @Override
              public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
                closed.complete(reason);
                return CompletableFuture.completedFuture(null);
              }
            })
        .get();
    return closed;
  }

  /** The server sees by its time that the file has changed, which may be coarse. */
  private static void moveFileClock() {
    String passing = tokens.create(AccessTokens.Role.VIEWER, "", Clock.systemUTC());
    tokens.revoke(tokens.find(passing).orElseThrow().id());
  }

  @Test
  void namesEveryRoleThatATokenCanHave() {
    for (AccessTokens.Role role : AccessTokens.Role.values()) {
      assertThat(Role.of(role).name().toLowerCase(Locale.ROOT)).isEqualTo(role.word());
    }
  }

  @Test
  void boundsHowOftenACallerAsks() {
    AtomicLong nanos = new AtomicLong(5);
    RequestRate rate = new RequestRate(10, nanos::get);
    for (int i = 0; i < 20; i++) {
      rate.count("a");
    }
    assertThatThrownBy(() -> rate.count("a"))
        .isInstanceOfSatisfying(Problem.class, it -> assertThat(it.status()).isEqualTo(429));
    rate.count("b");
    nanos.addAndGet(100_000_000);
    rate.count("a");
    assertThatThrownBy(() -> rate.count("a")).isInstanceOf(Problem.class);
    RequestRate none = new RequestRate(0, nanos::get);
    for (int i = 0; i < 100_000; i++) {
      none.count("a");
    }
  }
}
