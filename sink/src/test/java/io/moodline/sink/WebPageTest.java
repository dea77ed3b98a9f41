package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.Health;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Alert;
import io.moodline.schemas.v1.AlertState;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.TimeSource;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser, over the real timelines and a real broker. */
@Timeout(400)
class WebPageTest {
  private static final String RUN = "5b3cbb09-6d3f-4e0a-9d0c-7a3f6d2c1b10";

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
    api.stage.health().report("detector", Health.State.UP, "cascade: misses turned faces");
    api.stage.health().report("model", Health.State.UP, "lite-ferplus");
  }

  @AfterAll
  static void stop() {
    if (api != null) {
      api.close();
      assertThat(api.failures).isEmpty();
    }
  }

  @Test
  void showsStreamsTimelinesAndEventsAndTakesRecordings() throws Exception {
    String evil = "<img src=x onerror=\"document.title='pwned'\">";
    api.put(
        "/api/v1/streams/a-lobby",
        "{\"source\":\"webcam:0\",\"purpose\":\"demo\",\"name\":" + Browser.quoted(evil) + "}");
    try (Browser browser = Browser.start(Files.createDirectories(home.resolve("browser")), false)) {
      browser.open(api.uri("/"));
      browser.await("document.querySelectorAll('button.stream').length === 1");
      assertThat(browser.text("#chosen-title")).isEqualTo(evil);
      browser.await("document.getElementById('detector').textContent === 'cascade'");
      assertThat(browser.text("#limits")).contains("misses turned faces");
      assertThat(browser.text("#model")).isEqualTo("lite-ferplus");
      assertThat(browser.text("#notice")).contains("not what a person feels");

      register(browser);
      pause(browser);
      replay(browser);
      zoom(browser);
      registerAgain(browser);
      showAlert(browser);
      showAnHour(browser);

      assertThat(browser.ask("document.title").textValue()).isEqualTo("Moodline");
      assertThat(browser.ask("document.images.length").intValue()).isZero();
      // A refused source and an id that is taken: nothing else had the browser to complain of.
      assertThat(browser.complaints)
          .satisfiesExactly(
              first -> assertThat(first).contains("status of 422"),
              second -> assertThat(second).contains("status of 412"));
      Path pictures = Path.of("target");
      browser.screenshot(pictures.resolve("page-light.png"));
    }
    try (Browser browser = Browser.start(Files.createDirectories(home.resolve("dark")), true)) {
      browser.open(api.uri("/"));
      browser.await("document.querySelectorAll('button.stream').length === 3");
      browser.ask("document.querySelector('button.stream[data-stream^=replay]').click()");
      browser.await("document.querySelectorAll('#legend li').length > 3");
      browser.screenshot(Path.of("target").resolve("page-dark.png"));
    }
  }

  /** Fills the form that registers the stream {@code door}, and sends it. */
  private static void submit(Browser browser, String source, String purpose) throws Exception {
    browser.ask(
        """
        (() => {
          const form = document.getElementById('register');
          form.elements.id.value = 'door';
          form.elements.source.value = %s;
          form.elements.purpose.value = %s;
          form.requestSubmit();
        })()
        """
            .formatted(Browser.quoted(source), Browser.quoted(purpose)));
  }

  private static void register(Browser browser) throws Exception {
    submit(browser, "ftp://nowhere/", "research");
    browser.await("document.getElementById('error').textContent.includes(\"'ftp' is not known\")");
    submit(browser, "rtsp://admin:geheim@127.0.0.1:9/live", "research");
    browser.await("document.getElementById('chosen-title').textContent === 'door'");
    assertThat(browser.ask("document.body.textContent").textValue()).doesNotContain("geheim");
    browser.await("document.getElementById('live-state').textContent.startsWith('connected')");
    assertThat(browser.text("#chosen-times")).isEmpty();
    assertThat(browser.ask("document.getElementById('range').value").textValue())
        .as("a young stream is looked at closely")
        .isEqualTo("300");
    ReplayRoutesTest.sendStatus(
        api,
        ReplayRoutesTest.statusOf("door", StreamState.STREAMING, 3)
            .setTimeSource(TimeSource.SENDER_REPORT)
            .setTimeUncertaintyMicros(1500L)
            .setMediaClockDriftPpm(-12.34)
            .setSenderClockOffsetMicros(-75_500_000L)
            .setDecodedBy("software")
            .setDecodedByReason("cuda: Cannot load libcuda.so.1")
            .build());
    browser.await("document.getElementById('chosen-state').textContent === 'streaming'");
    browser.await("document.getElementById('chosen-times').textContent !== ''");
    assertThat(browser.text("#chosen-facts"))
        .contains("decoded by software (cuda: Cannot load libcuda.so.1)");
    assertThat(browser.text("#chosen-times"))
        .isEqualTo(
            "Capture times from the camera's own clock · ± 1.5 ms · media clock 12.3 ppm slow"
                + " · camera's clock 75.5 s behind its arrival");
    browser.await("document.querySelectorAll('#events li').length === 1");
  }

  /** A stream that is there already is not overwritten. */
  private static void registerAgain(Browser browser) throws Exception {
    submit(browser, "webcam:7", "demo");
    browser.await(
        "document.getElementById('error').textContent.startsWith('there is a stream door already')");
    assertThat(ApiFixture.json(api.get("/api/v1/streams/door")).get("source").textValue())
        .startsWith("rtsp://");
  }

  /** Of a stream that is not looked at; what fires and what is over are one entry. */
  private static void showAlert(Browser browser) throws Exception {
    send(alert(AlertState.FIRING, null));
    browser.await("document.querySelectorAll('#alerts .FIRING').length === 1");
    assertThat(browser.text("#alerts")).contains("door: much-anger firing: anger for 3 s");
    send(alert(AlertState.RESOLVED, Instant.now()));
    browser.await("document.querySelectorAll('#alerts .RESOLVED').length === 1");
    assertThat(browser.ask("document.querySelectorAll('#alerts li').length").intValue()).isOne();
    browser.ask("document.querySelector('#alerts button').click()");
    browser.await("document.getElementById('chosen-title').textContent === 'door'");
    assertThat(browser.ask("document.querySelectorAll('#chart svg').length").intValue())
        .as("nothing of the stream before it")
        .isLessThanOrEqualTo(1);
    assertThat(browser.text("#progress-text")).isEmpty();
  }

  private static Alert alert(AlertState state, @Nullable Instant end) {
    return Alert.newBuilder()
        .setRuleId("much-anger")
        .setRuleRevision(1)
        .setStreamId("door")
        .setState(state)
        .setStart(Instant.parse("2026-11-26T10:00:00Z"))
        .setEnd(end)
        .setMessage("anger for 3 s")
        .build();
  }

  private static void send(Alert alert) throws Exception {
    api.send(
        api.stage.kafka().topics().alerts(),
        alert.getStreamId(),
        alert.getStreamId().getBytes(StandardCharsets.UTF_8),
        Serdes.ALERT.encode(alert));
  }

  /** More seconds than fit on a screen: longer windows are shown, and none seems to be missing. */
  private static void showAnHour(Browser browser) throws Exception {
    String id =
        browser
            .ask("document.querySelector('button.stream[data-stream^=replay]').dataset.stream")
            .textValue();
    ReplayRoutesTest.sendStatusOf(api, id, StreamState.STREAMING, 80);
    for (int second = 20; second < 3600; second++) {
      Instant time = Instant.ofEpochSecond(second);
      Face face = FakeFrames.face(0.7f, 0.1f, 0.1f, 0.1f);
      send(id, FakeFrames.analysed(id, "hour", second - 20L, StreamKind.RECORDING, time, face));
    }
    send(
        id,
        FakeFrames.endMark(id, "hour", 3580, StreamKind.RECORDING, Instant.ofEpochSecond(3600)));
    browser.ask("document.querySelector('button.stream[data-stream^=replay]').click()");
    browser.await(
        "document.getElementById('chart').getAttribute('aria-label').includes('360 windows of 10s')");
    JsonNode axis =
        browser.ask(
            """
            (() => {
              const names = [...document.querySelectorAll('#chart .instant')];
              const ends = names.map((name) => name.getBoundingClientRect());
              return {
                words: names.map((name) => name.textContent).join(' '),
                overlap: ends.some((end, i) => i > 0 && end.left < ends[i - 1].right),
              };
            })()
            """);
    assertThat(axis.get("words").textValue().split(" "))
        .contains("00:00", "30:00")
        .allMatch(name -> name.endsWith(":00"));
    assertThat(axis.get("overlap").booleanValue()).isFalse();
    browser.ask(
        """
        (() => {
          const area = document.querySelector('#chart svg').getBoundingClientRect();
          window.nothing = 0;
          for (let i = 0; i < 500; i++) {
            document.getElementById('chart').dispatchEvent(new PointerEvent('pointermove',
              { clientX: area.left + 74 + (area.width - 74) * (i + 0.5) / 500, clientY: area.top + 50 }));
            window.nothing += document.getElementById('readout').textContent.startsWith('Nothing');
          }
        })()
        """);
    assertThat(browser.ask("window.nothing").intValue()).isZero();
  }

  private static void pause(Browser browser) throws Exception {
    browser.ask("document.getElementById('pause').click()");
    browser.await("document.getElementById('pause').textContent === 'Resume'");
    assertThat(ApiFixture.json(api.get("/api/v1/streams/door")).get("desiredState").textValue())
        .isEqualTo("PAUSED");
    browser.ask("document.getElementById('pause').click()");
    browser.await("document.getElementById('pause').textContent === 'Pause'");
  }

  /** Drags over seconds 2 to 6 of the 20 shown, and looks at all again. */
  private static void zoom(Browser browser) throws Exception {
    browser.ask(
        """
        (() => {
          const chart = document.getElementById('chart');
          const area = chart.firstElementChild.getBoundingClientRect();
          const at = (name, share) => chart.dispatchEvent(new PointerEvent(name,
            { clientX: area.left + 74 + (area.width - 74) * share, clientY: area.top + 50, button: 0 }));
          at('pointerdown', 0.1);
          at('pointermove', 0.2);
          at('pointerup', 0.3);
        })()
        """);
    browser.await(
        "/ [45] windows of 1s/.test(document.getElementById('chart').getAttribute('aria-label'))");
    assertThat(browser.ask("document.querySelector('#downloads a').href").textValue())
        .contains("timeline.csv?from=1970-01-01T00");
    browser.ask("document.getElementById('whole').click()");
    browser.await(
        "document.getElementById('chart').getAttribute('aria-label').includes('16 windows of 1s')");
  }

  /** Uploads a recording, plays the analyzer, and looks at what is drawn. */
  private static void replay(Browser browser) throws Exception {
    Path video = Files.write(home.resolve("talk.mp4"), ApiFixture.mp4("pictures"));
    browser.chooseFile("#replay input[name=file]", video);
    browser.ask(
        """
        (() => {
          const form = document.getElementById('replay');
          form.elements.name.value = 'A talk';
          form.elements.purpose.value = 'demo';
          form.elements.sampling.value = 'motion';
          form.requestSubmit();
        })()
        """);
    browser.await("document.getElementById('chosen-title').textContent === 'A talk'");
    String id =
        browser
            .ask("document.querySelector('button.stream[aria-current]').dataset.stream")
            .textValue();
    browser.await("document.getElementById('live-state').textContent.startsWith('connected')");
    assertThat(ApiFixture.json(api.get("/api/v1/streams/" + id)).get("sampling").textValue())
        .isEqualTo("motion");
    assertThat(browser.text("#chosen-facts")).contains("where something moves");
    ReplayRoutesTest.sendStatusOf(api, id, StreamState.STREAMING, 0);
    // 20 s at 5 frames/s; seconds 8 to 11 are missing, 12 to 15 show nobody.
    int sequence = 0;
    for (int i = 0; i < 100; i++) {
      int second = i / 5;
      if (second >= 8 && second < 12) {
        continue;
      }
      float happy = second / 20f;
      Face[] faces =
          second >= 12 && second < 16
              ? new Face[0]
              : new Face[] {
                FakeFrames.face(
                    0.8f - 0.7f * happy, 0.1f + 0.6f * happy, 0.05f, 0.05f + 0.1f * happy)
              };
      send(
          id,
          FakeFrames.analysed(
              id, RUN, sequence++, StreamKind.RECORDING, Instant.ofEpochMilli(i * 200L), faces));
    }
    send(
        id,
        FakeFrames.endMark(id, RUN, sequence, StreamKind.RECORDING, Instant.ofEpochMilli(20_000)));
    ReplayRoutesTest.sendStatusOf(api, id, StreamState.FINISHED, sequence);

    browser.await(
        "document.getElementById('progress-text').textContent.startsWith('finished: 80 of 80')");
    browser.await(
        "document.getElementById('chart').getAttribute('aria-label').includes('16 windows of 1s, 60 faces')");
    browser.await("document.querySelectorAll('#events li').length === 40");
    browser.await(
        "[...document.querySelectorAll('#events li')]"
            + ".some((item) => item.textContent === '15.80 s face 0: happiness 0.67')");
    assertThat(
            browser
                .ask("document.querySelectorAll('#chart path[class^=label-]').length")
                .intValue())
        .isEqualTo(4);
    browser.ask("document.getElementById('table-box').open = true");
    browser.await("document.querySelectorAll('#table tbody tr').length === 16");
    browser.ask(
        """
        (() => {
          const area = document.querySelector('#chart svg').getBoundingClientRect();
          const move = (share) => document.getElementById('chart').dispatchEvent(new PointerEvent('pointermove',
            { clientX: area.left + 74 + (area.width - 74) * share, clientY: area.top + 50 }));
          move(0.5);
          window.missing = document.getElementById('readout').textContent;
          move(0.72);
          window.empty = document.getElementById('readout').textContent;
          move(0.02);
          window.face = document.getElementById('readout').textContent;
        })()
        """);
    assertThat(browser.ask("window.missing").textValue()).isEqualTo("Nothing was looked at here.");
    assertThat(browser.ask("window.empty").textValue())
        .startsWith("00:14 to 00:15")
        .endsWith("No face.");
    assertThat(browser.ask("window.face").textValue()).contains("coverage 100 %", "neutral 0.80");
  }

  private static void send(String id, FrameFaces frame) throws Exception {
    api.send(
        api.stage.kafka().topics().faces(),
        id,
        id.getBytes(StandardCharsets.UTF_8),
        Serdes.FRAME_FACES.encode(frame));
  }
}
