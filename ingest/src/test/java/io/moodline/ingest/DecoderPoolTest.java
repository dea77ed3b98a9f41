package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.ingest.DecodeListener.DecodedFrame;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.VideoContainer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class DecoderPoolTest {
  private static final SyntheticClip CLIP = Clips.numbered(6);
  private static final int ALL = 1_000_000;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  @TempDir static Path folder;
  private static Path recording;

  private static final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();
  private static DecoderPool pool;

  @BeforeAll
  static void record() throws IOException {
    recording = folder.resolve("numbered.mp4");
    CLIP.write(recording);
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
  void givesTheFramesOfEachSlotWithTheirExactTimes() throws Exception {
    Heard heard = new Heard();
    try (var decoding = pool.open(order(10, -1), heard)) {
      decoding.grant(ALL);
      heard.awaitEnd();
    }
    assertThat(heard.failure).isNull();
    assertThat(heard.info.codec()).isEqualTo("h264");
    assertThat(heard.info.width()).isEqualTo(320);
    assertThat(heard.info.height()).isEqualTo(240);
    assertThat(heard.info.framesPerSecond()).isEqualTo(25);
    assertThat(heard.info.targetFramesPerSecond()).isEqualTo(10);
    assertThat(heard.info.durationMicros()).hasValue(6_000_000);
    assertThat(heard.frames).hasSize(60);
    for (int slot = 0; slot < 60; slot++) {
      DecodedFrame frame = heard.frames.get(slot);
      long number = (slot * 25 + 9) / 10; // the first frame at or after the slot's start
      assertThat(frame.mediaTimeMicros()).isEqualTo(number * 40_000);
      assertThat(CLIP.numberOn(Clips.decode(frame.jpeg()))).isEqualTo((int) number);
    }
  }

  @Test
  void givesTheSameBytesAtAnyResume() throws Exception {
    List<DecodedFrame> whole = decode(order(5, -1));
    assertThat(whole).hasSize(30);
    for (int from : new int[] {0, 7, 28, 29}) {
      List<DecodedFrame> rest = decode(order(5, whole.get(from).mediaTimeMicros()));
      assertThat(rest)
          .usingRecursiveFieldByFieldElementComparator()
          .isEqualTo(whole.subList(from + 1, 30));
    }
  }

  @Test
  void sendsNoMoreOfARecordingThanWasGranted() throws Exception {
    Heard heard = new Heard();
    try (var decoding = pool.open(order(5, -1), heard)) {
      decoding.grant(3);
      await().atMost(Duration.ofSeconds(60)).until(() -> heard.frames.size() == 3);
      await()
          .during(Duration.ofMillis(700))
          .atMost(Duration.ofSeconds(60))
          .until(() -> heard.frames.size() == 3 && !heard.hasEnded());
      decoding.grant(ALL);
      heard.awaitEnd();
    }
    assertThat(heard.frames).hasSize(30);
  }

  @Test
  void goesOnFromTheLastFrameWhenTheChildIsKilled() throws Exception {
    List<DecodedFrame> whole = decode(order(25, -1));
    assertThat(whole).hasSize(150);
    List<DecodedFrame> pieces = new ArrayList<>();
    try (DecoderPool pool = pool()) {
      for (int kills = 0; kills < 3; kills++) {
        Heard heard = new Heard();
        try (var decoding = pool.open(order(25, lastTime(pieces)), heard)) {
          decoding.grant(40);
          await()
              .atMost(Duration.ofSeconds(60))
              .until(() -> heard.frames.size() >= 20 || heard.failure != null);
          pool.pids()
              .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
          heard.awaitEnd();
          assertThat(heard.failure.retry()).isTrue();
          assertThat(heard.failure.message()).contains("numbered.mp4").contains("stopped");
        }
        pieces.addAll(heard.frames);
      }
      // A spare that was killed too is found out when it is used; the stream then tries again.
      for (boolean ended = false; !ended; ) {
        Heard last = new Heard();
        try (var decoding = pool.open(order(25, lastTime(pieces)), last)) {
          decoding.grant(ALL);
          last.awaitEnd();
        }
        pieces.addAll(last.frames);
        ended = last.failure == null;
        assertThat(ended || last.failure.retry()).isTrue();
      }
    }
    assertThat(pieces).usingRecursiveFieldByFieldElementComparator().isEqualTo(whole);
  }

  @Test
  void killsAChildThatHangsAndGoesOnWithAnother() throws Exception {
    var patience =
        new DecoderProcess.Patience(
            Duration.ofSeconds(60),
            Duration.ofSeconds(10),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60));
    var ffmpeg = new FfmpegOrder(1280, 92);
    // Without a spare child, which would be stopped before its first sign of life.
    try (DecoderPool pool =
        DecoderPool.start(ffmpeg, patience, false, (name, cause) -> bugs.add(cause))) {
      Heard heard = new Heard();
      try (var decoding = pool.open(order(25, -1), heard)) {
        decoding.grant(10);
        await().atMost(Duration.ofSeconds(60)).until(() -> heard.frames.size() == 10);
        List<Long> before = pool.pids();
        for (long pid : before) {
          new ProcessBuilder("kill", "-STOP", Long.toString(pid)).start().waitFor();
        }
        heard.awaitEnd();
        assertThat(heard.failure.retry()).isTrue();
        assertThat(heard.failure.message()).contains("no sign of life");
        await()
            .atMost(Duration.ofSeconds(60))
            .until(() -> before.stream().noneMatch(pid -> ProcessHandle.of(pid).isPresent()));
      }
      Heard next = new Heard();
      try (var decoding = pool.open(order(25, lastTime(heard.frames)), next)) {
        decoding.grant(ALL);
        next.awaitEnd();
      }
      assertThat(next.failure).isNull();
      assertThat(next.frames).hasSize(140);
    }
  }

  @Test
  void keepsSourcesApartWhoseChildWentDown() throws Exception {
    SourceUri uri = SourceUri.parse("synthetic:recording?size=64x64&seconds=9&faces=0");
    try (DecoderPool pool = pool()) {
      List<Heard> fallen = List.of(new Heard(), new Heard());
      for (int i = 0; i < 2; i++) {
        DecodeOrder order = i == 0 ? order(5, -1) : new DecodeOrder.Synthetic(uri, 5, -1);
        pool.open(order, fallen.get(i)).grant(1);
      }
      await().atMost(PATIENCE).until(() -> fallen.stream().allMatch(one -> !one.frames.isEmpty()));
      assertThat(pool.sourceCounts()).contains(2);
      List<Long> killed = pool.pids();
      killed.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
      for (Heard heard : fallen) {
        assertThat(heard.awaitEnd().failure.retry()).isTrue();
      }
      // The spare was killed too, and takes a source until that is known.
      await().atMost(PATIENCE).until(() -> Collections.disjoint(pool.pids(), killed));
      try (var one = pool.open(order(5, -1), new Heard());
          var other = pool.open(new DecodeOrder.Synthetic(uri, 5, -1), new Heard())) {
        assertThat(pool.sourceCounts().stream().filter(count -> count == 1)).hasSize(2);
      }
    }
  }

  @Test
  void leavesNoChildAndNoThreadBehind() throws Exception {
    List<Long> pids = new ArrayList<>();
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    for (int round = 0; round < 4; round++) {
      Heard heard = new Heard();
      try (DecoderPool pool = pool()) {
        var decoding = pool.open(order(25, -1), heard);
        decoding.grant(5);
        await().atMost(Duration.ofSeconds(60)).until(() -> heard.frames.size() == 5);
        pids.addAll(pool.pids());
        if (round % 2 == 0) {
          decoding.close();
        }
      }
    }
    assertThat(pids).isNotEmpty();
    assertThat(pids)
        .noneMatch(pid -> ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .filteredOn(thread -> !before.contains(thread))
                    .noneMatch(thread -> thread.getName().startsWith("ingest-decoder")));
  }

  @Test
  void decodesManySourcesAtOnceInAFewChildren() throws Exception {
    List<Heard> all = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      Heard heard = new Heard();
      all.add(heard);
      pool.open(order(5, -1), heard).grant(ALL);
    }
    assertThat(pool.pids()).hasSizeLessThanOrEqualTo(4);
    for (Heard heard : all) {
      heard.awaitEnd();
      assertThat(heard.failure).isNull();
      assertThat(heard.frames).hasSize(30);
    }
  }

  @Test
  void givesMoreSourcesToTheChildrenThereAreWhereTheyAreEnough() throws Exception {
    var ffmpeg = new FfmpegOrder(1280, 92);
    var patience = DecoderProcess.Patience.USUAL;
    try (DecoderPool one =
        DecoderPool.start(
            ffmpeg, patience, new ChildChoice(1), true, (name, cause) -> bugs.add(cause))) {
      List<Heard> all = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        Heard heard = new Heard();
        all.add(heard);
        one.open(order(5, -1), heard).grant(1);
      }
      await().atMost(PATIENCE).until(() -> all.stream().noneMatch(heard -> heard.frames.isEmpty()));
      assertThat(one.sourceCounts()).contains(10);
      List<Long> killed = one.pids();
      killed.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
      for (Heard heard : all) {
        assertThat(heard.awaitEnd().failure.retry()).isTrue();
      }
      await().atMost(PATIENCE).until(() -> Collections.disjoint(one.pids(), killed));
      for (int i = 0; i < 4; i++) {
        one.open(order(5, -1), new Heard());
      }
      assertThat(one.sourceCounts().stream().filter(count -> count > 0)).containsExactly(3, 1);
    }
  }

  @Test
  void saysThatAWebcamIsNotThere() throws Exception {
    Heard heard = new Heard();
    try (var decoding = pool.open(new DecodeOrder.Webcam("97", "/dev/video97", "", "", 5), heard)) {
      heard.awaitEnd();
    }
    assertThat(heard.failure.message())
        .isEqualTo("webcam:97 is not connected: there is no such device");
    assertThat(heard.failure.retry()).isTrue();
  }

  private static long lastTime(List<DecodedFrame> frames) {
    return frames.isEmpty() ? -1 : frames.get(frames.size() - 1).mediaTimeMicros();
  }

  private List<DecodedFrame> decode(DecodeOrder order) throws InterruptedException {
    Heard heard = new Heard();
    try (var decoding = pool.open(order, heard)) {
      decoding.grant(ALL);
      heard.awaitEnd();
    }
    assertThat(heard.failure).isNull();
    return heard.frames;
  }

  private static DecoderPool pool() {
    return DecoderPool.start(1280, 92, (name, cause) -> bugs.add(cause));
  }

  private static DecodeOrder.Recording order(double rate, long afterMicros) {
    return new DecodeOrder.Recording(recording, VideoContainer.MP4, rate, afterMicros);
  }
}
