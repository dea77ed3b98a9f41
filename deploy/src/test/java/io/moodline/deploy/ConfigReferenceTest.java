package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.runtime.Setting;
import io.moodline.schemas.v1.StreamState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ConfigReferenceTest {
  @Test
  void pageSaysWhatTheCodeDeclares() throws Exception {
    assertThat(Files.readString(Path.of("../docs/config.md")))
        .as("docs/config.md is out of date: run ./moodline settings > docs/config.md")
        .isEqualTo(SettingsCommand.reference());
  }

  @Test
  void containersAreGivenSettingsThatExist() throws Exception {
    Set<String> known =
        SettingsOptions.ALL.stream().map(Setting::environmentName).collect(Collectors.toSet());
    known.add("MOODLINE_HOME");
    assertThat(DeployFiles.environment()).isNotEmpty().isSubsetOf(known);
  }

  @Test
  void alertsFindWhatIsScraped() throws Exception {
    assertThat(DeployFiles.states())
        .isNotEmpty()
        .isSubsetOf(Arrays.stream(StreamState.values()).map(Enum::name).toList());
    assertThat(DeployFiles.alerts()).contains("up{app=\"moodline\"}").doesNotContain("job=");
    String compose = Files.readString(Path.of("prometheus/prometheus.yml"));
    assertThat(compose.split("job_name", -1))
        .hasSameSizeAs(compose.split("target_label: app, replacement: moodline", -1));
    String kubernetes = Files.readString(Path.of("kubernetes/moodline.yaml"));
    assertThat(kubernetes.split("prometheus.io/scrape", -1))
        .hasSameSizeAs(kubernetes.split("\n      labels: [{]app: moodline, ", -1))
        .hasSize(Node.Role.values().length + 1);
  }

  @Test
  void noTwoSettingsShareAKeyAndEachIsExplained() {
    assertThat(SettingsOptions.ALL).extracting(Setting::key).doesNotHaveDuplicates();
    assertThat(SettingsOptions.ALL)
        .allSatisfy(
            setting -> {
              assertThat(setting.key()).matches("[a-z]+([.-][a-z0-9]+)*");
              assertThat(setting.meaning()).endsWith(".");
            });
  }
}
