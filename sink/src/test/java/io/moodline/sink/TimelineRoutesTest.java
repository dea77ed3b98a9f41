package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimelineRoutesTest {
  @TempDir static Path home;
  static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of());
    api.putRecording("talk.mp4");
    api.put("/api/v1/streams/talk", "{\"source\":\"file:talk.mp4\",\"purpose\":\"demo\"}");
    api.put("/api/v1/streams/live", "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}");
    // Second 1 shows a face, second 2 none, second 3 is missing, second 1200 shows one again.
    add("talk", 1000, 1000, 2, Map.of("happiness", 0.75, "neutral", 0.25));
    add("talk", 1000, 2000, 0, Map.of());
    add("talk", 1000, 1_200_000, 1, Map.of("neutral", 1.0));
    add("talk", 10_000, 0, 2, Map.of("happiness", 0.75, "neutral", 0.25));
    add("talk", 10_000, 1_200_000, 1, Map.of("neutral", 1.0));
    add("talk", 60_000, 0, 2, Map.of("happiness", 0.75, "neutral", 0.25));
    add("talk", 60_000, 1_200_000, 1, Map.of("neutral", 1.0));
    add("talk", 3_600_000, 0, 3, Map.of("happiness", 0.5, "neutral", 0.5));
    // Two windows a fortnight apart.
    api.put("/api/v1/streams/sparse", "{\"source\":\"file:talk.mp4\",\"purpose\":\"demo\"}");
    for (long step : new long[] {1000, 60_000}) {
      add("sparse", step, 0, 1, Map.of("neutral", 1.0));
      add("sparse", step, 14 * 86_400_000L, 1, Map.of("neutral", 1.0));
    }
    Instant minute = Instant.now().truncatedTo(ChronoUnit.MINUTES);
    add("live", 10_000, minute.minusSeconds(600).toEpochMilli(), 1, Map.of("anger", 1.0));
    add("live", 10_000, minute.minusSeconds(7200).toEpochMilli(), 1, Map.of("anger", 1.0));
  }

  @AfterAll
  static void stop() {
    api.close();
  }

  private static void add(
      String id, long step, long start, long faces, Map<String, Double> scores) {
    api.timelines.windows.add(
        TimelineWindow.newBuilder()
            .setStreamId(id)
            .setStepMillis(step)
            .setStart(Instant.ofEpochMilli(start))
            .setAnalysed(4)
            .setSkipped(Map.of("STALE", 1L))
            .setFailed(Map.of())
            .setDropped(Map.of())
            .setCoverage(0.8)
            .setFaces(faces)
            .setScores(scores)
            .setDominant(
                faces == 0 ? null : scores.containsKey("happiness") ? "happiness" : "neutral")
            .setComplete(true)
            .setLabelled(faces)
            .setWithheld(Map.of())
            .build());
  }

  @Test
  void tellsEmptyWindowsFromMissingOnes() throws Exception {
    JsonNode timeline = ApiFixture.json(api.get("/api/v1/streams/talk/timeline?step=1s"));
    assertThat(timeline.get("stream").textValue()).isEqualTo("talk");
    assertThat(timeline.get("step").textValue()).isEqualTo("1s");
    api.description().check("Timeline", timeline);
    JsonNode windows = timeline.get("windows");
    assertThat(windows).hasSize(3);
    assertThat(windows.get(0).toString())
        .isEqualTo(
            "{\"start\":\"1970-01-01T00:00:01.000Z\",\"end\":\"1970-01-01T00:00:02.000Z\",\"coverage\":0.8,"
                + "\"frames\":5,\"faces\":2,\"labelled\":2,\"withheld\":{},\"quantiles\":{},\"scores\":{\"happiness\":0.75,\"neutral\":0.25},\"dominant\":\"happiness\","
                + "\"analysed\":4,\"skipped\":1,\"failed\":0,\"dropped\":0,\"droppedByReason\":{},\"complete\":true}");
    assertThat(windows.get(1).get("faces").longValue()).isZero();
    assertThat(windows.get(1).get("scores")).isEmpty();
    assertThat(windows.get(1).get("dominant").isNull()).isTrue();
    assertThat(windows.get(2).get("start").textValue()).isEqualTo("1970-01-01T00:20:00.000Z");
  }

  @Test
  void takesTheFinestStepOfWhichFourTimesThePointsAreEnough() throws Exception {
    // 1200 s at most: 1 s has 1200 windows, 10 s 120, 1 min 20.
    assertThat(step("")).isEqualTo("1s");
    assertThat(step("?maxPoints=300")).isEqualTo("1s");
    assertThat(step("?maxPoints=299")).isEqualTo("10s");
    assertThat(step("?maxPoints=5")).isEqualTo("1m");
    assertThat(step("?maxPoints=4")).isEqualTo("1h");
    assertThat(step("?maxPoints=15&from=1970-01-01T00:00:00Z&to=1970-01-01T00:01:00Z"))
        .isEqualTo("1s");
    assertThat(api.get("/api/v1/streams/talk/timeline?maxPoints=300&format=csv").body())
        .as("rows are not thinned, so the step is longer")
        .hasLineCount(3);
  }

  @Test
  void thinsToThePointsAndSaysSo() throws Exception {
    for (int i = 0; i < 400; i++) {
      double anger = i == 123 ? 0.9 : 0.1 + 0.001 * (i % 7);
      add("long", 1000, i * 1000L, 1, Map.of("anger", anger, "neutral", 1 - anger));
    }
    add("long", 3_600_000, 0, 1, Map.of("neutral", 1.0));
    api.put("/api/v1/streams/long", "{\"source\":\"file:talk.mp4\",\"purpose\":\"demo\"}");
    JsonNode timeline = ApiFixture.json(api.get("/api/v1/streams/long/timeline?maxPoints=100"));
    assertThat(timeline.get("step").textValue()).isEqualTo("1s");
    assertThat(timeline.get("thinned").booleanValue()).isTrue();
    assertThat(timeline.get("windows")).hasSize(100);
    api.description().check("Timeline", timeline);
    assertThat(timeline.get("windows"))
        .extracting(window -> window.get("start").textValue())
        .contains(
            "1970-01-01T00:00:00.000Z", "1970-01-01T00:02:03.000Z", "1970-01-01T00:06:39.000Z")
        .isSorted();
    JsonNode all = ApiFixture.json(api.get("/api/v1/streams/long/timeline?step=1s&maxPoints=1"));
    assertThat(all.get("windows")).as("an explicit step is never thinned").hasSize(400);
    assertThat(all.get("thinned").booleanValue()).isFalse();
    api.description().check("Timeline", all);
  }

  @Test
  void compressesForWhoTakesThat() throws Exception {
    for (int i = 0; i < 2000; i++) {
      add("packed", 1000, i * 1000L, 1, Map.of("anger", 1.0 / (i + 3), "neutral", 1.0 / (i + 2)));
    }
    add("packed", 3_600_000, 0, 1, Map.of("neutral", 1.0));
    api.put("/api/v1/streams/packed", "{\"source\":\"file:talk.mp4\",\"purpose\":\"demo\"}");
    for (int points : new int[] {1, 500, 2000}) {
      String path = "/api/v1/streams/packed/timeline?maxPoints=" + points;
      String plain = api.get(path).body();
      var packed =
          api.http.send(
              api.request(path).header("Accept-Encoding", "gzip").build(),
              HttpResponse.BodyHandlers.ofByteArray());
      assertThat(packed.headers().firstValue("Content-Encoding").isPresent())
          .as("%s bytes", plain.length())
          .isEqualTo(plain.length() > 1500);
      assertThat(points == 1 ? packed.body() : unpacked(packed.body()))
          .asString(StandardCharsets.UTF_8)
          .isEqualTo(plain);
    }
  }

  private static byte[] unpacked(byte[] packed) throws IOException {
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
      return in.readAllBytes();
    }
  }

  @Test
  void doesNotTakeAStepThatIsNoLongerKeptForTheRange() throws Exception {
    api.put("/api/v1/streams/old", "{\"source\":\"file:talk.mp4\",\"purpose\":\"demo\"}");
    for (int minute = 0; minute < 30; minute++) {
      add("old", 60_000, minute * 60_000L, 1, Map.of("neutral", 1.0));
    }
    for (int second = 29 * 60; second < 30 * 60; second++) {
      add("old", 1000, second * 1000L, 1, Map.of("neutral", 1.0));
    }
    add("old", 3_600_000, 0, 1, Map.of("neutral", 1.0));
    JsonNode whole = ApiFixture.json(api.get("/api/v1/streams/old/timeline"));
    assertThat(whole.get("step").textValue()).isEqualTo("1m");
    assertThat(whole.get("windows")).hasSize(30);
    JsonNode end =
        ApiFixture.json(api.get("/api/v1/streams/old/timeline?from=1970-01-01T00:29:00Z"));
    assertThat(end.get("step").textValue()).isEqualTo("1s");
    assertThat(end.get("windows")).hasSize(60);
  }

  @Test
  void marksWhatACopyAnswered() throws Exception {
    for (String query : new String[] {"", "?step=1s"}) {
      String path = "/api/v1/streams/talk/timeline" + query;
      assertThat(ApiFixture.json(api.get(path)).get("stale").booleanValue()).isFalse();
      api.timelines.stale = true;
      assertThat(ApiFixture.json(api.get(path)).get("stale").booleanValue()).isTrue();
      api.timelines.stale = false;
    }
  }

  private static String step(String query) throws Exception {
    return ApiFixture.json(api.get("/api/v1/streams/talk/timeline" + query))
        .get("step")
        .textValue();
  }

  @Test
  void showsTheLastHourOfALiveStream() throws Exception {
    JsonNode windows = ApiFixture.json(api.get("/api/v1/streams/live/timeline")).get("windows");
    assertThat(windows).hasSize(1);
  }

  @Test
  void readsOnlyTheRangeThatWasAskedFor() throws Exception {
    String path = "/api/v1/streams/talk/timeline?step=1000ms&from=1970-01-01T00:00:02Z";
    assertThat(ApiFixture.json(api.get(path)).get("windows")).hasSize(2);
    assertThat(ApiFixture.json(api.get(path + "&to=1970-01-01T00:00:03Z")).get("windows"))
        .hasSize(1);
  }

  @Test
  void speaksCsvAndWebVtt() throws Exception {
    var csv = api.get("/api/v1/streams/talk/timeline?step=1s&format=csv");
    assertThat(csv.headers().firstValue("Content-Type")).hasValue("text/csv; charset=utf-8");
    assertThat(csv.body().split("\r\n"))
        .hasSize(4)
        .startsWith(
            "start,end,coverage,frames,faces,labelled,analysed,skipped,failed,dropped,complete,dominant,happiness,neutral",
            "1970-01-01T00:00:01.000Z,1970-01-01T00:00:02.000Z,0.800000,5,2,2,4,1,0,0,true,happiness,0.750000,0.250000",
            "1970-01-01T00:00:02.000Z,1970-01-01T00:00:03.000Z,0.800000,5,0,0,4,1,0,0,true,,,");
    var accepted =
        api.send(
            api.request("/api/v1/streams/talk/timeline?step=PT1S").header("Accept", "text/csv"));
    assertThat(accepted.body()).isEqualTo(csv.body());
    var vtt = api.get("/api/v1/streams/talk/timeline?step=1s&format=vtt");
    assertThat(vtt.headers().firstValue("Content-Type")).hasValue("text/vtt; charset=utf-8");
    assertThat(vtt.body())
        .startsWith("WEBVTT\n\n")
        .contains("00:00:01.000 --> 00:00:02.000\nhappiness 0.750000\n")
        .contains("00:20:00.000 --> 00:20:01.000\nneutral 1.000000\n")
        .doesNotContain("00:00:02.000 -->");
  }

  @ParameterizedTest
  @ValueSource(strings = {"csv", "vtt", "json"})
  void keepsNoMoreThanAPageOfWhatIsNotThinned(String format) throws Exception {
    api.timelines.largestPage = 0;
    var answer = api.get("/api/v1/streams/talk/timeline?step=1s&format=" + format);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(api.timelines.largestPage).isBetween(1, 2000);
  }

  @ParameterizedTest
  @CsvSource({
    "none,'',404",
    "talk,?step=2s,400",
    "talk,?step=PT2S,400",
    "talk,?step=PTx,400",
    "talk,?from=monday,400",
    "talk,?from=+1000000000-01-01T00:00:00Z,400",
    "talk,?from=1970-01-02T00:00:00Z&to=1970-01-01T00:00:00Z,400",
    "talk,?maxPoints=0,400",
    "talk,?maxPoints=99999999999999,400",
    "talk,?format=xml,400",
    "talk,?token=abc,400",
    "talk,?from=0001-01-01T00:00:00Z&to=9998-01-01T00:00:00Z,200",
    "talk,?from=0001-01-01T00:00:00Z&to=9998-01-01T00:00:00Z&step=1s,200",
    "sparse,?step=1s,400",
    "sparse,?step=1m,200",
  })
  void answersWithAClearStatus(String id, String query, int status) throws Exception {
    var answer = api.get("/api/v1/streams/" + id + "/timeline" + query.replace("+", "%2B"));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
  }
}
