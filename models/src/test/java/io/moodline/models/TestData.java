package io.moodline.models;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Data that is not part of the project: a test that wants some is skipped where it is absent. */
final class TestData {
  private TestData() {}

  static Path require(String name) {
    String home =
        Optional.ofNullable(System.getProperty("MOODLINE_DATA"))
            .or(() -> Optional.ofNullable(System.getenv("MOODLINE_DATA")))
            .orElse("../../shared/data");
    Path path = Path.of(home).resolve(name).normalize();
    assumeTrue(Files.exists(path), "no " + name + "; set MOODLINE_DATA to have this test run");
    return path;
  }
}
