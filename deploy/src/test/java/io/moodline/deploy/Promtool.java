package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Prometheus' own tool, which reads rules, their tests and configurations as Prometheus does. */
final class Promtool {
  private static final String TOOL = "promtool";

  private Promtool() {}

  /** Skips the test where the tool is not on the path, but never in CI. */
  static void assumeInstalled() throws InterruptedException {
    boolean installed;
    try {
      Process process =
          new ProcessBuilder(TOOL, "--version")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      installed = process.waitFor(60, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      installed = false;
    }
    if ("true".equals(System.getenv("CI"))) {
      assertThat(installed).as("CI has promtool").isTrue();
    }
    assumeTrue(installed, "promtool is not there (Debian: prometheus)");
  }

  /**
   * Runs the tool to its end, which has to be a good one.
   *
   * @param said the file that takes what it says
   */
  static void run(Path said, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(TOOL));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    boolean ended = process.waitFor(5, TimeUnit.MINUTES);
    if (!ended) {
      process.destroyForcibly();
    }
    assertThat(ended && process.exitValue() == 0).as(Files.readString(said)).isTrue();
  }
}
