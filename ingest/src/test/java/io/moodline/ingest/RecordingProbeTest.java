package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class RecordingProbeTest {
  @TempDir static Path folder;
  private static Path good;

  @BeforeAll
  static void makeFiles() throws Exception {
    good = folder.resolve("good.mp4");
    Clips.numbered(2).write(good);
    byte[] bytes = Files.readAllBytes(good);
    Files.write(folder.resolve("empty.mp4"), new byte[0]);
    Files.writeString(folder.resolve("text.mp4"), "this is no video\n".repeat(100));
    Files.writeString(folder.resolve("playlist.mp4"), "#EXTM3U\n#EXTINF:10,\n/etc/passwd\n");
    Files.write(folder.resolve("head.mp4"), Arrays.copyOf(bytes, 60));
    Files.write(folder.resolve("no-index.mp4"), Arrays.copyOf(bytes, bytes.length / 2));
    byte[] unknown = bytes.clone();
    int codec =
        new String(bytes, StandardCharsets.ISO_8859_1).lastIndexOf("avc1"); // in the sample table
    System.arraycopy("zzzz".getBytes(StandardCharsets.US_ASCII), 0, unknown, codec, 4);
    Files.write(folder.resolve("unknown.mp4"), unknown);
    Clips.ffmpeg(folder.resolve("audio.mp4"), "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac");
    Path cover = folder.resolve("cover.jpg");
    Clips.ffmpeg(cover, "-i", good.toString(), "-frames:v", "1");
    Clips.ffmpeg(
        folder.resolve("cover.mp4"),
        "-i",
        folder.resolve("audio.mp4").toString(),
        "-i",
        cover.toString(),
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        "-disposition:v:0",
        "attached_pic");
    Clips.ffmpeg(
        folder.resolve("huge.mkv"),
        "-f",
        "lavfi",
        "-i",
        "color=s=5000x3000:d=0.1",
        "-c:v",
        "mjpeg");
  }

  @Test
  void tellsWhatARecordingIs() {
    RecordingInfo info = RecordingProbe.probe(good);
    assertThat(info.codec()).isEqualTo("h264");
    assertThat(info.width()).isEqualTo(320);
    assertThat(info.height()).isEqualTo(240);
    assertThat(info.framesPerSecond()).isEqualTo(25);
    assertThat(info.duration()).contains(Duration.ofSeconds(2));
  }

  @ParameterizedTest
  @CsvSource({
    "missing.mp4,  not found",
    "empty.mp4,    is empty",
    "text.mp4,     is not a video",
    "playlist.mp4, is not a video",
    "head.mp4,     is damaged",
    "no-index.mp4, is damaged",
    "unknown.mp4,  codec",
    "audio.mp4,    has no video",
    "cover.mp4,    has no video",
    "huge.mkv,     5000 x 3000",
  })
  void namesWhatIsWrongInOneLine(String file, String why) {
    assertThatThrownBy(() -> RecordingProbe.probe(folder.resolve(file)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(file)
        .hasMessageContaining(why)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n").hasSizeLessThan(250));
  }

  @Test
  void turnsPicturesUpright() throws IOException, InterruptedException {
    Path turned = folder.resolve("turned.mp4");
    Clips.ffmpeg(turned, "-display_rotation", "90", "-i", good.toString(), "-c", "copy");
    RecordingInfo info = RecordingProbe.probe(turned);
    assertThat(info.width()).isEqualTo(240);
    assertThat(info.height()).isEqualTo(320);
  }
}
