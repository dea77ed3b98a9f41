package io.moodline.deploy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Runs commands as the launcher does, in this process, and keeps what they print. Confined to one
 * thread.
 */
record Cli(Path home) {
  /** What a command said. */
  record Result(int code, String out, String err) {}

  Result run(String... args) {
    PrintStream realOut = System.out;
    PrintStream realErr = System.err;
    String realHome = System.getProperty("moodline.home");
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    System.setProperty("moodline.home", home.toString());
    try {
      int code = MoodlineCli.run(args);
      return new Result(
          code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(realOut);
      System.setErr(realErr);
      if (realHome == null) {
        System.clearProperty("moodline.home");
      } else {
        System.setProperty("moodline.home", realHome);
      }
    }
  }
}
