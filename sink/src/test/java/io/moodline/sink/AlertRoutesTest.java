package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.StreamKind;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Over the real timelines and a real broker. */
@Timeout(600)
class AlertRoutesTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path home;
  private ApiFixture api;

  @BeforeEach
  void start() throws Exception {
    api = new ApiFixture(home, Map.of(), true);
    for (String stream : List.of("door", "lobby")) {
      api.put("/api/v1/streams/" + stream, "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
    }
  }

  @AfterEach
  void stop() {
    api.close();
    assertThat(api.failures).isEmpty();
  }

  private JsonNode list(String path) throws Exception {
    var answer = api.get(path);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return ApiFixture.json(answer);
  }

  /** What a list shows, as stream/rule/second/state. */
  private List<String> shown(JsonNode page) {
    List<String> shown = new ArrayList<>();
    page.get("alerts")
        .forEach(
            it ->
                shown.add(
                    "%s/%s/%d/%s"
                        .formatted(
                            it.get("stream").textValue(),
                            it.get("rule").textValue(),
                            Duration.between(NOON, Instant.parse(it.get("start").textValue()))
                                .toSeconds(),
                            it.get("state").textValue())));
    return shown;
  }

  private void await(String path, String... expected) {
    Awaitility.await(path)
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(shown(list(path))).containsExactly(expected));
  }

  @Test
  void listsEachAlertOnceNewestFirstAlsoAfterARestart() throws Exception {
    FakeAlerts.send(api, FakeAlerts.alert("door", "calm", NOON, NOON.plusSeconds(1)));
    FakeAlerts.send(api, FakeAlerts.alert("lobby", "calm", NOON.plusSeconds(2), null));
    FakeAlerts.send(api, FakeAlerts.alert("door", "loud", NOON.plusSeconds(3), null));
    FakeAlerts.send(
        api, FakeAlerts.alert("door", "loud", NOON.plusSeconds(3), NOON.plusSeconds(4)));
    FakeAlerts.send(api, FakeAlerts.alert("nobody", "loud", NOON, null)); // no such stream

    String[] all = {"door/loud/3/RESOLVED", "lobby/calm/2/FIRING", "door/calm/0/RESOLVED"};
    await("/api/v1/alerts", all);
    await("/api/v1/alerts?rule=calm", all[1], all[2]);
    await("/api/v1/streams/door/alerts", all[0], all[2]);
    await("/api/v1/alerts?from=2026-11-21T12:00:02Z&to=2026-11-21T12:00:03Z", all[1]);
    JsonNode page = list("/api/v1/alerts?limit=2");
    api.description().check("Alerts", page);
    assertThat(shown(page)).containsExactly(all[0], all[1]);
    assertThat(page.at("/alerts/1/end").isNull()).isTrue();
    JsonNode rest = list("/api/v1/alerts?limit=2&cursor=" + encode(page.get("next").textValue()));
    assertThat(shown(rest)).containsExactly(all[2]);
    assertThat(rest.get("next").isNull()).isTrue();
    api.description().check("Alerts", rest);

    for (String bad :
        List.of("?cursor=bm9uZQ", "?limit=0", "?rule=a/b", "?from=noon", "?from=2026-11-21")) {
      assertThat(api.get("/api/v1/alerts" + bad).statusCode()).as(bad).isEqualTo(400);
    }
    assertThat(api.get("/api/v1/streams/nobody/alerts").statusCode()).isEqualTo(404);

    api.stop();
    Folders.delete(home.resolve("data/streams")); // the topic alone holds them
    api.start();
    await("/api/v1/alerts", all);
  }

  /** From the rule and the frames to the list: the first frame that the rule sees makes it fire. */
  @Test
  void showsARuleThatHoldsAndThenWhenItCeased() throws Exception {
    api.put("/api/v1/rules/somebody", "{\"expression\":\"faces > 0\"}");
    AtomicInteger frames = new AtomicInteger();
    Awaitility.await("the rule is seen")
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .until(
            () -> {
              int number = frames.getAndIncrement();
              Instant time = NOON.plusMillis(200L * number);
              send(
                  Serdes.FRAME_FACES.encode(
                      FakeFrames.analysed(
                          "door",
                          "r",
                          number,
                          StreamKind.RECORDING,
                          time,
                          FakeFrames.face(0.1f, 0.8f, 0.05f, 0.05f))));
              return shown(list("/api/v1/streams/door/alerts")).toString().contains("FIRING");
            });
    send(
        Serdes.FRAME_FACES.encode(
            FakeFrames.endMark(
                "door", "r", frames.get(), StreamKind.RECORDING, NOON.plusSeconds(1000))));
    Awaitility.await("the run's end resolves it")
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              JsonNode page = list("/api/v1/alerts");
              assertThat(page.get("alerts")).hasSize(1);
              assertThat(page.at("/alerts/0/state").textValue()).isEqualTo("RESOLVED");
              assertThat(page.at("/alerts/0/rule").textValue()).isEqualTo("somebody");
              assertThat(page.at("/alerts/0/end").isTextual()).isTrue();
            });
  }

  private void send(byte[] frame) throws Exception {
    byte[] key = "door".getBytes(StandardCharsets.UTF_8);
    api.send(api.stage.kafka().topics().faces(), "door", key, frame);
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
