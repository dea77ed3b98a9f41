package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.ingest.DecodeListener.DecodedFrame;
import io.moodline.schemas.SourceUri;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every way that a network source can be read, from a camera of our own to decoded pictures. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class NetworkSourceTest {
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  @TempDir static Path folder;
  private static final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();
  private static TestMedia media;
  private static Decoders decoders;

  @BeforeAll
  static void start() throws Exception {
    media = TestMedia.make(folder, 320, 240);
    decoders = decoders("");
  }

  @AfterAll
  static void stop() {
    if (decoders != null) {
      decoders.close();
    }
  }

  @AfterEach
  void noThreadFailed() {
    assertThat(bugs).isEmpty();
  }

  @Test
  void readsRtspOverTcpAndUdp() throws Exception {
    try (TestCamera camera = TestCamera.start(media, media)) {
      for (String transport : new String[] {"", "?transport=tcp", "?transport=udp"}) {
        Heard heard = watch(camera.rtsp("/NONE/live" + transport), 12);
        assertThat(heard.info.codec()).isEqualTo("h264");
        assertThat(heard.info.width()).isEqualTo(320);
        assertNumbered(heard);
      }
      await().atMost(PATIENCE).until(() -> camera.connections() == 0);
    }
  }

  @Test
  void readsACameraThatSendsBeforeItAnswers() throws Exception {
    try (TestCamera camera = TestCamera.start(media, media)) {
      camera.hasty = true;
      assertNumbered(watch(camera.rtsp("/NONE/live"), 12));
    }
  }

  @Test
  void takesKeyFramesAloneFromACamera() throws Exception {
    try (TestCamera camera = TestCamera.start(media, media)) {
      Heard heard = new Heard();
      var keys = new WantedFrames(10, WantedFrames.Mode.KEYFRAMES);
      try (var decoding = decoders.open(order(camera.rtsp("/NONE/live"), keys), heard)) {
        await().atMost(PATIENCE).until(() -> heard.frames.size() >= 4 || heard.failure != null);
      }
      assertThat(heard.failure).isNull();
      for (DecodedFrame frame : heard.frames) {
        int number = media.clip.numberOn(Clips.decode(frame.jpeg()));
        assertThat(number % (2 * TestMedia.RATE)).as("one each two seconds").isZero();
      }
      assertNumbered(heard);
      assertThat(heard.frames.subList(1, 4))
          .extracting(DecodedFrame::framesPerSecond)
          .allSatisfy(rate -> assertThat(rate).isBetween(0.45, 0.55));
    }
  }

  @Test
  void knowsThatACameraIsThereBetweenFramesThatAreSeldomDue() throws Exception {
    AtomicInteger silent = new AtomicInteger();
    Heard heard =
        new Heard() {
          @Override
          public void alive(int silentMillis) {
            silent.set(silentMillis);
          }
        };
    try (TestCamera camera = TestCamera.start(media, media);
        var decoding =
            decoders.open(order(camera.rtsp("/NONE/live"), WantedFrames.rate(0.1)), heard)) {
      await().atMost(PATIENCE).until(() -> heard.frames.size() == 1);
      long since = System.nanoTime();
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                long millis = (System.nanoTime() - since) / 1_000_000;
                return millis > 2000 && silent.get() < millis / 2;
              });
      assertThat(heard.failure).isNull();
      await().atMost(PATIENCE).until(() -> heard.frames.size() == 2);
      assertThat(heard.frames.get(1).mediaTimeMicros()).isBetween(9_900_000L, 10_200_000L);
    }
  }

  @Test
  void readsMotionJpegVideosAndPlaylistsOverHttp() throws Exception {
    try (TestCamera camera = TestCamera.start(media, media)) {
      assertThat(watch(camera.http("/NONE/live.mjpg"), 8).info.codec()).isEqualTo("mjpeg");
      assertNumbered(watch(camera.http("/NONE/clip.ts"), 8));
      assertNumbered(watch(camera.http("/NONE/clip.mp4"), 8));
      assertNumbered(watch(camera.http("/NONE/index.m3u8"), 25));
    }
  }

  @Test
  void knowsItsPasswordByEachKindOfLogin() throws Exception {
    try (TestCamera camera = TestCamera.start(media, media)) {
      camera.locked = true;
      for (String algorithm : new String[] {"MD5", "SHA-256"}) {
        camera.algorithm = algorithm;
        for (String address :
            new String[] {camera.rtsp("/NONE/live"), camera.http("/NONE/live.mjpg")}) {
          watch(address.replace("://", "://viewer:s3cret%21@"), 3);
          assertThat(trouble(address.replace("://", "://viewer:wrong@")))
              .isEqualTo(
                  "the camera at 127.0.0.1:"
                      + camera.port()
                      + " refuses the user name or password");
          assertThat(trouble(address)).endsWith("asks for a user name and a password");
        }
      }
    }
  }

  @Test
  void verifiesCertificatesAgainstTheAuthorityOfTheSettings() throws Exception {
    TestAuthority authority = TestAuthority.make(folder.resolve("tls"));
    try (TestCamera camera = TestCamera.startSecure(media, authority.identity());
        Decoders trusting = decoders(authority.certificate().toString())) {
      watch(trusting, camera.rtsp("/NONE/live"), 5);
      watch(trusting, camera.http("/NONE/live.mjpg"), 3);
      assertThat(trouble(camera.rtsp("/NONE/live"))).contains("certificate that is not trusted");
      String otherName = camera.rtsp("/NONE/live").replace("127.0.0.1", "camera.test");
      assertThat(trouble(trusting, otherName)).contains("certificate that is not trusted");
    }
  }

  private static void assertNumbered(Heard heard) throws Exception {
    int first = media.clip.numberOn(Clips.decode(heard.frames.get(0).jpeg()));
    for (DecodedFrame frame : heard.frames) {
      int number = media.clip.numberOn(Clips.decode(frame.jpeg()));
      long expected = Math.floorMod(number - first, 60) * 100_000L;
      assertThat(Math.floorMod(frame.mediaTimeMicros(), 6_000_000L))
          .isBetween(expected - 2000, expected + 2000);
    }
  }

  private static Heard watch(String address, int frames) {
    return watch(decoders, address, frames);
  }

  private static Heard watch(Decoders decoders, String address, int frames) {
    Heard heard = new Heard();
    try (var decoding = decoders.open(order(address), heard)) {
      await().atMost(PATIENCE).until(() -> heard.frames.size() >= frames || heard.failure != null);
    }
    assertThat(heard.failure).isNull();
    return heard;
  }

  private static String trouble(String address) throws InterruptedException {
    return trouble(decoders, address);
  }

  private static String trouble(Decoders decoders, String address) throws InterruptedException {
    Heard heard = new Heard();
    try (var decoding = decoders.open(order(address), heard)) {
      heard.awaitEnd();
    }
    assertThat(heard.failure).isNotNull();
    assertThat(heard.frames).isEmpty();
    return heard.failure.message();
  }

  private static DecodeOrder order(String address) {
    return order(address, WantedFrames.rate(10));
  }

  private static DecodeOrder order(String address, WantedFrames wanted) {
    return new DecodeOrder.Network(
        SourceUri.parse(address), InetAddress.getLoopbackAddress(), wanted);
  }

  private static Decoders decoders(String authorities) {
    return new LinkedDecoders(
        DecoderPool.start(1280, 92, (name, cause) -> bugs.add(cause)),
        AddressPolicy.usual(),
        Dialer.of(authorities, Dialer.Patience.USUAL));
  }
}
