package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.runtime.DataKey;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.StreamKeys;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.StreamKind;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
class PreviewRoutesTest {
  private static final int WIDTH = 320;
  private static final int HEIGHT = 240;
  private static final int SIDE = 64;

  /** The stream whose records are those of a release that had no keys. */
  private static final String PLAIN = "open";

  private static final Map<String, DataKey> KEYS = new HashMap<>();

  @TempDir static Path home;
  static ApiFixture api;
  static StreamKeys keys;

  @BeforeAll
  static void start() throws Exception {
    api = new ApiFixture(home, Map.of());
    keys =
        StreamKeys.start(
            "test",
            api.stage.kafka(),
            api.stage.secrets(),
            (thread, cause) -> api.failures.add(cause));
  }

  @AfterAll
  static void stop() {
    keys.close();
    api.close();
    assertThat(api.failures).isEmpty();
  }

  private static void register(String id, boolean showFaces) throws Exception {
    var answer =
        api.put(
            "/api/v1/streams/" + id,
            "{\"source\":\"webcam:0\",\"purpose\":\"demo\",\"showFaces\":" + showFaces + "}");
    assertThat(answer.statusCode()).isEqualTo(201);
    api.description().check("Stream", ApiFixture.json(answer));
  }

  /** Where the face of a frame is: each frame has it elsewhere. */
  private static int left(long sequence) {
    return (int) (sequence % 4) * 70 + 20;
  }

  /** A grey picture with a fine checkerboard where the face is. */
  private static byte[] jpeg(long sequence) throws IOException {
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        boolean face = x >= left(sequence) && x < left(sequence) + SIDE && y >= 88 && y < 152;
        boolean light = (x / 8 + y / 8) % 2 == 0;
        image.setRGB(x, y, face ? light ? 0xffffff : 0 : 0x808080);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "jpg", bytes);
    return bytes.toByteArray();
  }

  private static void sendFrame(String id, long sequence) throws Exception {
    send(
        api.stage.kafka().topics().frames(),
        id,
        Serdes.FRAME.encode(
            Frame.newBuilder()
                .setStreamId(id)
                .setRunId("run-" + id)
                .setSequence(sequence)
                .setKind(StreamKind.LIVE)
                .setDroppedBefore(Map.of())
                .setCaptureTime(Instant.ofEpochSecond(sequence))
                .setMediaTimeMicros(sequence * 200_000)
                .setTargetFramesPerSecond(5)
                .setWidth(WIDTH)
                .setHeight(HEIGHT)
                .setKeyId(id.equals(PLAIN) ? null : key(id).id())
                .setJpeg(ByteBuffer.wrap(picture(id, sequence)))
                .build()));
  }

  private static byte[] picture(String id, long sequence) throws Exception {
    byte[] jpeg = jpeg(sequence);
    return id.equals(PLAIN)
        ? jpeg
        : key(id).seal(jpeg, SealedRecords.picture(id, "run-" + id, sequence));
  }

  /** The stream's key, as ingest would have made it. */
  private static DataKey key(String id) throws Exception {
    DataKey known = KEYS.get(id);
    if (known != null) {
      return known;
    }
    DataKey key = DataKey.create(id);
    KEYS.put(id, key);
    send(
        api.stage.kafka().topics().streamKeys(),
        id,
        Serdes.STREAM_KEY.encode(keys.record(key, Instant.EPOCH)));
    return key;
  }

  private static void sendFaces(String id, long sequence) throws Exception {
    FrameFaces found =
        FakeFrames.analysed(
            id, "run-" + id, sequence, StreamKind.LIVE, Instant.ofEpochSecond(sequence));
    Box box =
        new Box(
            left(sequence) / (float) WIDTH,
            88f / HEIGHT,
            SIDE / (float) WIDTH,
            SIDE / (float) HEIGHT);
    Face face = Face.newBuilder(FakeFrames.face(0.1f, 0.8f, 0.05f, 0.05f)).setBox(box).build();
    FrameFaces result = FrameFaces.newBuilder(found).setFaces(List.of(face)).build();
    send(
        api.stage.kafka().topics().faces(),
        id,
        Serdes.FRAME_FACES.encode(
            id.equals(PLAIN)
                ? result
                : SealedRecords.seal(result, key(id), SealedRecords.Faces.IN_USE)));
  }

  private static void send(String topic, String id, byte[] value) throws Exception {
    api.send(topic, id, id.getBytes(StandardCharsets.UTF_8), value);
  }

  /** A picture of the preview with its headers. */
  private record Part(Map<String, String> headers, BufferedImage image) {
    long sequence() {
      return Long.parseLong(headers.get("moodline-sequence"));
    }

    /** How much neighbours differ within a frame's face: much only where it is sharp. */
    double contrast(long sequence) {
      double sum = 0;
      int count = 0;
      for (int y = 92; y < 148; y += 2) {
        for (int x = left(sequence) + 4; x < left(sequence) + SIDE - 12; x += 2) {
          int here = new Color(image.getRGB(x, y)).getGreen();
          int there = new Color(image.getRGB(x + 8, y)).getGreen();
          sum += Math.abs(here - there);
          count++;
        }
      }
      return sum / count;
    }

    /** Whether a coloured line runs along the left edge of a frame's face. */
    boolean hasBox(long sequence) {
      int coloured = 0;
      for (int y = 95; y < 145; y++) {
        Color colour = new Color(image.getRGB(left(sequence), y));
        coloured += colour.getRed() - colour.getBlue() > 60 ? 1 : 0;
      }
      return coloured > 40;
    }
  }

  /** Asks again while the server has not found one in time. */
  private static Part picture(String id, String query) throws Exception {
    HttpResponse<byte[]> answer =
        await()
            .atMost(Duration.ofSeconds(90))
            .until(
                () ->
                    api.http.send(
                        api.request("/api/v1/streams/" + id + "/preview.jpg" + query).build(),
                        HttpResponse.BodyHandlers.ofByteArray()),
                it -> it.statusCode() != 503);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type")).hasValue("image/jpeg");
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    answer.headers().map().forEach((name, values) -> headers.put(name, values.get(0)));
    return new Part(headers, ImageIO.read(new ByteArrayInputStream(answer.body())));
  }

  @Test
  void hidesFacesUnlessTheStreamShowsThem() throws Exception {
    register("hidden", false);
    register("open", true);
    for (String id : List.of("hidden", "open")) {
      sendFrame(id, 0);
      sendFaces(id, 0);
    }
    assertThat(picture("open", "").contrast(0)).isGreaterThan(200);
    assertThat(picture("hidden", "").contrast(0)).isLessThan(40);
    assertThat(picture("hidden", "?overlay=true").contrast(0)).isLessThan(60);
    assertThat(picture("hidden", "").hasBox(0)).isFalse();
    assertThat(picture("hidden", "?overlay=true").hasBox(0)).isTrue();
    assertThat(picture("open", "?overlay=true").hasBox(0)).isTrue();
  }

  @Test
  void showsNoPictureBeforeItIsKnownWhereItsFacesAre() throws Exception {
    register("unknown", false);
    sendFrame("unknown", 0);
    var early = api.get("/api/v1/streams/unknown/preview.jpg");
    assertThat(early.statusCode()).isEqualTo(503);
    FrameFaces failed =
        FrameFaces.newBuilder(
                FakeFrames.analysed(
                    "unknown", "run-unknown", 0, StreamKind.LIVE, Instant.ofEpochSecond(0)))
            .setOutcome(Outcome.FAILED)
            .setReason("NO_MODEL")
            .build();
    send(api.stage.kafka().topics().faces(), "unknown", Serdes.FRAME_FACES.encode(failed));
    assertThat(api.get("/api/v1/streams/unknown/preview.jpg").statusCode()).isEqualTo(503);
  }

  @Test
  void showsNoPictureOfAnErasedStream() throws Exception {
    register("erased", true);
    sendFrame("erased", 0);
    sendFaces("erased", 0);
    assertThat(picture("erased", "").contrast(0)).isGreaterThan(200);
    send(api.stage.kafka().topics().streamKeys(), "erased", null);
    assertThat(keys.current("erased")).isEmpty();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> api.get("/api/v1/streams/erased/preview.jpg").statusCode() == 503);
  }

  /** An open viewer keeps the stream's feed, which must not keep the picture. */
  @Test
  void endsViewersOfAStreamThatIsErased() throws Exception {
    register("forgotten", true);
    DataInputStream viewer = watch("forgotten");
    send(api.stage.kafka().topics().erasures(), "forgotten", new byte[0]); // its key is still there
    awaitEnd(viewer);
    assertThat(api.get("/api/v1/streams/forgotten/preview.jpg").statusCode()).isEqualTo(503);
  }

  @Test
  void endsViewersOfAStreamThatIsRemoved() throws Exception {
    register("left", true);
    DataInputStream viewer = watch("left");
    assertThat(api.delete("/api/v1/streams/left").statusCode()).isEqualTo(204);
    awaitEnd(viewer);
  }

  @Test
  void showsNoFacesThatMayNoLongerBeSeen() throws Exception {
    register("shy", true);
    DataInputStream viewer = watch("shy");
    var answer =
        api.put(
            "/api/v1/streams/shy",
            "{\"source\":\"webcam:0\",\"purpose\":\"demo\",\"showFaces\":false}");
    assertThat(answer.statusCode()).isEqualTo(200);
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> api.get("/api/v1/streams/shy/preview.jpg").statusCode() == 503);
    viewer.close();
  }

  /** A viewer that has seen the first picture of a stream. */
  private static DataInputStream watch(String id) throws Exception {
    sendFrame(id, 0);
    sendFaces(id, 0);
    assertThat(picture(id, "").sequence()).as("it can be seen by now").isZero();
    DataInputStream viewer =
        new DataInputStream(
            api.http
                .send(
                    api.request("/api/v1/streams/" + id + "/preview").build(),
                    HttpResponse.BodyHandlers.ofInputStream())
                .body());
    assertThat(read(viewer).sequence()).isZero();
    return viewer;
  }

  private static void awaitEnd(DataInputStream viewer) throws IOException {
    try (viewer) {
      while (viewer.read() >= 0) {
        // A picture may have been on its way.
      }
    }
  }

  /** Results come late and in lumps: every picture still has its own box and no other. */
  @Test
  void drawsBoxesOnTheirOwnFramesOnly() throws Exception {
    register("boxes", false);
    HttpResponse<InputStream> answer =
        api.http.send(
            api.request("/api/v1/streams/boxes/preview?overlay=true").build(),
            HttpResponse.BodyHandlers.ofInputStream());
    assertThat(answer.statusCode()).isEqualTo(200);
    List<Long> seen = new ArrayList<>();
    try (DataInputStream parts = new DataInputStream(answer.body())) {
      for (int lump = 0; lump < 5; lump++) {
        for (int i = 0; i < 4; i++) {
          sendFrame("boxes", 4 * lump + i);
        }
        for (int i = 0; i < 4; i++) {
          sendFaces("boxes", 4 * lump + i);
        }
        Part part;
        do {
          part = read(parts);
          long sequence = part.sequence();
          seen.add(sequence);
          assertThat(part.contrast(sequence)).as("face of %s", sequence).isLessThan(80);
          for (long other = 0; other < 4; other++) {
            assertThat(part.hasBox(other))
                .as("box of frame %s on frame %s", other, sequence)
                .isEqualTo(other == sequence % 4);
          }
        } while (part.sequence() < 4 * lump + 3);
      }
    }
    assertThat(seen).isSorted().endsWith(19L);
  }

  private static Part read(DataInputStream in) throws IOException {
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    String line = line(in);
    while (!line.isEmpty() || headers.isEmpty()) {
      int colon = line.indexOf(": ");
      if (colon > 0) {
        headers.put(line.substring(0, colon), line.substring(colon + 2));
      }
      line = line(in);
    }
    byte[] jpeg = new byte[Integer.parseInt(headers.get("Content-Length"))];
    in.readFully(jpeg);
    return new Part(headers, ImageIO.read(new ByteArrayInputStream(jpeg)));
  }

  private static String line(DataInputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    int next = in.readUnsignedByte();
    while (next != '\n') {
      line.append((char) next);
      next = in.readUnsignedByte();
    }
    return line.toString().strip();
  }

  @Test
  void sharesOneReaderAmongTheViewersOfAStream() throws Exception {
    register("shared", true);
    sendFrame("shared", 0);
    sendFaces("shared", 0);
    List<InputStream> viewers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      viewers.add(
          api.http
              .send(
                  api.request("/api/v1/streams/shared/preview").build(),
                  HttpResponse.BodyHandlers.ofInputStream())
              .body());
    }
    for (InputStream viewer : viewers) {
      assertThat(read(new DataInputStream(viewer)).sequence()).isZero();
    }
    assertThat(readers("sink-preview-shared")).isEqualTo(1);
    for (InputStream viewer : viewers) {
      viewer.close();
    }
    await()
        .atMost(Duration.ofSeconds(120))
        .untilAsserted(() -> assertThat(readers("sink-preview-shared")).isZero());
  }

  private static long readers(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(name))
        .count();
  }

  @Test
  void answersWithAClearStatus() throws Exception {
    assertThat(api.get("/api/v1/streams/none/preview").statusCode()).isEqualTo(404);
    assertThat(api.get("/api/v1/streams/none/preview.jpg").statusCode()).isEqualTo(404);
    register("strict", false);
    assertThat(api.get("/api/v1/streams/strict/preview?overlay=maybe").statusCode()).isEqualTo(400);
    var wrong =
        api.put(
            "/api/v1/streams/strict",
            "{\"source\":\"webcam:0\",\"purpose\":\"demo\",\"showFaces\":\"yes\"}");
    assertThat(wrong.statusCode()).isEqualTo(400);
  }
}
