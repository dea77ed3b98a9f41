package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Alert;
import io.moodline.schemas.v1.AnalyzerStatus;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The page's alerts, rules and analyzers in a real browser, over the real timelines. */
@Timeout(400)
class AlertPageTest {
  private static final int EARLIER = 30;
  private static final String SHOWN = "document.querySelectorAll('#alerts li').length";
  private static final Instant NOW = Instant.ofEpochSecond(Instant.now().getEpochSecond());

  @TempDir static Path home;
  static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    if (!Browser.isThere()) {
      assertThat(System.getenv("CI"))
          .as("CI needs Chromium: apt-get install chromium")
          .isNotEqualTo("true");
      assumeTrue(false, "Chromium is not there");
    }
    api = new ApiFixture(home, Map.of(), true);
    for (String stream : new String[] {"a-lobby", "door"}) {
      api.put("/api/v1/streams/" + stream, "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
    }
  }

  @AfterAll
  static void stop() {
    if (api != null) {
      api.close();
      assertThat(api.failures).isEmpty();
    }
  }

  @Test
  void beginsWithEarlierAlertsAndPutsLiveOnesOnTop() throws Exception {
    for (int i = 0; i < EARLIER; i++) {
      Instant start = NOW.minus(Duration.ofMinutes(20L * (EARLIER - i)));
      Instant end = i == EARLIER - 1 ? null : start.plusSeconds(7);
      FakeAlerts.send(api, FakeAlerts.alert(i % 3 == 0 ? "door" : "a-lobby", "loud", start, end));
    }
    Awaitility.await()
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .until(() -> ApiFixture.json(api.get("/api/v1/alerts")).get("alerts").size() == EARLIER);
    try (Browser browser = Browser.start(Files.createDirectories(home.resolve("alerts")), false)) {
      browser.open(api.uri("/"));
      browser.await(SHOWN + " === 20");
      browser.await("document.querySelector('#alerts li .FIRING') !== null");
      browser.ask("document.getElementById('older-alerts').click()");
      browser.await(SHOWN + " === 30");
      browser.await("document.getElementById('older-alerts').hidden");
      assertThat(
              browser
                  .ask(
                      "[...document.querySelectorAll('#alerts li')].every((item, index, all) =>"
                          + " index === 0 || item.dataset.start < all[index - 1].dataset.start)")
                  .booleanValue())
          .as("newest first, none twice")
          .isTrue();

      live(browser, FakeAlerts.alert("door", "sudden", NOW, null), 31);
      live(browser, FakeAlerts.alert("door", "sudden", NOW, NOW.plusSeconds(2)), 31);
      browser.await("document.querySelector('#alerts li').textContent.includes('resolved')");
      browser.ask("document.querySelector('#alerts button').click()");
      browser.await("document.getElementById('chosen-title').textContent === 'door'");
      browser.await("!document.getElementById('whole').hidden");
      assertThat(browser.ask("document.querySelector('#downloads a').href").textValue())
          .as("the time of the alert is looked at")
          .contains("from=" + NOW.minusSeconds(30).toString().replace(":", "%3A").replace("Z", ""));
      assertThat(browser.complaints).isEmpty();
      browser.screenshot(Path.of("target").resolve("page-alerts.png"));
      browser.resize(390);
      browser.screenshot(Path.of("target").resolve("page-alerts-narrow.png"));
    }
  }

  /** One that comes while the page is open, in both topics as the rules' processor writes it. */
  private static void live(Browser browser, Alert alert, int shown) throws Exception {
    browser.await("document.getElementById('live-state').textContent.startsWith('connected')");
    FakeAlerts.send(api, alert);
    String key = alert.getStreamId() + "/" + alert.getRuleId();
    api.send(
        api.stage.kafka().topics().alerts(),
        alert.getStreamId(),
        key.getBytes(StandardCharsets.UTF_8),
        Serdes.ALERT.encode(alert));
    browser.await("document.querySelector('#alerts li').textContent.includes('sudden')");
    browser.await(SHOWN + " === " + shown);
  }

  @Test
  void addsChangesAndRemovesRulesAndShowsTheirErrorsAtTheField() throws Exception {
    try (Browser browser = Browser.start(Files.createDirectories(home.resolve("rules")), false)) {
      browser.open(api.uri("/"));
      browser.await("document.querySelector('#rule select').options.length === 3");
      browser.ask("window.confirm = () => true");
      browser.ask("document.querySelector('#rules-box summary').click()");
      browser.await("!document.getElementById('no-rules').hidden");

      submit(browser, "cross", "anger > x for 3s");
      browser.await("document.getElementById('rule-words').textContent.includes('character 9')");
      assertThat(browser.ask("document.activeElement.selectionStart").intValue()).isEqualTo(8);
      browser.screenshot(Path.of("target").resolve("page-rule-error.png"));

      submit(browser, "cross", "anger > 0.6 for 3s where tag = lobby");
      browser.await("document.querySelectorAll('#rules li').length === 1");
      submit(browser, "cross", "anger > 0.7");
      browser.await("document.getElementById('error').textContent.includes('rule cross already')");

      browser.ask("document.querySelector('#rules button').click()");
      browser.ask(
          """
          (() => {
            const select = document.querySelector('#rule select');
            select.value = 'door';
            select.dispatchEvent(new Event('change'));
            document.getElementById('rule').requestSubmit();
          })()
          """);
      browser.await("document.querySelector('#rules code').textContent.includes('door')");
      JsonNode rule = ApiFixture.json(api.get("/api/v1/rules/cross"));
      assertThat(rule.get("expression").textValue())
          .isEqualTo("anger > 0.6 for 3s where tag = lobby and stream = door");
      assertThat(rule.get("revision").intValue()).isEqualTo(2);
      browser.screenshot(Path.of("target").resolve("page-rules.png"));
      browser.resize(390);
      browser.screenshot(Path.of("target").resolve("page-rules-narrow.png"));

      browser.ask("document.querySelector('#rules button.danger').click()");
      browser.await("document.querySelectorAll('#rules li').length === 0");
      assertThat(api.get("/api/v1/rules/cross").statusCode()).isEqualTo(404);

      browser.ask("document.querySelector('#analyzers-box summary').click()");
      browser.await("!document.getElementById('no-analyzers').hidden");
      AnalyzerStatus status = ModelRoutesTest.status("one", Instant.now());
      api.send(
          api.stage.kafka().topics().analyzerStatus(),
          "one",
          "one".getBytes(StandardCharsets.UTF_8),
          Serdes.ANALYZER_STATUS.encode(status));
      browser.await("document.querySelectorAll('#analyzers li').length === 1");
      assertThat(browser.text("#analyzers"))
          .contains("one", "late: live frames are skipped", "lite-ferplus", "yunet");
      // A rule that can not be read and an id that is taken: nothing else.
      assertThat(browser.complaints)
          .satisfiesExactly(
              first -> assertThat(first).contains("status of 422"),
              second -> assertThat(second).contains("status of 412"));
    }
  }

  private static void submit(Browser browser, String id, String rule) throws Exception {
    browser.ask(
        """
        (() => {
          const form = document.getElementById('rule');
          form.elements.id.value = %s;
          form.elements.expression.value = %s;
          form.requestSubmit();
        })()
        """
            .formatted(Browser.quoted(id), Browser.quoted(rule)));
  }
}
