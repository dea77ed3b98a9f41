package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.awaitility.Awaitility.await;

import io.moodline.ingest.DecodeListener.DecodedFrame;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.v1.TimeSource;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Live sources against a real RTSP server, over TCP on loopback. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class RtspTest {
  private static final SyntheticClip CLIP = Clips.numbered(6);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  @TempDir static Path folder;
  private static Path file;

  private static final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();
  private static Decoders pool;

  @BeforeAll
  static void record() throws Exception {
    RtspServer.assumeInstalled();
    file = folder.resolve("clip.mp4");
    CLIP.write(file);
    pool = pool();
  }

  @AfterAll
  static void closePool() {
    if (pool != null) {
      pool.close();
    }
  }

  @AfterEach
  void noThreadFailed() {
    assertThat(bugs).isEmpty();
  }

  @Test
  void givesFramesWithTheCamerasOwnTimesUntilItEnds() throws Exception {
    Heard heard = new Heard();
    try (RtspServer server = RtspServer.start(file, 0);
        var decoding = pool.open(server.order("", "/clip", 5), heard)) {
      heard.awaitEnd();
    }
    assertThat(heard.failure).isNull();
    assertThat(heard.info.codec()).isEqualTo("h264");
    List<DecodedFrame> frames = heard.frames;
    assertThat(frames).hasSizeGreaterThanOrEqualTo(25);
    int first = CLIP.numberOn(Clips.decode(frames.get(0).jpeg()));
    for (DecodedFrame frame : frames) {
      int number = CLIP.numberOn(Clips.decode(frame.jpeg()));
      assertThat(frame.mediaTimeMicros() / 1000.0).isCloseTo((number - first) * 40.0, offset(2.0));
    }
  }

  @Test
  void opensACameraWithItsPassword() throws Exception {
    Heard heard = new Heard();
    try (RtspServer server = RtspServer.start(file, 0, "viewer", "s3cret!");
        var decoding = pool.open(server.order("viewer:s3cret!@", "/clip", 5), heard)) {
      await().atMost(PATIENCE).until(() -> heard.frames.size() >= 5);
    }
  }

  @Test
  void saysWhyACameraCanNotBeOpened() throws Exception {
    try (RtspServer open = RtspServer.start(file, 0);
        RtspServer locked = RtspServer.start(file, 0, "viewer", "s3cret!")) {
      assertThat(trouble(pool, open.order("", "/other", 5)))
          .isEqualTo("the camera at 127.0.0.1:" + open.port() + " has no stream under this path");
      assertThat(trouble(pool, locked.order("viewer:wr0ng@", "/clip", 5)))
          .isEqualTo(
              "the camera at 127.0.0.1:" + locked.port() + " refuses the user name or password");
      DecodeOrder order =
          new DecodeOrder.Network(
              SourceUri.parse("rtsp://127.0.0.1:" + freePort() + "/clip"),
              InetAddress.getLoopbackAddress(),
              5);
      assertThat(trouble(pool, order)).contains("refuses the connection");
    }
  }

  @Test
  void givesUpACameraThatTakesTheConnectionAndSaysNothing() throws Exception {
    try (ServerSocket hole = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      DecodeOrder order =
          new DecodeOrder.Network(
              SourceUri.parse("rtsp://127.0.0.1:" + hole.getLocalPort() + "/"),
              InetAddress.getLoopbackAddress(),
              5);
      long started = System.nanoTime();
      assertThat(trouble(pool, order)).contains("does not answer");
      assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(PATIENCE);
    }
  }

  @Test
  void endsWhenTheCameraFreezesOrIsUnplugged() throws Exception {
    for (boolean freeze : new boolean[] {true, false}) {
      Heard heard = new Heard();
      try (RtspServer server = RtspServer.start(file, 0);
          var decoding = pool.open(server.order("", "/clip", 5), heard)) {
        await().atMost(PATIENCE).until(() -> heard.frames.size() >= 5);
        if (freeze) {
          server.freeze();
        } else {
          server.close();
        }
        heard.awaitEnd();
      }
      assertThat(heard.frames).hasSizeLessThan(30);
    }
  }

  @Test
  void takesTheTimeOfFramesFromTheCamerasReportsThroughABadNetwork() throws Exception {
    Heard heard = throughABadNetwork(true);
    List<DecodedFrame> told =
        heard.frames.stream().filter(f -> source(f) == TimeSource.SENDER_REPORT).toList();
    assertThat(told).hasSizeGreaterThan(10);
    assertThat(source(heard.frames.get(heard.frames.size() - 1)))
        .isEqualTo(TimeSource.SENDER_REPORT);
    for (DecodedFrame frame : told) {
      assertThat(start(frame) - start(told.get(0))).isBetween(-20_000L, 20_000L);
    }
  }

  @Test
  void takesTheTimeOfFramesFromTheLeastDelayedArrivalsWhereTheCameraSendsNoReports()
      throws Exception {
    Heard heard = throughABadNetwork(false);
    CaptureClock times = CaptureClock.live();
    long before = Long.MIN_VALUE;
    for (DecodedFrame frame : heard.frames) {
      assertThat(source(frame)).isEqualTo(TimeSource.ARRIVAL);
      ClockReading reading = times.read(frame.mediaTimeMicros(), Instant.now(), frame.captured());
      assertThat(reading.epochMicros()).isGreaterThan(before);
      before = reading.epochMicros();
    }
    List<Long> starts = new ArrayList<>();
    for (DecodedFrame frame : heard.frames) {
      starts.add(start(frame));
    }
    long middle = starts.stream().sorted().toList().get(starts.size() / 2);
    assertThat(starts).allMatch(start -> Math.abs(start - middle) < 2_000_000);
    assertThat(starts.stream().filter(start -> Math.abs(start - middle) < 250_000).count())
        .isGreaterThan(starts.size() / 2);
  }

  private static Heard throughABadNetwork(boolean reports) throws Exception {
    Heard heard = new Heard();
    try (RtspServer server = RtspServer.start(file, 0);
        JitteryRelay relay = JitteryRelay.start(server.port(), 400, reports)) {
      DecodeOrder order =
          new DecodeOrder.Network(
              SourceUri.parse("rtsp://127.0.0.1:" + relay.port() + "/clip"),
              InetAddress.getLoopbackAddress(),
              25);
      try (var decoding = pool.open(order, heard)) {
        heard.awaitEnd();
      }
    }
    return heard;
  }

  private static TimeSource source(DecodedFrame frame) {
    return Objects.requireNonNull(frame.captured()).source();
  }

  /** When the clip's first picture was sent, going by a frame's time and the number on it. */
  private static long start(DecodedFrame frame) throws Exception {
    int number = CLIP.numberOn(Clips.decode(frame.jpeg()));
    return Objects.requireNonNull(frame.captured()).epochMicros() - number * 40_000L;
  }

  private static String trouble(Decoders pool, DecodeOrder order) throws InterruptedException {
    Heard heard = new Heard();
    try (var decoding = pool.open(order, heard)) {
      heard.awaitEnd();
    }
    assertThat(heard.failure).isNotNull();
    assertThat(heard.failure.retry()).isTrue();
    return heard.failure.message();
  }

  private static int freePort() throws java.io.IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Decoders pool() {
    return new LinkedDecoders(
        DecoderPool.start(1280, 92, (name, cause) -> bugs.add(cause)),
        AddressPolicy.usual(),
        Dialer.of("", Dialer.Patience.USUAL));
  }
}
