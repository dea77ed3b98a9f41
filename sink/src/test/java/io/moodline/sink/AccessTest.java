package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.runtime.AccessTokens;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
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
    api = new ApiFixture(home, Map.of("http.tokens.always", "true"));
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
    tokens.revoke(tokens.find(token).orElseThrow().id());
    org.awaitility.Awaitility.await()
        .atMost(java.time.Duration.ofMinutes(2))
        .until(
            () -> {
              tokens.revoke(
                  tokens
                      .find(tokens.create(AccessTokens.Role.VIEWER, "", Clock.systemUTC()))
                      .orElseThrow()
                      .id()); // moves a coarse file clock on
              return call("GET", "/api/v1/streams", "Bearer " + token).statusCode() == 401;
            });
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
