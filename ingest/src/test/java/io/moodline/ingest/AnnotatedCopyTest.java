package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.runtime.MediaFolder;
import io.moodline.runtime.UserException;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.opencv_core.Mat;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnnotatedCopyTest {
  private static final int BELOW = 40;

  @TempDir static Path folder;
  static final SyntheticClip CLIP = Clips.numbered(4);
  static Path uneven;

  /** A clip with sound whose pictures come at uneven times: some were taken out. */
  @BeforeAll
  static void makeClip() throws Exception {
    Path even = folder.resolve("even.mp4");
    CLIP.write(even);
    uneven =
        Clips.ffmpeg(
            folder.resolve("uneven.mp4"),
            "-i",
            even.toString(),
            "-f",
            "lavfi",
            "-i",
            "sine=frequency=440:duration=4",
            "-vf",
            "select='not(eq(mod(n,7),3))'",
            "-fps_mode",
            "vfr",
            "-c:v",
            "libopenh264",
            "-b:v",
            "2M",
            "-c:a",
            "aac");
  }

  /** One picture as it lies in a file: its time and the number that is burnt in. */
  private record Seen(long micros, int number) {}

  private static List<Seen> look(Path video) throws Exception {
    var recording = new DecodeOrder.Recording(video, MediaFolder.container(video), 1, -1);
    DecoderMessage.Open order = new FfmpegOrder(4000, 90).of(0, recording);
    List<Seen> seen = new ArrayList<>();
    try (VideoSource source = VideoSource.open(order);
        PictureEncoder pictures = new PictureEncoder(4000, 90)) {
      while (source.next()) {
        Mat mat = pictures.upright(source.picture(), source.rotation(), source.pixelAspect());
        Canvas canvas = Canvas.of(mat.cols(), mat.rows());
        mat.data().get(canvas.bgr());
        var base = source.timeBase();
        seen.add(
            new Seen(
                Math.round(source.stamp() * 1e6 * base.num() / base.den()), CLIP.numberOn(canvas)));
      }
    }
    return seen;
  }

  /** Time and digest of each packet of sound, as FFmpeg's own program tells them. */
  private static List<String> sound(Path video) throws Exception {
    Process process =
        new ProcessBuilder(
                Loader.load(org.bytedeco.ffmpeg.ffprobe.class),
                "-v",
                "error",
                "-select_streams",
                "a",
                "-show_packets",
                "-show_data_hash",
                "sha256",
                "-show_entries",
                "packet=pts_time,data_hash",
                "-of",
                "csv=p=0",
                video.toString())
            .redirectErrorStream(true)
            .start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return lines;
  }

  /** Burns the number that belongs to each time into the strip below. */
  private static final class Echo implements AnnotatedCopy.Painter {
    final List<Long> times = new ArrayList<>();

    @Override
    public int heightBelow(int width) {
      return BELOW;
    }

    @Override
    public void paint(BufferedImage canvas, int pictureHeight, long mediaTimeMicros) {
      times.add(mediaTimeMicros);
      var graphics = canvas.createGraphics();
      graphics.setColor(java.awt.Color.WHITE);
      graphics.fillRect(0, pictureHeight, canvas.getWidth(), BELOW);
      graphics.dispose();
    }
  }

  @Test
  void keepsEveryPictureAtItsTimeAndTheSound() throws Exception {
    Path copy = folder.resolve("copy.mp4");
    Echo painter = new Echo();
    long pictures = AnnotatedCopy.write(uneven, copy, painter);
    List<Seen> before = look(uneven);
    assertThat(before).hasSizeBetween(84, 87);
    assertThat(look(copy)).isEqualTo(before);
    assertThat(pictures).isEqualTo(before.size());
    assertThat(painter.times)
        .isEqualTo(before.stream().map(it -> it.micros() - before.get(0).micros()).toList());
    assertThat(sound(copy)).hasSizeGreaterThan(100).isEqualTo(sound(uneven));
    try (var files = Files.list(folder)) {
      assertThat(files.filter(file -> file.toString().endsWith(".part"))).isEmpty();
    }
  }

  @Test
  void showsWhatIsDrawnBelow() throws Exception {
    Path copy = folder.resolve("below.mkv");
    AnnotatedCopy.write(uneven, copy, new Echo());
    var recording = new DecodeOrder.Recording(copy, MediaFolder.container(copy), 1, -1);
    try (VideoSource source = VideoSource.open(new FfmpegOrder(4000, 90).of(0, recording));
        PictureEncoder pictures = new PictureEncoder(4000, 90)) {
      assertThat(source.next()).isTrue();
      assertThat(source.shownHeight()).isEqualTo(CLIP.height() + BELOW);
      Mat mat = pictures.upright(source.picture(), 0, 1);
      Canvas canvas = Canvas.of(mat.cols(), mat.rows());
      mat.data().get(canvas.bgr());
      assertThat(canvas.greenAt(100, CLIP.height() + BELOW / 2)).isGreaterThan(240);
    }
  }

  @Test
  void saysWhatStandsInTheWay() throws Exception {
    assertThatThrownBy(() -> AnnotatedCopy.write(uneven, folder.resolve("copy.gif"), new Echo()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(".mp4, .mov or .mkv");
    assertThatThrownBy(
            () -> AnnotatedCopy.write(uneven, folder.resolve("none/copy.mp4"), new Echo()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("can not be written");
    Path wma =
        Clips.ffmpeg(
            folder.resolve("wma.mkv"), "-i", uneven.toString(), "-c:v", "copy", "-c:a", "wmav2");
    assertThatThrownBy(() -> AnnotatedCopy.write(wma, folder.resolve("wma.mp4"), new Echo()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("wma.mkv");
    assertThat(folder.resolve("wma.mp4")).doesNotExist();
  }
}
