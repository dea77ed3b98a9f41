package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class TelemetryTest {
  @TempDir Path home;

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "0", "no"})
  void noNetworkIsOpenedWhereTheRuntimeWouldReport(@Nullable String value) {
    assertThatThrownBy(() -> Telemetry.requireOff(value))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("ORT_DISABLE_TELEMETRY=1");
  }

  /** A process without the variable ends before the runtime starts; with it nothing is written. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Timeout(value = 180, unit = TimeUnit.SECONDS)
  void aRuntimeThatStartsLeavesNoIdentifierBehind(boolean off) throws Exception {
    Path said = home.resolve("said");
    Path own = Files.createDirectory(home.resolve("home"));
    ProcessBuilder builder =
        new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                TelemetryTest.class.getName()));
    builder.environment().keySet().removeIf(name -> !name.equals("PATH")); // CI's turns it off too
    builder.environment().put("HOME", own.toString());
    builder.environment().put("ORT_DISABLE_TELEMETRY", off ? "1" : "");
    Process process = builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    try {
      assertThat(process.waitFor(150, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(said)
        .content()
        .contains(off ? "lite-ferplus opens" : "would report to its maker")
        .doesNotContain(off ? "would report" : "opens");
    try (Stream<Path> files = Files.walk(own)) {
      assertThat(files.filter(Files::isRegularFile)).isEmpty();
    }
  }

  @Test
  void testsRunWithoutIt() {
    Telemetry.requireOff();
  }

  /** Opens the shipped bundle. */
  public static void main(String[] args) {
    Bundle bundle = Bundle.load(Path.of("bundles/lite-ferplus"));
    try (Classifier ignored = Classifier.open(bundle, 1)) {
      System.out.println(bundle.name() + " opens");
    } catch (BundleException e) {
      System.out.println(e.getMessage());
    }
  }
}
