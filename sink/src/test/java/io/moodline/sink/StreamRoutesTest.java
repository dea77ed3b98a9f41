package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.TimeSource;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StreamRoutesTest {
  @TempDir static Path home;
  static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of());
    api.putRecording("talk.mp4");
  }

  @AfterAll
  static void stop() {
    api.close();
    assertThat(api.failures).isEmpty();
  }

  private static String webcam(String more) {
    return "{\"source\":\"webcam:0\",\"purpose\":\"research\"" + more + "}";
  }

  @Test
  void showsWhatWasJustPut() throws Exception {
    for (int i = 1; i <= 20; i++) {
      var put = api.put("/api/v1/streams/fresh-" + i, webcam(",\"name\":\"Lobby " + i + "\""));
      assertThat(put.statusCode()).isEqualTo(201);
      assertThat(put.headers().firstValue("Location")).hasValue("/api/v1/streams/fresh-" + i);
      JsonNode got = ApiFixture.json(api.get("/api/v1/streams/fresh-" + i));
      assertThat(got.get("name").textValue()).isEqualTo("Lobby " + i);
      assertThat(got.get("revision").longValue()).isEqualTo(1);
      api.description().check("Stream", got);
      assertThat(got.at("/status/state").textValue()).isEqualTo("WAITING");
      assertThat(api.delete("/api/v1/streams/fresh-" + i).statusCode()).isEqualTo(204);
      assertThat(api.get("/api/v1/streams/fresh-" + i).statusCode()).isEqualTo(404);
    }
  }

  @Test
  void looksAtASourceBeforeItIsAccepted() throws Exception {
    var seen = api.post("/api/v1/probe", "{\"source\":\"rtsp://user:pass@10.0.0.9/x\"}");
    assertThat(seen.statusCode()).isEqualTo(200);
    api.description().check("SourceReport", ApiFixture.json(seen));
    assertThat(ApiFixture.json(seen).get("statedFramesPerSecond").doubleValue()).isEqualTo(30);
    assertThat(ApiFixture.json(seen).get("timeSource").textValue()).isEqualTo("SENDER_REPORT");
    assertThat(ApiFixture.json(seen).get("timeUncertaintyMicros").longValue()).isEqualTo(1500);
    assertThat(ApiFixture.json(seen).get("mediaClockDriftPpm").isNull()).isTrue();
    assertThat(ApiFixture.json(seen).get("senderClockOffsetMicros").longValue()).isEqualTo(-20_000);
    var off = api.post("/api/v1/probe", "{\"source\":\"rtsp://10.0.0.9:1/x\"}");
    assertThat(off.statusCode()).isEqualTo(422);
    assertThat(off.body()).contains("refuses the connection");
    String body = "{\"source\":\"rtsp://10.0.0.9:PORT/x\",\"purpose\":\"research\"}";
    String path = "/api/v1/streams/probed?probe=";
    assertThat(api.put(path + "true", body.replace("PORT", "1")).statusCode()).isEqualTo(422);
    assertThat(api.get("/api/v1/streams/probed").statusCode()).isEqualTo(404);
    assertThat(api.put(path + "true", body.replace("PORT", "2")).statusCode()).isEqualTo(201);
    assertThat(api.put(path + "false", body.replace("PORT", "1")).statusCode()).isEqualTo(200);
    assertThat(api.put(path + "perhaps", body.replace("PORT", "2")).statusCode()).isEqualTo(400);
  }

  @Test
  void showsTheHistoryOfAStream() throws Exception {
    assertThat(api.get("/api/v1/streams/history-1/history").statusCode()).isEqualTo(404);
    api.put("/api/v1/streams/history-1", webcam(""));
    ReplayRoutesTest.sendStatusOf(api, "history-1", StreamState.FAILED, 7);
    org.awaitility.Awaitility.await()
        .atMost(java.time.Duration.ofMinutes(2))
        .until(
            () ->
                ApiFixture.json(api.get("/api/v1/streams/history-1/history")).get("changes").size()
                    == 1);
    JsonNode history = ApiFixture.json(api.get("/api/v1/streams/history-1/history"));
    api.description().check("StateChange", history.at("/changes/0"));
    assertThat(history.at("/lastTrouble/reason").textValue()).isEqualTo("the decoder gave up");
    assertThat(history.at("/secondsByState/FAILED").doubleValue()).isGreaterThan(1e9);
  }

  @Test
  void showsWhatCaptureTimesAreTakenFrom() throws Exception {
    api.put("/api/v1/streams/timed", webcam(""));
    ReplayRoutesTest.sendStatus(
        api,
        ReplayRoutesTest.statusOf("timed", StreamState.STREAMING, 7)
            .setTimeSource(TimeSource.SENDER_REPORT)
            .setTimeUncertaintyMicros(1200L)
            .setMediaClockDriftPpm(-37.5)
            .setSenderClockOffsetMicros(-140_000L)
            .setDecodedBy("software")
            .setDecodedByReason("cuda: Cannot load libcuda.so.1")
            .build());
    org.awaitility.Awaitility.await()
        .atMost(java.time.Duration.ofMinutes(2))
        .until(
            () ->
                ApiFixture.json(api.get("/api/v1/streams/timed"))
                    .at("/status/timeSource")
                    .isTextual());
    JsonNode stream = ApiFixture.json(api.get("/api/v1/streams/timed"));
    api.description().check("Stream", stream);
    JsonNode status = stream.get("status");
    assertThat(status.get("timeSource").textValue()).isEqualTo("SENDER_REPORT");
    assertThat(status.get("timeUncertaintyMicros").longValue()).isEqualTo(1200);
    assertThat(status.get("decodedBy").textValue()).isEqualTo("software");
    assertThat(status.get("decodedByReason").textValue()).startsWith("cuda: Cannot load");
    assertThat(status.get("mediaClockDriftPpm").doubleValue()).isEqualTo(-37.5);
    assertThat(status.get("senderClockOffsetMicros").longValue()).isEqualTo(-140_000);
  }

  @Test
  void keepsTheRevisionOfAnEqualPut() throws Exception {
    assertThat(api.put("/api/v1/streams/same", webcam("")).statusCode()).isEqualTo(201);
    var again = api.put("/api/v1/streams/same", webcam(""));
    assertThat(again.statusCode()).isEqualTo(200);
    assertThat(ApiFixture.json(again).get("revision").longValue()).isEqualTo(1);
    var changed = api.put("/api/v1/streams/same", webcam(",\"framesPerSecond\":2.5"));
    assertThat(changed.statusCode()).isEqualTo(200);
    assertThat(ApiFixture.json(changed).get("revision").longValue()).isEqualTo(2);
    assertThat(ApiFixture.json(changed).get("sampling").textValue()).isEqualTo("rate");
    String more = ",\"framesPerSecond\":2.5,\"sampling\":";
    var named = ApiFixture.json(api.put("/api/v1/streams/same", webcam(more + "\"rate\"")));
    assertThat(named.get("revision").longValue()).as("what it was before").isEqualTo(2);
    var moving = ApiFixture.json(api.put("/api/v1/streams/same", webcam(more + "\"motion\"")));
    assertThat(moving.get("revision").longValue()).isEqualTo(3);
    assertThat(moving.get("sampling").textValue()).isEqualTo("motion");
    api.description().check("Stream", moving);
    var unknown = api.put("/api/v1/streams/same", webcam(more + "\"RATE\""));
    assertThat(unknown.statusCode()).isEqualTo(422);
    assertThat(unknown.body()).contains("give rate, keyframes or motion");
  }

  @Test
  void growsTheRevisionOverARemoval() throws Exception {
    api.put("/api/v1/streams/again", webcam(""));
    api.delete("/api/v1/streams/again");
    var put = api.put("/api/v1/streams/again", webcam(""));
    assertThat(put.statusCode()).isEqualTo(201);
    assertThat(ApiFixture.json(put).get("revision").longValue()).isEqualTo(2);
  }

  @Test
  void storesARecordingByItsNameInTheMediaFolder() throws Exception {
    String absolute = api.media().resolve("talk.mp4").toRealPath().toString();
    var put =
        api.put(
            "/api/v1/streams/talk",
            "{\"source\":\"file:"
                + absolute
                + "\",\"purpose\":\"demo\",\"start\":\"2026-01-02T03:04:05+01:00\"}");
    assertThat(put.statusCode()).as(put.body()).isEqualTo(201);
    JsonNode stream = ApiFixture.json(put);
    assertThat(stream.get("source").textValue()).isEqualTo("file:talk.mp4");
    assertThat(stream.get("kind").textValue()).isEqualTo("RECORDING");
    assertThat(stream.get("start").textValue()).isEqualTo("2026-01-02T02:04:05.000Z");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a/b | {'source':'webcam:0','purpose':'demo'} | 400 | slash",
        "a%2Fb | {'source':'webcam:0','purpose':'demo'} | 400 | ",
        "-a | {'source':'webcam:0','purpose':'demo'} | 400 | -a",
        "a%20b | {'source':'webcam:0','purpose':'demo'} | 400 | stream id",
        "x | {'source':'webcam:0','purpose':'demo','nmae':'x'} | 400 | nmae",
        "x | {'source':'webcam:0','purpose':'demo','name':7} | 400 | name",
        "x | {'source':'webcam:0','purpose':'demo','source':'webcam:1'} | 400 | JSON",
        "x | [] | 400 | object",
        "x | {'source' | 400 | JSON",
        "x | {'purpose':'demo'} | 422 | source",
        "x | {'source':'webcam:0'} | 422 | research, entertainment",
        "x | {'source':'webcam:0','purpose':'fun'} | 422 | research, entertainment",
        "x | {'source':'webcam:0','purpose':'workplace'} | 422 | Article 5(1)(f)",
        "x | {'source':'webcam:0','purpose':'education'} | 422 | Article 5(1)(f)",
        "x | {'source':'ftp://host/a','purpose':'demo'} | 422 | ftp",
        "x | {'source':'rtsp://0177.0.0.1/a','purpose':'demo'} | 422 | address",
        "x | {'source':'rtsp://cam/live?password=geheim','purpose':'demo'} | 422 | behind the host",
        "x | {'source':'file:/etc/passwd','purpose':'demo'} | 422 | outside",
        "x | {'source':'file:../key','purpose':'demo'} | 422 | outside",
        "x | {'source':'file:missing.mp4','purpose':'demo'} | 422 | not found",
        "x | {'source':'webcam:0','purpose':'demo','framesPerSecond':0} | 422 | 0.1 to 60",
        "x | {'source':'webcam:0','purpose':'demo','framesPerSecond':1e999} | 422 | 0.1 to 60",
        "x | {'source':'webcam:0','purpose':'demo','start':'yesterday'} | 400 | start",
        "x | {'source':'webcam:0','purpose':'demo','model':'../x'} | 422 | model",
        "x | {'source':'webcam:0','purpose':'demo','model':'Raf'} | 422 | model",
        "x | {'source':'webcam:0','purpose':'demo','desiredState':'GONE'} | 422 | RUNNING",
        "x | {'source':'webcam:0','purpose':'demo','labels':{'a b':'c'}} | 422 | label",
      })
  void refusesWithAWordOfWhatIsWrong(String id, String body, int status, String word)
      throws Exception {
    var answer = api.put("/api/v1/streams/" + id, body.replace('\'', '"'));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
    JsonNode problem = ApiFixture.json(answer);
    api.description().check("Problem", problem);
    assertThat(problem.get("status").intValue()).isEqualTo(status);
    assertThat(problem.get("type").textValue()).isEqualTo("about:blank");
    assertThat(problem.get("title").textValue()).isNotEmpty();
    assertThat(problem.get("detail").textValue()).doesNotContain("Exception", "geheim");
    if (word != null) {
      assertThat(problem.get("detail").textValue()).contains(word);
    }
    assertThat(api.get("/api/v1/streams/x").statusCode()).isEqualTo(404);
  }

  @Test
  void refusesARecordingThatIsNoVideo() throws Exception {
    java.nio.file.Files.writeString(api.media().resolve("text.mp4"), "not a video at all");
    java.nio.file.Files.write(api.media().resolve("broken.mp4"), ApiFixture.mp4("BROKEN"));
    java.nio.file.Files.createFile(api.media().resolve("empty.mp4"));
    for (String name : new String[] {"text.mp4", "broken.mp4", "empty.mp4"}) {
      var answer =
          api.put("/api/v1/streams/bad", "{\"source\":\"file:" + name + "\",\"purpose\":\"demo\"}");
      assertThat(answer.statusCode()).isEqualTo(422);
      assertThat(ApiFixture.json(answer).get("detail").textValue()).contains(name);
    }
  }

  @Test
  void refusesBodiesThatAreTooLargeOrNoJson() throws Exception {
    var large = api.put("/api/v1/streams/x", webcam(",\"name\":\"" + "x".repeat(1_100_000) + "\""));
    assertThat(large.statusCode()).isEqualTo(413);
    var text =
        api.send(
            api.request("/api/v1/streams/x")
                .header("Content-Type", "text/plain")
                .PUT(java.net.http.HttpRequest.BodyPublishers.ofString(webcam(""))));
    assertThat(text.statusCode()).isEqualTo(415);
    var nested = api.put("/api/v1/streams/x", "[".repeat(5000));
    assertThat(nested.statusCode()).isEqualTo(400);
  }

  @Test
  void showsTheRevisionAndHoldsDemandsAgainstIt() throws Exception {
    String path = "/api/v1/streams/revised";
    String body = "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}";
    var created = put(path, body, "If-None-Match", "*");
    assertThat(created.statusCode()).as(created.body()).isEqualTo(201);
    assertThat(created.headers().firstValue("ETag")).hasValue("\"1\"");
    var again = put(path, body, "If-None-Match", "*");
    assertThat(again.statusCode()).isEqualTo(412);
    assertThat(again.body()).contains("revision 1");
    String changed = body.replace("}", ",\"name\":\"other\"}");
    assertThat(put(path, changed, "If-Match", "\"7\"").statusCode()).isEqualTo(412);
    var second = put(path, changed, "If-Match", "\"7\", \"1\"");
    assertThat(second.statusCode()).isEqualTo(200);
    assertThat(second.headers().firstValue("ETag")).hasValue("\"2\"");
    assertThat(put(path, changed, "If-Match", "*").headers().firstValue("ETag"))
        .as("the same content is no change")
        .hasValue("\"2\"");
    assertThat(api.get(path).headers().firstValue("ETag")).hasValue("\"2\"");
    assertThat(put("/api/v1/streams/none", body, "If-Match", "*").statusCode()).isEqualTo(412);
    assertThat(api.send(api.request(path).header("If-Match", "\"1\"").DELETE()).statusCode())
        .isEqualTo(412);
    assertThat(api.send(api.request(path).header("If-Match", "\"2\"").DELETE()).statusCode())
        .isEqualTo(204);
  }

  private static java.net.http.HttpResponse<String> put(
      String path, String body, String header, String value) throws Exception {
    return api.send(
        api.request(path)
            .header("Content-Type", "application/json")
            .header(header, value)
            .PUT(java.net.http.HttpRequest.BodyPublishers.ofString(body)));
  }

  @Test
  void listsInPagesThatMoveWithNothing() throws Exception {
    String body = "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}";
    for (String id : new String[] {"page-a", "page-b", "page-d"}) {
      api.put("/api/v1/streams/" + id, body);
    }
    java.util.List<String> seen = new java.util.ArrayList<>();
    String query = "?limit=1";
    while (true) {
      var page = ApiFixture.json(api.get("/api/v1/streams" + query));
      assertThat(page.get("streams").size()).isLessThanOrEqualTo(1);
      page.get("streams").forEach(stream -> seen.add(stream.get("id").textValue()));
      if (seen.contains("page-b") && !seen.contains("page-d")) {
        api.delete("/api/v1/streams/page-a");
        api.put("/api/v1/streams/page-c", body);
      }
      if (page.get("next").isNull()) {
        break;
      }
      query = "?limit=1&cursor=" + page.get("next").textValue();
    }
    assertThat(seen).isSorted().doesNotHaveDuplicates().contains("page-a", "page-b", "page-d");
    for (String wrong : new String[] {"?limit=0", "?limit=1001", "?limit=x", "?cursor=%21"}) {
      assertThat(api.get("/api/v1/streams" + wrong).statusCode()).as(wrong).isEqualTo(400);
    }
  }

  @Test
  void refusesAModelThatIsNotThere() throws Exception {
    var answer =
        api.put(
            "/api/v1/streams/modelled",
            "{\"source\":\"webcam:0\",\"purpose\":\"demo\",\"model\":\"no-such-model\"}");
    assertThat(answer.statusCode()).isEqualTo(422);
    assertThat(answer.body()).contains("'no-such-model' is not installed: there are a, b");
    assertThat(api.get("/api/v1/streams/modelled").statusCode()).isEqualTo(404);
  }
}
