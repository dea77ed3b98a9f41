package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A class path alone makes a command line of 8,000 characters. */
class LongCommandLineTest {
  @Test
  @Timeout(value = 180, unit = TimeUnit.SECONDS)
  void onnxRuntimeStartsInAProcessWithALongCommandLine() throws IOException, InterruptedException {
    var ended =
        OwnProcess.run(
            List.of("-Xss512k"), it -> {}, LongCommandLineTest.class, "x".repeat(20_000));
    assertThat(ended.code()).as(ended.said()).isZero();
  }

  /** Opens a bundle, as the launcher's process does. */
  public static void main(String[] args) {
    System.out.println(Bundle.builtIn(Bundles.DEFAULT));
  }
}
