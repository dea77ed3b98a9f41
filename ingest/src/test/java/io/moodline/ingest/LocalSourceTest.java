package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.moodline.schemas.SourceUri;
import io.moodline.schemas.VideoContainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Drawn pictures, folders of pictures, and webcams by name. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class LocalSourceTest {
  private static final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();
  private static DecoderPool pool;
  @TempDir Path folder;

  @BeforeAll
  static void start() {
    pool = DecoderPool.start(1280, 92, (name, cause) -> bugs.add(cause));
  }

  @AfterAll
  static void stop() {
    pool.close();
    assertThat(bugs).isEmpty();
  }

  @Test
  void drawsTheSameRecordingEachTimeAndFromEachPlace() throws Exception {
    String uri = "synthetic:recording?size=320x240&rate=10&seconds=3&faces=2&seed=9";
    SyntheticClip clip = SyntheticSource.clip(SourceUri.parse(uri));
    assertThat(clip.faceCountAt(1)).isEqualTo(2);
    Heard whole = read(new DecodeOrder.Synthetic(SourceUri.parse(uri), 10, -1));
    assertThat(whole.info.durationMicros()).hasValue(3_000_000);
    assertThat(whole.frames).hasSize(30);
    for (int i = 0; i < 30; i++) {
      assertThat(whole.frames.get(i).mediaTimeMicros()).isEqualTo(i * 100_000L);
      assertThat(clip.numberOn(Clips.decode(whole.frames.get(i).jpeg()))).isEqualTo(i);
    }
    Heard rest = read(new DecodeOrder.Synthetic(SourceUri.parse(uri), 10, 1_100_000));
    assertThat(rest.frames)
        .usingRecursiveFieldByFieldElementComparator()
        .isEqualTo(whole.frames.subList(12, 30));
  }

  @Test
  void drawsLivePicturesBeyondTheEndOfTheirScript() throws Exception {
    SourceUri uri = SourceUri.parse("synthetic:live?size=320x240&rate=20&seconds=1&faces=1");
    SyntheticClip clip = SyntheticSource.clip(uri);
    Heard heard = new Heard();
    try (var decoding = pool.open(new DecodeOrder.Synthetic(uri, 20, -1), heard)) {
      await().atMost(Duration.ofSeconds(120)).until(() -> heard.frames.size() >= 30);
    }
    assertThat(heard.info.durationMicros()).isEmpty();
    for (int i = 0; i < 30; i++) {
      assertThat(clip.numberOn(Clips.decode(heard.frames.get(i).jpeg()))).isEqualTo(i);
    }
  }

  @Test
  void readsAFolderInTheOrderOfItsNamesAndLeavesOutWhatIsNoPicture() throws Exception {
    SyntheticClip clip = Clips.numbered(0.2);
    Path video = folder.resolve("clip.mp4");
    clip.write(video);
    Path pictures = Files.createDirectory(folder.resolve("pictures"));
    Clips.ffmpeg(pictures.resolve("%03d.jpg"), "-i", video.toString(), "-q:v", "2");
    Clips.ffmpeg(pictures.resolve("900.png"), "-i", pictures.resolve("002.jpg").toString());
    Files.writeString(pictures.resolve("000.txt"), "notes");
    Files.writeString(pictures.resolve("001.jpg.m3u8"), "#EXTM3U\nfile:///etc/passwd\n");
    byte[] damaged = Files.readAllBytes(pictures.resolve("003.jpg"));
    Files.write(pictures.resolve("003.jpg"), java.util.Arrays.copyOf(damaged, 40));
    Files.createSymbolicLink(pictures.resolve("0000.jpg"), pictures.resolve("005.jpg"));
    Heard heard = read(new DecodeOrder.Pictures(pictures, 2, 10, -1));
    assertThat(heard.frames)
        .extracting(frame -> frame.mediaTimeMicros())
        .containsExactly(0L, 500_000L, 1_500_000L, 2_000_000L, 2_500_000L);
    List<Integer> numbers = new ArrayList<>();
    for (DecodeListener.DecodedFrame frame : heard.frames) {
      numbers.add(clip.numberOn(Clips.decode(frame.jpeg())));
    }
    assertThat(numbers).containsExactly(0, 1, 3, 4, 1);
  }

  @Test
  void showsPicturesUprightAsTheirCameraSaysItWasHeld() throws Exception {
    SyntheticClip clip = Clips.numbered(0.2);
    Path video = folder.resolve("held.mp4");
    clip.write(video);
    Path pictures = Files.createDirectory(folder.resolve("held"));
    String[] turned = {"null", "transpose=2", "hflip,vflip", "transpose=1"};
    int[] orientations = {1, 6, 3, 8};
    for (int i = 0; i < turned.length; i++) {
      Path picture = pictures.resolve(i + ".JPG");
      String filter = "select=eq(n\\," + i + ")," + turned[i];
      Path made = folder.resolve("made" + i + ".jpg");
      Clips.ffmpeg(made, "-i", video.toString(), "-vf", filter, "-frames:v", "1", "-q:v", "2");
      Files.write(picture, withOrientation(Files.readAllBytes(made), orientations[i]));
    }
    Heard heard = read(new DecodeOrder.Pictures(pictures, 1, 10, -1));
    assertThat(heard.info.width()).isEqualTo(320);
    assertThat(heard.frames).hasSize(turned.length);
    for (int i = 0; i < turned.length; i++) {
      assertThat(heard.frames.get(i).width()).isEqualTo(320);
      assertThat(clip.numberOn(Clips.decode(heard.frames.get(i).jpeg()))).isEqualTo(i);
    }
  }

  /** Puts an Exif head with the one entry that says how the camera was held into a JPEG. */
  private static byte[] withOrientation(byte[] jpeg, int orientation) {
    byte[] exif =
        java.util.HexFormat.of()
            .parseHex(
                "ffe10022457869660000"
                    + "4d4d002a00000008"
                    + ("0001" + "0112000300000001000" + orientation + "0000" + "00000000"));
    java.nio.ByteBuffer joined = java.nio.ByteBuffer.allocate(jpeg.length + exif.length);
    joined.put(jpeg, 0, 2).put(exif).put(jpeg, 2, jpeg.length - 2);
    return joined.array();
  }

  @Test
  void readsRecordingsThatWerePutOneBehindTheOther() throws Exception {
    SyntheticClip clip = Clips.numbered(2);
    Path video = folder.resolve("once.mp4");
    clip.write(video);
    byte[] once =
        Files.readAllBytes(
            Clips.ffmpeg(folder.resolve("once.ts"), "-i", video.toString(), "-c", "copy"));
    Path twice = folder.resolve("twice.ts");
    Files.write(twice, once);
    Files.write(twice, once, java.nio.file.StandardOpenOption.APPEND);
    Heard heard = read(new DecodeOrder.Recording(twice, VideoContainer.MPEG_TS, 25, -1));
    assertThat(heard.frames).hasSize(100);
    for (int i = 0; i < 100; i++) {
      DecodeListener.DecodedFrame frame = heard.frames.get(i);
      assertThat(frame.mediaTimeMicros()).isEqualTo(i * 40_000L);
      assertThat(clip.numberOn(Clips.decode(frame.jpeg()))).isEqualTo(i % 50);
    }
    Heard rest = read(new DecodeOrder.Recording(twice, VideoContainer.MPEG_TS, 25, 2_400_000));
    assertThat(rest.frames)
        .usingRecursiveFieldByFieldElementComparator()
        .isEqualTo(heard.frames.subList(61, 100));
  }

  @Test
  void saysThatAFolderHoldsNoPicture() throws Exception {
    Heard heard = new Heard();
    try (var decoding = pool.open(new DecodeOrder.Pictures(folder, 1, 10, -1), heard)) {
      heard.awaitEnd();
    }
    assertThat(heard.failure.message()).endsWith("holds no picture that can be decoded");
    assertThat(heard.failure.retry()).isFalse();
  }

  @Test
  void findsAWebcamByItsName() throws Exception {
    for (int number : new int[] {0, 1, 10}) {
      Path device = Files.createDirectories(folder.resolve("video" + number));
      Files.writeString(
          device.resolve("name"), number == 10 ? "HD Pro Webcam C920\n" : "Integrated: front\n");
    }
    assertThat(Webcams.device(folder, "pro webcam")).isEqualTo("/dev/video10");
    assertThat(Webcams.device(folder, "front")).isEqualTo("/dev/video0");
    assertThat(Webcams.device(folder, "7")).isEqualTo("/dev/video7");
    assertThatThrownBy(() -> Webcams.device(folder, "other"))
        .isInstanceOf(SourceException.class)
        .hasMessageContaining("C920");
  }

  private static Heard read(DecodeOrder order) throws InterruptedException {
    Heard heard = new Heard();
    try (var decoding = pool.open(order, heard)) {
      decoding.grant(1_000_000);
      heard.awaitEnd();
    }
    assertThat(heard.failure).isNull();
    return heard;
  }
}
