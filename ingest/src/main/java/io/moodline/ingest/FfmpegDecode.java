package io.moodline.ingest;

import io.moodline.runtime.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.ffmpeg.ffmpeg;
import org.bytedeco.javacpp.Loader;

/** Decodes a recording with FFmpeg's own program and throws the pictures away. Thread-safe. */
public final class FfmpegDecode {
  /** As many as ingest decodes a recording with. */
  private static final String THREADS = "2";

  /** What it says of its processor time, its own and the system's. */
  private static final Pattern USED =
      Pattern.compile("bench: utime=([0-9.]+)s stime=([0-9.]+)s rtime=");

  private FfmpegDecode() {}

  /**
   * How long that takes: the least that anything which decodes the file can take.
   *
   * @param seconds by the clock
   * @param processorSeconds of processor time
   */
  public record Took(double seconds, double processorSeconds) {
    /** The least of both. */
    public Took best(Took other) {
      return new Took(
          Math.min(seconds, other.seconds), Math.min(processorSeconds, other.processorSeconds));
    }
  }

  /**
   * Decodes a file.
   *
   * @throws UserException when FFmpeg can not decode it
   */
  public static Took run(Path file) throws InterruptedException {
    List<String> command =
        List.of(
            Loader.load(ffmpeg.class),
            "-hide_banner",
            "-nostats",
            "-benchmark",
            "-nostdin",
            "-threads",
            THREADS,
            "-i",
            file.toString(),
            "-an",
            "-f",
            "null",
            "-");
    long start = System.nanoTime();
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said;
      try (InputStream out = process.getInputStream()) {
        said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
      }
      int code = process.waitFor();
      double seconds = (System.nanoTime() - start) / 1e9;
      Matcher used = USED.matcher(said);
      if (code != 0 || !used.find()) {
        throw new UserException("FFmpeg can not decode '" + file + "': it ended with " + code);
      }
      return new Took(
          seconds, Double.parseDouble(used.group(1)) + Double.parseDouble(used.group(2)));
    } catch (IOException e) {
      throw new UserException("FFmpeg can not be started: " + e.getMessage(), e);
    }
  }
}
