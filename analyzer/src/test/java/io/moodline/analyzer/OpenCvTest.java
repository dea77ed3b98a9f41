package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.bytedeco.opencv.opencv_objdetect.CascadeClassifier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenCvTest {
  /** A process of its own, since natives are loaded once in each. */
  static final class Detectors {
    private Detectors() {}

    public static void main(String[] arguments) {
      OpenCv.load();
      try (CascadeClassifier empty = new CascadeClassifier()) {
        System.out.println(empty.empty() ? "detectors are there" : "a cascade from nowhere");
      }
    }
  }

  @Test
  void detectorsNeedNoGtk(@TempDir Path folder) throws Exception {
    // Found before the one that this machine may have, and no library.
    Files.writeString(folder.resolve("libgtk-x11-2.0.so.0"), "none");
    Path said = folder.resolve("said");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
            java,
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            Detectors.class.getName());
    builder.environment().put("LD_LIBRARY_PATH", folder.toString());
    Process process = builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    try {
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(said).content().contains("detectors are there");
  }
}
