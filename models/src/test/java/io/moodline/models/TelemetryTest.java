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
    var ended = OwnProcess.run(List.of("-Xmx256m"), it -> prepare(it, off), TelemetryTest.class);
    assertThat(ended.said())
        .contains(off ? "lite-ferplus opens" : "would report to its maker")
        .doesNotContain(off ? "would report" : "opens");
    try (Stream<Path> files = Files.walk(home)) {
      assertThat(files.filter(Files::isRegularFile)).isEmpty();
    }
  }

  private void prepare(ProcessBuilder process, boolean off) {
    process.environment().keySet().removeIf(name -> !name.equals("PATH")); // CI's turns it off too
    process.environment().put("HOME", home.toString());
    process.environment().put("ORT_DISABLE_TELEMETRY", off ? "1" : "");
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
