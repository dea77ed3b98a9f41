package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.EndOfRun;
import io.moodline.schemas.v1.EndReason;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.StreamStatus;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplayRoutesTest {
  private static final String RUN = "5b3cbb09-6d3f-4e0a-9d0c-7a3f6d2c1b10";

  @TempDir static Path home;
  static ApiFixture api;

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of("http.upload-max-megabytes", "1"));
    api.putRecording("talk.mp4");
  }

  @AfterAll
  static void stop() {
    api.close();
    assertThat(api.failures).isEmpty();
  }

  private static HttpResponse<String> upload(String name, byte[] body) throws Exception {
    return api.send(
        api.request("/api/v1/recordings" + (name == null ? "" : "?name=" + name))
            .header("Content-Type", "application/octet-stream")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
  }

  private static List<String> files() throws Exception {
    try (var files = Files.walk(home.resolve("media"))) {
      return files.filter(Files::isRegularFile).map(it -> it.getFileName().toString()).toList();
    }
  }

  @Test
  void replaysWhatWasUploaded() throws Exception {
    var uploaded = upload("my%20talk.mov", ApiFixture.mp4("pictures of a talk"));
    assertThat(uploaded.statusCode()).as(uploaded.body()).isEqualTo(201);
    api.description().check("Recording", ApiFixture.json(uploaded));
    String recording = ApiFixture.json(uploaded).get("recording").textValue();
    assertThat(recording).isEqualTo("my-talk.mp4");
    assertThat(Files.readAllBytes(api.media().resolve(recording)))
        .isEqualTo(ApiFixture.mp4("pictures of a talk"));

    var created =
        api.post(
            "/api/v1/replays",
            "{\"recording\":\""
                + recording
                + "\",\"purpose\":\"research\",\"framesPerSecond\":4,\"sampling\":\"keyframes\",\"name\":\"A talk\"}");
    assertThat(created.statusCode()).as(created.body()).isEqualTo(201);
    String id = ApiFixture.json(created).get("id").textValue();
    assertThat(created.headers().firstValue("Location")).hasValue("/api/v1/replays/" + id);
    JsonNode stream = ApiFixture.json(api.get("/api/v1/streams/" + id));
    assertThat(stream.get("source").textValue()).isEqualTo("file:" + recording);
    assertThat(stream.get("framesPerSecond").doubleValue()).isEqualTo(4);
    assertThat(stream.get("sampling").textValue()).isEqualTo("keyframes");
    assertThat(stream.get("name").textValue()).isEqualTo("A talk");

    assertThat(api.delete("/api/v1/replays/" + id).statusCode()).isEqualTo(204);
    assertThat(api.get("/api/v1/replays/" + id).statusCode()).isEqualTo(404);
  }

  @Test
  void isFinishedOnlyWhenEveryFrameIsInTheTimeline() throws Exception {
    var created =
        api.post("/api/v1/replays", "{\"source\":\"file:talk.mp4\",\"purpose\":\"demo\"}");
    String id = ApiFixture.json(created).get("id").textValue();
    assertThat(state(id)).isEqualTo("WAITING");
    api.description().check("Replay", ApiFixture.json(created));

    sendStatus(id, StreamState.STREAMING, 30);
    Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> state(id).equals("STREAMING"));
    api.timelines.ledgers.put(id + "/" + RUN, ledger(id, 20, null));
    JsonNode half = ApiFixture.json(api.get("/api/v1/replays/" + id));
    assertThat(half.get("progress").doubleValue()).isBetween(0.49, 0.51);
    assertThat(half.at("/ledger/inFlight").longValue()).isEqualTo(30 - 23);

    sendStatus(id, StreamState.FINISHED, 43);
    Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> state(id).equals("ANALYSING"));
    EndOfRun end =
        EndOfRun.newBuilder()
            .setReason(EndReason.FINISHED)
            .setPublished(43)
            .setDropped(Map.of())
            .setMediaDurationMicros(10_000_000)
            .build();
    api.timelines.ledgers.put(id + "/" + RUN, ledger(id, 40, end));
    assertThat(state(id)).isEqualTo("ANALYSING");
    api.timelines.settled.put(id + "/" + RUN, true);

    JsonNode done = ApiFixture.json(api.get("/api/v1/replays/" + id));
    assertThat(done.get("state").textValue()).isEqualTo("FINISHED");
    api.description().check("Replay", done);
    api.description().check("Stream", ApiFixture.json(api.get("/api/v1/streams/" + id)));
    assertThat(done.get("progress").doubleValue()).isEqualTo(1);
    assertThat(done.get("run").textValue()).isEqualTo(RUN);
    assertThat(done.get("detector").textValue()).isEqualTo("opencv-cascade");
    assertThat(done.get("ledger").toString())
        .isEqualTo("{\"published\":43,\"analysed\":40,\"skipped\":2,\"failed\":1,\"inFlight\":0}");
    assertThat(ApiFixture.json(api.get("/api/v1/replays")).get("replays"))
        .anyMatch(replay -> replay.get("id").textValue().equals(id));

    api.timelines.trouble = new NotReadyException("the stores are moving");
    var moving = api.get("/api/v1/replays/" + id);
    api.timelines.trouble = null;
    assertThat(moving.statusCode()).isEqualTo(503);
    assertThat(moving.headers().firstValue("Retry-After")).hasValue("2");
  }

  @Test
  void failsWithTheReasonThatIngestGave() throws Exception {
    var created = api.post("/api/v1/replays", "{\"recording\":\"talk.mp4\",\"purpose\":\"demo\"}");
    String id = ApiFixture.json(created).get("id").textValue();
    sendStatus(id, StreamState.FAILED, 0);
    Awaitility.await().atMost(Duration.ofSeconds(60)).until(() -> state(id).equals("FAILED"));
    assertThat(ApiFixture.json(api.get("/api/v1/replays/" + id)).get("reason").textValue())
        .isEqualTo("the decoder gave up");
  }

  private static String state(String id) throws Exception {
    return ApiFixture.json(api.get("/api/v1/replays/" + id)).get("state").textValue();
  }

  private static void sendStatus(String id, StreamState state, long published) throws Exception {
    sendStatusOf(api, id, state, published);
  }

  static void sendStatusOf(ApiFixture api, String id, StreamState state, long published)
      throws Exception {
    sendStatus(api, statusOf(id, state, published).build());
  }

  static StreamStatus.Builder statusOf(String id, StreamState state, long published) {
    return StreamStatus.newBuilder()
        .setStreamId(id)
        .setRevision(1)
        .setRunId(RUN)
        .setState(state)
        .setSince(Instant.EPOCH)
        .setReason(state == StreamState.FAILED ? "the decoder gave up" : null)
        .setPublished(published)
        .setDropped(Map.of())
        .setLastMediaTimeMicros(5_000_000)
        .setDurationMicros(10_000_000L)
        .setWidth(640)
        .setHeight(360)
        .setSourceFramesPerSecond(25)
        .setInstance("test")
        .setUpdatedAt(Instant.EPOCH);
  }

  static void sendStatus(ApiFixture api, StreamStatus status) throws Exception {
    String id = status.getStreamId();
    api.send(
        api.stage.kafka().topics().streamStatus(),
        id,
        id.getBytes(StandardCharsets.UTF_8),
        Serdes.STREAM_STATUS.encode(status));
  }

  private static RunLedger ledger(String id, long analysed, EndOfRun end) {
    return RunLedger.newBuilder()
        .setStreamId(id)
        .setRunId(RUN)
        .setKind(StreamKind.RECORDING)
        .setAnalysed(analysed)
        .setSkipped(Map.of("STALE", 2L))
        .setFailed(Map.of("DECODE_ERROR", 1L))
        .setDropped(Map.of())
        .setNextSequence(analysed + 3)
        .setFaces(7)
        .setLastMediaTimeMicros(5_000_000)
        .setDetector("opencv-cascade")
        .setModel("lite-ferplus")
        .setModelDigest("abc")
        .setEndOfRun(end)
        .build();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../etc/passwd",
        "..%2F..%2Fescape.mp4",
        "%2Fetc%2Fcron.d%2Fx.mp4",
        "..%5C..%5Cescape.mp4",
        ".htaccess",
        "-rf.mp4",
        "a%00b.mp4",
        "a%0d%0ab.mp4",
        "%F0%9F%98%80.mp4",
        "CON.mp4",
        "%3Cscript%3E.mp4",
        "file%3A%2Fx.mp4",
        "..",
        "."
      })
  void givesHostileNamesASafeOne(String name) throws Exception {
    var uploaded = upload(name, ApiFixture.mp4("x"));
    assertThat(uploaded.statusCode()).as(uploaded.body()).isEqualTo(201);
    String recording = ApiFixture.json(uploaded).get("recording").textValue();
    assertThat(recording).matches("[A-Za-z0-9][A-Za-z0-9_-]*\\.mp4");
    assertThat(Files.isRegularFile(api.media().resolve(recording))).isTrue();
    assertThat(files()).noneMatch(file -> file.endsWith(".part"));
    assertThat(home.resolve("escape.mp4")).doesNotExist();
  }

  @Test
  void takesTheFirstFileOfAForm() throws Exception {
    byte[] video = ApiFixture.mp4("pictures\r\n--xy\r\n-\r\n--x\r\n\r".repeat(5000));
    java.io.ByteArrayOutputStream body = new java.io.ByteArrayOutputStream();
    body.writeBytes(
        ("preamble\r\n--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--xyz\r\n"
                + "Content-Disposition: form-data; name=\"file\"; filename=\"from a form.mov\"\r\n"
                + "Content-Type: video/quicktime\r\n\r\n")
            .getBytes(StandardCharsets.UTF_8));
    body.writeBytes(video);
    body.writeBytes("\r\n--xyz--\r\n".getBytes(StandardCharsets.UTF_8));
    var uploaded = form(body.toByteArray());
    assertThat(uploaded.statusCode()).as(uploaded.body()).isEqualTo(201);
    JsonNode recording = ApiFixture.json(uploaded);
    assertThat(recording.get("recording").textValue()).isEqualTo("from-a-form.mp4");
    assertThat(recording.get("bytes").longValue()).isEqualTo(video.length);
    assertThat(Files.readAllBytes(api.media().resolve(recording.get("recording").textValue())))
        .isEqualTo(video);

    List<String> before = files();
    byte[] cut = java.util.Arrays.copyOf(body.toByteArray(), body.size() - 9);
    assertThat(form(cut).statusCode()).as("ends within the file").isEqualTo(400);
    assertThat(form("--xyz\r\n\r\nx\r\n--xyz--".getBytes(StandardCharsets.UTF_8)).statusCode())
        .as("holds no file")
        .isEqualTo(400);
    assertThat(files()).containsExactlyInAnyOrderElementsOf(before);
  }

  private static HttpResponse<String> form(byte[] body) throws Exception {
    return api.send(
        api.request("/api/v1/recordings")
            .header("Content-Type", "multipart/form-data; boundary=xyz")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
  }

  @Test
  void keepsNamesShort() {
    assertThat(Uploads.safeName("x".repeat(5000)).length()).isLessThan(90);
    assertThat(Uploads.safeName(null)).isEqualTo("recording");
    assertThat(Uploads.safeName("../.hidden/..")).isEqualTo("recording");
    assertThat(Uploads.safeName("c:\\films\\my talk.1.mp4")).isEqualTo("my-talk-1");
  }

  @Test
  void keepsTheNameOfARecordingWhereItIsFree() throws Exception {
    byte[] first = ApiFixture.mp4("first");
    byte[] second = ApiFixture.mp4("second");
    String name = named(upload("same.mp4", first));
    String other = named(upload("same.mp4", second));
    assertThat(name).isEqualTo("same.mp4");
    assertThat(other).matches("same-[0-9a-f]{8}\\.mp4");
    assertThat(api.media().resolve(name)).hasBinaryContent(first);
    assertThat(api.media().resolve(other)).hasBinaryContent(second);
  }

  private static String named(HttpResponse<String> uploaded) throws Exception {
    assertThat(uploaded.statusCode()).as(uploaded.body()).isEqualTo(201);
    return ApiFixture.json(uploaded).get("recording").textValue();
  }

  @Test
  void leavesNothingBehindOfWhatIsNoVideo() throws Exception {
    List<String> before = files();
    assertThat(upload("a.mp4", "just text".getBytes(StandardCharsets.UTF_8)).statusCode())
        .isEqualTo(415);
    assertThat(upload("a.mp4", new byte[0]).statusCode()).isEqualTo(422);
    var broken = upload("a.mp4", ApiFixture.mp4("BROKEN"));
    assertThat(broken.statusCode()).isEqualTo(422);
    assertThat(ApiFixture.json(broken).get("detail").textValue())
        .isEqualTo("'the upload' holds no video that can be decoded");
    assertThat(upload("a.mp4", ApiFixture.mp4("x".repeat(1_100_000))).statusCode()).isEqualTo(413);
    var unannounced =
        api.send(
            api.request("/api/v1/recordings")
                .POST(
                    HttpRequest.BodyPublishers.ofInputStream(
                        () ->
                            new java.io.ByteArrayInputStream(
                                ApiFixture.mp4("x".repeat(1_100_000))))));
    assertThat(unannounced.statusCode()).isEqualTo(413);
    var form =
        api.send(
            api.request("/api/v1/recordings")
                .header("Content-Type", "multipart/form-data; boundary=x")
                .POST(HttpRequest.BodyPublishers.ofString("--x--")));
    assertThat(form.statusCode()).isEqualTo(400);
    assertThat(files()).containsExactlyInAnyOrderElementsOf(before);
  }

  /** Bytes that come after the refusal must not make TCP reset the connection under the answer. */
  @Test
  void refusesWhileTheUploadIsStillOnItsWay() throws Exception {
    byte[] piece = new byte[64 * 1024];
    int pieces = 64;
    for (int round = 0; round < 30; round++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.sink().port())) {
        socket.setSoTimeout(60_000);
        OutputStream out = socket.getOutputStream();
        out.write(
            ("POST /api/v1/recordings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Content-Length: "
                    + pieces * piece.length
                    + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < pieces; i++) {
          out.write(piece);
        }
        assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
            .startsWith("HTTP/1.1 413 ")
            .contains("larger than http.upload-max-megabytes allows");
      }
    }
  }

  /** A sender that asks before it sends is refused at once, and nobody waits for its body. */
  @Test
  void refusesBeforeTheUploadWhenAsked() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), api.sink().port())) {
      socket.setSoTimeout(60_000);
      socket
          .getOutputStream()
          .write(
              ("POST /api/v1/recordings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                      + "Expect: 100-continue\r\n"
                      + "Content-Length: 5000000\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .startsWith("HTTP/1.1 413 ")
          .doesNotContain("100 Continue");
    }
  }

  @Test
  void refusesReplaysOfWhatIsNoRecording() throws Exception {
    assertThat(api.post("/api/v1/replays", "{\"purpose\":\"demo\"}").statusCode()).isEqualTo(422);
    assertThat(
            api.post("/api/v1/replays", "{\"source\":\"webcam:0\",\"purpose\":\"demo\"}")
                .statusCode())
        .isEqualTo(422);
    assertThat(
            api.post("/api/v1/replays", "{\"recording\":\"../key\",\"purpose\":\"demo\"}")
                .statusCode())
        .isEqualTo(422);
    assertThat(
            api.post("/api/v1/replays", "{\"recording\":\"talk.mp4\",\"purpose\":\"workplace\"}")
                .statusCode())
        .isEqualTo(422);
    assertThat(api.get("/api/v1/replays/none").statusCode()).isEqualTo(404);
    assertThat(api.delete("/api/v1/replays/none").statusCode()).isEqualTo(404);
  }
}
