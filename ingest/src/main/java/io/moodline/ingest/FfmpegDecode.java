package io.moodline.ingest;

import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.ffmpeg.ffmpeg;
import org.bytedeco.javacpp.Loader;

/** Decodes a recording with FFmpeg's own program and throws the pictures away. Thread-safe. */
public final class FfmpegDecode {
  /** As many as ingest decodes a recording with. */
  private static final String THREADS = "2";

  private FfmpegDecode() {}

  /**
   * How long that takes: the least that anything which decodes the file can take.
   *
   * @throws UserException when FFmpeg can not decode it
   */
  public static double seconds(Path file) throws InterruptedException {
    List<String> command =
        List.of(
            Loader.load(ffmpeg.class),
            "-v",
            "error",
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
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      int code = process.waitFor();
      if (code != 0) {
        throw new UserException("FFmpeg can not decode '" + file + "': it ended with " + code);
      }
      return (System.nanoTime() - start) / 1e9;
    } catch (IOException e) {
      throw new UserException("FFmpeg can not be started: " + e.getMessage(), e);
    }
  }
}
