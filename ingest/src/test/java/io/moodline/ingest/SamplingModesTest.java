package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moodline.ingest.DecodeListener.DecodedFrame;
import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import io.moodline.ingest.WantedFrames.Mode;
import io.moodline.runtime.MediaFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Key frames alone, and what moves: the right pictures, each standing for the right time. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class SamplingModesTest {
  private static final int RATE = 25;
  private static final int ALL = 1_000_000;

  /** Numbered, with a key frame each two seconds. */
  private static final SyntheticClip NUMBERED = Clips.numbered(5);

  /**
   * A face that keeps its place: it smiles, is sad from 2.2 s on, and sways from 4 s to 5 s;
   * nothing else moves in 8 s. At 1280 pixels of width it would be 80 pixels wide.
   */
  private static final SyntheticClip CALM =
      new SyntheticClip(
          640,
          360,
          RATE,
          8,
          false,
          List.of(
              ScriptedFace.still(0, 2.2, Pose.at(300, 200, 40), Look.HAPPINESS),
              ScriptedFace.still(2.2, 4, Pose.at(300, 200, 40), Look.SADNESS),
              new ScriptedFace(
                  4, 5, Pose.at(300, 200, 40), Pose.at(360, 200, 40), false, Look.SADNESS),
              ScriptedFace.still(5, 8, Pose.at(360, 200, 40), Look.SADNESS)));

  @TempDir static Path folder;
  private static final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();
  private static Path numbered;
  private static Path calm;
  private static DecoderPool pool;

  @BeforeAll
  static void start() throws Exception {
    numbered = folder.resolve("numbered.mp4");
    NUMBERED.write(numbered);
    calm = folder.resolve("calm.mp4");
    CALM.write(calm);
    pool = DecoderPool.start(1280, 92, (name, cause) -> bugs.add(cause));
  }

  @AfterAll
  static void stop() {
    pool.close();
    assertThat(bugs).isEmpty();
  }

  @Test
  void takesKeyFramesAloneAndSaysHowOftenTheyCome() throws Exception {
    List<DecodedFrame> keys = read(order(numbered, 5, Mode.KEYFRAMES, -1));
    List<DecodedFrame> all = read(order(numbered, 5, Mode.RATE, -1));
    assertThat(keys)
        .extracting(DecodedFrame::mediaTimeMicros)
        .containsExactly(0L, 2_000_000L, 4_000_000L);
    for (DecodedFrame key : keys) {
      int number = (int) (key.mediaTimeMicros() * RATE / 1_000_000);
      assertThat(NUMBERED.numberOn(Clips.decode(key.jpeg()))).isEqualTo(number);
      DecodedFrame same = all.get(number / 5);
      assertThat(same.mediaTimeMicros()).isEqualTo(key.mediaTimeMicros());
      assertThat(key.jpeg()).as("as decoded with all others").isEqualTo(same.jpeg());
    }
    assertThat(keys).extracting(DecodedFrame::framesPerSecond).containsExactly(5.0, 0.5, 0.5);
    assertThat(all).extracting(DecodedFrame::framesPerSecond).containsOnly(5.0);
    List<DecodedFrame> some = read(order(numbered, 0.25, Mode.KEYFRAMES, -1));
    assertThat(some).extracting(DecodedFrame::mediaTimeMicros).containsExactly(0L, 4_000_000L);
    assertThat(read(order(numbered, 5, Mode.KEYFRAMES, 0)))
        .usingRecursiveFieldByFieldElementComparator()
        .isEqualTo(keys.subList(1, 3));
  }

  @Test
  void takesWhatMovesAndEnoughOfWhatDoesNot() throws Exception {
    List<DecodedFrame> frames = read(order(calm, 5, Mode.MOTION, -1));
    List<Long> times = frames.stream().map(DecodedFrame::mediaTimeMicros).toList();
    assertThat(times).as("the look changes").contains(2_200_000L);
    assertThat(times).as("it sways").contains(4_200_000L, 4_400_000L, 4_600_000L, 4_800_000L);
    assertThat(times).as("the end").endsWith(7_800_000L);
    assertThat(times).hasSizeBetween(14, 22);
    for (int i = 1; i < times.size(); i++) {
      assertThat(times.get(i) - times.get(i - 1)).isLessThan(1_000_000);
    }
    // 40 pictures were due in 8 s, and each of them is in the account.
    assertThat(frames.stream().mapToLong(frame -> 1 + frame.unmovedBefore()).sum()).isEqualTo(40);
    assertThat(frames.stream().mapToDouble(frame -> 1 / frame.framesPerSecond()).sum())
        .isCloseTo(8, within(1e-9));
    List<DecodedFrame> all = read(order(calm, 5, Mode.RATE, -1));
    for (DecodedFrame frame : frames) {
      int slot = (int) (frame.mediaTimeMicros() / 200_000);
      assertThat(frame.jpeg()).isEqualTo(all.get(slot).jpeg());
    }
  }

  @Test
  void givesTheSameMovingFramesAtAnyResume() throws Exception {
    List<DecodedFrame> whole = read(order(calm, 5, Mode.MOTION, -1));
    for (int from : new int[] {0, 2, whole.size() / 2, whole.size() - 2}) {
      assertThat(read(order(calm, 5, Mode.MOTION, whole.get(from).mediaTimeMicros())))
          .usingRecursiveFieldByFieldElementComparator()
          .isEqualTo(whole.subList(from + 1, whole.size()));
    }
  }

  @Test
  void givesALiveKeyFrameBeforeTheNextOneComes() throws Exception {
    Path video = folder.resolve("reordered.ts");
    Clips.ffmpeg(
        video, ("-f lavfi -i testsrc2=s=320x240:r=25:d=4 -c:v mpeg2video -bf 2 -g 24").split(" "));
    var open =
        new DecoderMessage.Open(
            0,
            "file:" + video,
            "mpegts",
            java.util.Map.of(),
            true,
            false,
            new WantedFrames(25, Mode.KEYFRAMES),
            1280,
            92,
            -1,
            HardwareWish.of(HardwareWish.OFF));
    AtomicInteger packets = new AtomicInteger();
    List<Integer> heardAfter = new ArrayList<>();
    try (VideoSource source = VideoSource.open(open)) {
      source.whileLooking(() -> packets.incrementAndGet() > 0);
      while (source.next()) {
        heardAfter.add(packets.get());
      }
    }
    assertThat(heardAfter).hasSize(5);
    for (int i = 0; i < heardAfter.size(); i++) {
      assertThat(heardAfter.get(i)).as("packets read").isLessThanOrEqualTo(i * 24 + 3);
    }
  }

  private static DecodeOrder order(Path video, double rate, Mode mode, long afterMicros) {
    return new DecodeOrder.Recording(
        video, MediaFolder.container(video), new WantedFrames(rate, mode), afterMicros);
  }

  private static List<DecodedFrame> read(DecodeOrder order) throws InterruptedException {
    Heard heard = new Heard();
    try (var decoding = pool.open(order, heard)) {
      decoding.grant(ALL);
      heard.awaitEnd();
    }
    assertThat(heard.failure).isNull();
    return heard.frames;
  }
}
