package io.moodline.ingest;

import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.bytedeco.ffmpeg.ffmpeg;
import org.bytedeco.javacpp.Loader;

/** Videos for tests, made with FFmpeg's own program from the JavaCV jar. */
final class Clips {
  private Clips() {}

  /** A clip with burnt-in numbers and one moving face. */
  static SyntheticClip numbered(double seconds) {
    return new SyntheticClip(
        320,
        240,
        25,
        seconds,
        true,
        List.of(
            new ScriptedFace(
                0.5,
                seconds,
                Pose.at(120, 120, 100),
                Pose.at(180, 120, 100),
                false,
                Look.SADNESS)));
  }

  /** Runs FFmpeg's program; the output file's name is the last argument. */
  static Path ffmpeg(Path output, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Loader.load(ffmpeg.class), "-v", "error", "-y"));
    command.addAll(List.of(arguments));
    command.add(output.toString());
    Path log = Files.createTempFile("ffmpeg", ".log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException("ffmpeg failed: " + Files.readString(log));
    }
    Files.delete(log);
    return output;
  }

  static Canvas decode(byte[] jpeg) throws IOException {
    var image = ImageIO.read(new ByteArrayInputStream(jpeg));
    Canvas canvas = Canvas.of(image.getWidth(), image.getHeight());
    for (int y = 0; y < canvas.height(); y++) {
      for (int x = 0; x < canvas.width(); x++) {
        int rgb = image.getRGB(x, y);
        int at = (y * canvas.width() + x) * 3;
        canvas.bgr()[at] = (byte) rgb;
        canvas.bgr()[at + 1] = (byte) (rgb >> 8);
        canvas.bgr()[at + 2] = (byte) (rgb >> 16);
      }
    }
    return canvas;
  }
}
