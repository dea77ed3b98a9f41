package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(180)
class HardwareCommandTest {
  @TempDir Path home;

  @Test
  void saysOfEachKindWhetherItOpensOrWhyNot() throws Exception {
    Cli cli = new Cli(home);
    JsonNode found = ApiClient.JSON.readTree(cli.ok("hardware", "--json"));
    assertThat(found.size()).isPositive();
    List<String> lines = new ArrayList<>(List.of("software       always"));
    found
        .properties()
        .forEach(
            kind -> {
              String problem = kind.getValue().asText();
              String says = problem.isEmpty() ? "opens" : "no: " + problem;
              lines.add(String.format("%-14s %s", kind.getKey(), says));
            });
    assertThat(cli.ok("hardware").lines()).containsExactlyElementsOf(lines);
  }
}
