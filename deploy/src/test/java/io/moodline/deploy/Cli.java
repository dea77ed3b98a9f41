package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

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

  /** What a command prints that does what it is asked to. */
  String ok(String... args) {
    Result result = run(args);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    return result.out();
  }

  /** Expects a command to say in one line why it does not, with these words in it. */
  void refused(List<String> words, String... args) {
    Result result = run(args);
    assertThat(result.code()).as(result.out() + result.err()).isEqualTo(2);
    assertThat(result.err().strip().lines())
        .singleElement()
        .asString()
        .startsWith("moodline: ")
        .contains(words);
  }
}
