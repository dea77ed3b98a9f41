package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EnvironmentNamesTest {
  @Test
  void typingMistakesAreNamedAndNothingElse() {
    Map<String, String> environment =
        Stream.of(
                "MOODLINE_HTTP_PROT",
                "MOODLINE_ANALYSER_MODEL",
                "MOODLINE_HTTP_PORT",
                "MOODLINE_HOME",
                "MOODLINE_TOKEN",
                "MOODLINE_SINK_SERVICE_HOST",
                "MOODLINE_SINK_SERVICE_PORT_HTTP",
                "MOODLINE_SINK_PORT",
                "MOODLINE_SINK_PORT_7470_TCP_ADDR",
                "PATH")
            .collect(Collectors.toMap(Function.identity(), name -> "x"));
    assertThat(EnvironmentNames.unknown(SettingsOptions.ALL, environment))
        .containsExactly("MOODLINE_ANALYSER_MODEL", "MOODLINE_HTTP_PROT");
  }
}
