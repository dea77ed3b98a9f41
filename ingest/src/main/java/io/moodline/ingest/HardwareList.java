package io.moodline.ingest;

import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Which hardware FFmpeg can decode with here, found out in a process of its own: a driver can hang
 * or crash. Thread-safe.
 */
public final class HardwareList {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long LOOK_MILLIS = 100;
  private static final int LONGEST_PROBLEM = 300;

  private HardwareList() {}

  /** Tries each kind that FFmpeg was built with; answers as {@link #look(BooleanSupplier)} does. */
  public static Map<String, String> look() throws InterruptedException {
    return look(() -> false);
  }

  /**
   * Tries each kind that FFmpeg was built with, for a minute at most.
   *
   * @param stopping asked now and then: whether to give up
   * @throws UserException when the system does not let the process run
   * @return by FFmpeg's name, in its order, why it can not be opened here; empty where it can. What
   *     brings the process down is missing, with all behind it
   */
  static Map<String, String> look(BooleanSupplier stopping) throws InterruptedException {
    Map<String, String> found = new LinkedHashMap<>();
    try {
      Path answer = Files.createTempFile("moodline-hardware", ".txt");
      try {
        run(answer, stopping);
        for (String line : Files.readString(answer, StandardCharsets.UTF_8).split("\n")) {
          String[] parts = line.split("\t", 2);
          if (parts.length == 2) {
            found.put(parts[0], plain(parts[1]));
          }
        }
      } finally {
        Files.delete(answer);
      }
    } catch (IOException e) {
      throw new UserException("hardware can not be looked for: " + e.getMessage(), e);
    }
    return found;
  }

  /** What is found, in a clause for people. */
  static String text(String asked, BooleanSupplier stopping) throws InterruptedException {
    List<String> words = new ArrayList<>();
    try {
      look(stopping)
          .forEach(
              (name, why) ->
                  words.add(why.isEmpty() ? name + " opens" : "no " + name + ": " + why));
    } catch (UserException e) {
      words.add(String.valueOf(e.getMessage())); // streams find out by themselves
    }
    return asked + " is asked for; " + String.join("; ", words);
  }

  private static void run(Path answer, BooleanSupplier stopping)
      throws IOException, InterruptedException {
    ProcessBuilder builder = ChildCommand.builder(List.of(DecoderMain.LIST_HARDWARE));
    builder.redirectOutput(answer.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      long end = System.nanoTime() + PATIENCE.toNanos();
      while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
        if (stopping.getAsBoolean() || System.nanoTime() - end > 0) {
          break;
        }
      }
    } finally {
      process.destroyForcibly();
    }
    process.waitFor();
  }

  private static String plain(String text) {
    return text.substring(0, Math.min(text.length(), LONGEST_PROBLEM))
        .replaceAll("\\p{Cntrl}", "?");
  }
}
