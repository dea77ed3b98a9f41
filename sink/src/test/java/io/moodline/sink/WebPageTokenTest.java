package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moodline.runtime.AccessTokens;
import io.moodline.schemas.v1.StreamState;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser, over a server that demands tokens. */
@Timeout(400)
class WebPageTokenTest {
  private static final String EVENTS = "document.querySelectorAll('#events li').length";

  @TempDir Path home;

  @Test
  void asksForATokenReadsEventsWithItAndForgetsIt() throws Exception {
    if (!Browser.isThere()) {
      assertThat(System.getenv("CI"))
          .as("CI needs Chromium: apt-get install chromium")
          .isNotEqualTo("true");
      assumeTrue(false, "Chromium is not there");
    }
    AccessTokens tokens = new AccessTokens(home.resolve("tokens"));
    String token = tokens.create(AccessTokens.Role.ADMIN, "", Clock.systemUTC());
    String viewer = tokens.create(AccessTokens.Role.VIEWER, "", Clock.systemUTC());
    try (ApiFixture api = new ApiFixture(home, Map.of("http.tokens.always", "true"), true);
        CutProxy proxy = CutProxy.to(api.sink().port());
        Browser browser = Browser.start(Files.createDirectories(home.resolve("browser")), false)) {
      register(api, token);
      browser.open(URI.create("http://127.0.0.1:" + proxy.port() + "/"));
      browser.await("!document.getElementById('token-box').hidden");
      browser.await("document.querySelectorAll('button.stream').length === 0");
      browser.screenshot(Path.of("target").resolve("page-token.png"));

      use(browser, "mt_wrong");
      browser.await("document.getElementById('token-words').textContent.includes('refused')");
      use(browser, token);
      browser.await("document.getElementById('token-box').hidden");
      browser.await("document.getElementById('chosen-title').textContent === 'door'");
      browser.await("document.getElementById('live-state').textContent.startsWith('connected')");
      readsOnAfterABreak(api, proxy, browser);

      assertThat(browser.ask("localStorage.length + document.cookie.length").intValue()).isZero();
      assertThat(browser.ask("document.documentElement.outerHTML").textValue())
          .doesNotContain(token);
      browser.ask("document.getElementById('forget-token').click()");
      browser.await("!document.getElementById('token-box').hidden");
      assertThat(browser.ask("sessionStorage.length").intValue()).isZero();
      assertThat(browser.text("#streams")).isEmpty();
      seesWithoutChanging(browser, viewer);
      assertThat(browser.complaints)
          .as("refusals and cut connections alone")
          .allMatch(text -> text.contains("status of 401") || text.contains("net::ERR_"));
      assertThat(api.failures).isEmpty();
    }
  }

  /** What happens while the connection is down is shown once, and nothing is shown twice. */
  private static void readsOnAfterABreak(ApiFixture api, CutProxy proxy, Browser browser)
      throws Exception {
    ReplayRoutesTest.sendStatusOf(api, "door", StreamState.STREAMING, 3);
    browser.await(EVENTS + " === 1");
    proxy.cut();
    ReplayRoutesTest.sendStatusOf(api, "door", StreamState.STALLED, 4);
    browser.await(
        "[...document.querySelectorAll('#events li')].some(i => i.textContent.includes('stalled'))");
    ReplayRoutesTest.sendStatusOf(api, "door", StreamState.STREAMING, 5);
    browser.await("document.querySelector('#events li').textContent.includes('streaming')");
    assertThat(browser.ask(EVENTS).intValue()).isEqualTo(3);
  }

  /** Who may only look is not offered what would be refused. */
  private static void seesWithoutChanging(Browser browser, String viewer) throws Exception {
    use(browser, viewer);
    browser.await("document.getElementById('chosen-title').textContent === 'door'");
    browser.ask("document.querySelector('#rules-box summary').click()");
    browser.await("!document.getElementById('no-rules').hidden");
    for (String forOperators : new String[] {"#rule", "#register-box", "#replay-box", "#remove"}) {
      assertThat(
              browser
                  .ask("document.querySelector(" + Browser.quoted(forOperators) + ").offsetParent")
                  .isNull())
          .as(forOperators)
          .isTrue();
    }
  }

  private static void use(Browser browser, String token) throws Exception {
    browser.ask(
        """
        (() => {
          const form = document.getElementById('token');
          form.elements.token.value = %s;
          form.requestSubmit();
        })()
        """
            .formatted(Browser.quoted(token)));
  }

  private static void register(ApiFixture api, String token) throws Exception {
    var answer =
        api.send(
            api.request("/api/v1/streams/door")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .PUT(
                    HttpRequest.BodyPublishers.ofString(
                        "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}")));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
  }
}
