package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
  private static final Setting<Integer> PORT = Setting.integer("http.port", 80, 0, 65535, "Port.");
  private static final Setting<Duration> WAIT = Setting.duration("wait.time", "5s", "Wait.");
  private static final List<Setting<?>> KNOWN = List.of(PORT, WAIT);

  @TempDir Path home;

  @Test
  void laterPlacesWinOverEarlierOnes() throws Exception {
    assertThat(load(Map.of(), Map.of()).get(PORT)).isEqualTo(80);
    Files.writeString(home.resolve("moodline.properties"), "http.port=81\nwait.time = 250ms\n");
    assertThat(load(Map.of(), Map.of()).get(PORT)).isEqualTo(81);
    assertThat(load(Map.of(), Map.of()).get(WAIT)).isEqualTo(Duration.ofMillis(250));
    assertThat(load(Map.of("MOODLINE_HTTP_PORT", "82"), Map.of()).get(PORT)).isEqualTo(82);
    assertThat(load(Map.of("MOODLINE_HTTP_PORT", "82"), Map.of("http.port", "83")).get(PORT))
        .isEqualTo(83);
  }

  @Test
  void namesAnUnknownKeyAndWhereItStands() throws Exception {
    Files.writeString(home.resolve("moodline.properties"), "http.prot=81\n");
    assertThatThrownBy(() -> load(Map.of(), Map.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("http.prot")
        .hasMessageContaining("moodline.properties");
  }

  @Test
  void namesTheKeyTheValueAndTheRangeOfABadValue() {
    assertThatThrownBy(() -> load(Map.of(), Map.of("http.port", "70000")))
        .isInstanceOf(UserException.class)
        .hasMessageContainingAll("http.port", "70000", "0 to 65535");
    assertThatThrownBy(() -> load(Map.of(), Map.of("http.port", "many")))
        .isInstanceOf(UserException.class)
        .hasMessageContainingAll("http.port", "many", "not a number");
    assertThatThrownBy(() -> load(Map.of(), Map.of("wait.time", "5 apples")))
        .isInstanceOf(UserException.class)
        .hasMessageContainingAll("wait.time", "5 apples", "250ms");
  }

  private Settings load(Map<String, String> environment, Map<String, String> overrides) {
    return Settings.load(home, KNOWN, environment, overrides);
  }
}
