package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files that Prometheus reads, by Prometheus' own tool. */
class PrometheusFilesTest {
  private static final Path FOLDER = Path.of("prometheus");
  private static final Path RULES = FOLDER.resolve("moodline.rules.yml");
  private static final Path TESTS = FOLDER.resolve("moodline.rules.test.yml");

  @TempDir Path folder;

  @Test
  void rulesAndConfigurationCanBeRead() throws Exception {
    Promtool.assumeInstalled();
    String config = Files.readString(FOLDER.resolve("prometheus.yml"));
    String mounted = "/etc/prometheus/moodline.rules.yml";
    assertThat(config).contains("- " + mounted + "\n");
    Path here = folder.resolve("prometheus.yml");
    Files.writeString(here, config.replace(mounted, RULES.toAbsolutePath().toString()));
    Promtool.run(folder.resolve("said"), "check", "config", here.toString());
    assertThat(folder.resolve("said")).content().contains("1 rule files found", "rules found");
  }

  @Test
  void alertsFireForWhatTheyAreThereForAndForNothingElse() throws Exception {
    Promtool.assumeInstalled();
    Promtool.run(folder.resolve("said"), "test", "rules", TESTS.toString());
    assertThat(folder.resolve("said")).content().contains("SUCCESS");
  }

  @Test
  void whatTheDashboardAsksCanBeRead() throws Exception {
    Promtool.assumeInstalled();
    List<Map<String, String>> rules = new ArrayList<>();
    for (String expression : Dashboard.expressions()) {
      assertThat(expression).doesNotContain("$");
      rules.add(Map.of("record", "panel:" + rules.size(), "expr", expression));
    }
    assertThat(rules).isNotEmpty();
    Path file = folder.resolve("dashboard.json"); // which is YAML
    ApiClient.JSON.writeValue(
        file.toFile(), Map.of("groups", List.of(Map.of("name", "dashboard", "rules", rules))));
    Promtool.run(folder.resolve("said"), "check", "rules", file.toString());
    assertThat(folder.resolve("said")).content().contains(rules.size() + " rules found");
  }

  @Test
  void eachAlertIsTestedToFireAndNotTo() throws Exception {
    Set<String> alerts = new TreeSet<>();
    for (JsonNode group : YamlFile.only(RULES).path("groups")) {
      group.path("rules").forEach(rule -> alerts.add(rule.path("alert").asText()));
    }
    Set<String> fire = new TreeSet<>();
    Set<String> rest = new TreeSet<>();
    for (JsonNode test : YamlFile.only(TESTS).path("tests")) {
      for (JsonNode at : test.path("alert_rule_test")) {
        (at.path("exp_alerts").isEmpty() ? rest : fire).add(at.path("alertname").asText());
      }
    }
    assertThat(alerts).isNotEmpty();
    assertThat(fire).isEqualTo(alerts);
    assertThat(rest).isEqualTo(alerts);
  }
}
