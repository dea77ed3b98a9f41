package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.runtime.MediaFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.ffmpeg.ffprobe;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Material of every awkward kind decodes to the pictures and times that FFmpeg's own tool finds.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class FfprobeEqualityTest {
  private static final String PICTURE = "testsrc2=s=%s:r=%s:d=%s";
  private static final long ROUNDING_MICROS = 1; // ffprobe prints whole microseconds

  @TempDir static Path folder;

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "B-frames          | bframes.mp4    | 320x240 | 25         | -c:v mpeg4 -bf 2 -g 12",
        "MPEG-TS           | bframes.ts     | 320x240 | 30000/1001 | -c:v mpeg2video -bf 2 -g 15",
        "interlaced        | interlaced.mxf | 720x576 | 25         | -vf setfield=tff -c:v mpeg2video -flags +ildct+ilme -bf 2",
        "10 bits           | ten.mov        | 320x240 | 24         | -c:v prores_ks -profile:v 3 -pix_fmt yuv422p10le",
        "10 bits, 4:2:0    | ten.mkv        | 320x240 | 24         | -c:v ffv1 -pix_fmt yuv420p10le",
        "odd size          | odd.mkv        | 321x239 | 25         | -c:v ffv1 -pix_fmt yuv444p",
        "NTSC in AVI       | ntsc.avi       | 320x240 | 30000/1001 | -c:v mpeg4",
        "variable rate     | variable.mp4   | 320x240 | 50         | -vf select=lt(n\\,20)+not(mod(n\\,7)) -fps_mode vfr -c:v mpeg4",
        "variable rate     | variable.mkv   | 320x240 | 50         | -vf select=lt(n\\,20)+not(mod(n\\,7)) -fps_mode vfr -c:v mpeg4",
        "slow pictures     | slow.mp4       | 320x240 | 1/2        | -c:v mpeg4",
        "a gap in time     | gap.mkv        | 320x240 | 25         | -vf setpts=PTS+gte(N\\,25)*20/TB -fps_mode vfr -c:v mpeg4",
        "NUT               | rate.nut       | 320x240 | 24000/1001 | -c:v mpeg4 -bf 2",
        "GIF               | small.gif      | 160x120 | 10         | -c:v gif",
        "uncompressed      | bare.y4m       | 160x120 | 25         | -pix_fmt yuv420p",
        "late start        | late.ts        | 320x240 | 25         | -output_ts_offset 7000 -c:v mpeg2video",
      })
  void decodesWhatFfprobeFinds(String kind, String file, String size, String rate, String arguments)
      throws Exception {
    String source = String.format(PICTURE, size, rate, rate.equals("1/2") ? "12" : "3");
    Path video = made(file, ("-f lavfi -i " + source + " " + arguments).split(" +"));
    List<Long> theirs = probed(video);
    assertThat(ours(video)).as(kind).isNotEmpty().satisfies(times -> equal(times, theirs));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "B-frames     | keys.mp4  | -c:v mpeg4 -bf 2 -g 12",
        "MPEG-TS      | keys.ts   | -c:v mpeg2video -bf 2 -g 15",
        "JPEGs        | keys.avi  | -c:v mjpeg",
        "cut in a GOP | later.mp4 | -c:v mpeg4 -bf 2 -g 12 -ss 0.7",
      })
  void takesTheKeyFramesThatFfprobeFinds(String kind, String file, String arguments)
      throws Exception {
    String source = String.format(PICTURE, "320x240", "25", "3");
    Path video = made(file, ("-f lavfi -i " + source + " " + arguments).split(" +"));
    List<Long> theirs = probed(video, "-skip_frame", "nokey");
    assertThat(theirs).as("something is left out, or nothing is").hasSizeLessThanOrEqualTo(75);
    assertThat(ours(video, WantedFrames.Mode.KEYFRAMES))
        .as(kind)
        .isNotEmpty()
        .satisfies(times -> equal(times, theirs));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "edit list        | -ss 0.7 -i %s -c copy",
        "rotation         | -display_rotation 90 -i %s -c copy",
        "long first frame | -itsoffset 3 -i %s -c copy",
      })
  void decodesWhatFfprobeFindsInAnEditedCopy(String kind, String arguments) throws Exception {
    Path whole =
        made(
            "whole.mp4",
            "-f",
            "lavfi",
            "-i",
            String.format(PICTURE, "320x240", "25", "3"),
            "-c:v",
            "mpeg4",
            "-bf",
            "2",
            "-g",
            "12");
    Path video = made("edited.mp4", String.format(arguments, whole).split(" +"));
    List<Long> theirs = probed(video);
    assertThat(ours(video)).as(kind).isNotEmpty().satisfies(times -> equal(times, theirs));
  }

  private static Path made(String name, String... arguments) throws Exception {
    return Clips.ffmpeg(folder.resolve(name), arguments);
  }

  /** Times of all pictures since the first, microseconds. */
  private static List<Long> ours(Path video) throws SourceException {
    return ours(video, WantedFrames.Mode.RATE);
  }

  private static List<Long> ours(Path video, WantedFrames.Mode mode) throws SourceException {
    List<Long> times = new ArrayList<>();
    var order =
        new DecodeOrder.Recording(
            video, MediaFolder.container(video), new WantedFrames(240, mode), -1);
    try (VideoSource source = VideoSource.open(new FfmpegOrder(1280, 92).of(0, order))) {
      while (source.next()) {
        times.add(source.mediaTimeMicros());
      }
    }
    return times;
  }

  private static List<Long> probed(Path video, String... options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Loader.load(ffprobe.class)));
    command.addAll(List.of(options));
    command.addAll(
        List.of(
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-show_entries",
            "frame=best_effort_timestamp_time",
            "-of",
            "csv=p=0",
            video.toString()));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    List<Long> times = new ArrayList<>();
    for (String line :
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
      times.add(Math.round(Double.parseDouble(line.replaceAll("[^0-9.-]", "")) * 1e6));
    }
    assertThat(process.waitFor()).isZero();
    long first = times.get(0);
    return times.stream().map(time -> time - first).toList();
  }

  private static void equal(List<? extends Long> ours, List<Long> theirs) {
    assertThat(ours).hasSameSizeAs(theirs);
    for (int i = 0; i < theirs.size(); i++) {
      assertThat(Math.abs(ours.get(i) - theirs.get(i)))
          .as("picture " + i)
          .isLessThanOrEqualTo(ROUNDING_MICROS);
    }
  }
}
