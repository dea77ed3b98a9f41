package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What {@code compose.yaml}, the image and the files that it mounts say of one another. */
class ComposeTest {
  private static JsonNode compose;
  private static JsonNode services;

  @BeforeAll
  static void read() throws Exception {
    compose = YamlFile.only(Path.of("compose.yaml"));
    services = compose.path("services");
  }

  private static DeployedStage stage(Node.Role role) {
    JsonNode service = services.path(role.name().toLowerCase(Locale.ROOT));
    Map<String, String> environment = new HashMap<>();
    service
        .path("environment")
        .properties()
        .forEach(it -> environment.put(it.getKey(), it.getValue().asText()));
    return DeployedStage.of(DeployedStage.texts(service.path("command")), environment);
  }

  @Test
  void eachStageIsAServiceOfItsName() {
    for (Node.Role role : Node.Role.values()) {
      assertThat(stage(role).role()).isEqualTo(role);
      String broker = stage(role).value("kafka.bootstrap.servers");
      assertThat(broker).isEqualTo("kafka:9092");
      assertThat(services.path("kafka").path("environment").path("KAFKA_ADVERTISED_LISTENERS"))
          .hasToString("\"PLAINTEXT://" + broker + "\"");
    }
  }

  @Test
  void stagesAreMountedWhatTheirSettingsName() throws Exception {
    Set<String> volumes = new TreeSet<>();
    for (JsonNode service : services) {
      for (String mount : DeployedStage.texts(service.path("volumes"))) {
        String from = mount.split(":", -1)[0];
        if (!from.startsWith(".")) {
          volumes.add(from);
        } else if (!from.equals("./secrets")) { // secrets.sh makes it
          assertThat(Path.of(from)).exists();
        }
      }
    }
    Set<String> declared = new TreeSet<>();
    compose.path("volumes").fieldNames().forEachRemaining(declared::add);
    assertThat(volumes).isEqualTo(declared);
    for (Node.Role role : Node.Role.values()) {
      assertThat(targets(role.name().toLowerCase(Locale.ROOT))).containsAll(stage(role).folders());
    }
  }

  private static List<String> targets(String service) {
    return DeployedStage.texts(services.path(service).path("volumes")).stream()
        .map(mount -> mount.split(":", -1)[1])
        .toList();
  }

  @Test
  void theImageIsWhatTheFilesTakeItFor() throws Exception {
    String image = Files.readString(Path.of("Dockerfile"));
    assertThat(image)
        .contains("\nUSER " + DeployedStage.USER + "\n")
        .contains("MOODLINE_HOME=" + DeployedStage.HOME + " MOODLINE_STATUS_HOST=0.0.0.0\n")
        .contains("\nEXPOSE " + stage(Node.Role.SINK).port())
        .contains(" " + stage(Node.Role.INGEST).port() + "\n");
    assertThat(Files.readString(Path.of("secrets.sh"))).contains("chown -R " + DeployedStage.USER);
  }

  @Test
  void prometheusScrapesEachStageWhereItListens() throws Exception {
    JsonNode config = YamlFile.only(Path.of("prometheus/prometheus.yml"));
    Map<String, Integer> scraped = new HashMap<>();
    for (JsonNode job : config.path("scrape_configs")) {
      for (JsonNode names : job.path("dns_sd_configs")) {
        names.path("names").forEach(it -> scraped.put(it.asText(), names.path("port").asInt()));
      }
    }
    Map<String, Integer> listening = new HashMap<>();
    for (Node.Role role : Node.Role.values()) {
      listening.put(role.name().toLowerCase(Locale.ROOT), stage(role).port());
    }
    assertThat(scraped).isEqualTo(listening);
    assertThat(stage(Node.Role.SINK).host()).isEqualTo("0.0.0.0");
    assertThat(targets("prometheus"))
        .contains("/etc/prometheus/prometheus.yml")
        .containsAll(DeployedStage.texts(config.path("rule_files")));
  }

  @Test
  void grafanaFindsTheDashboardAndItsData() throws Exception {
    Path grafana = Path.of("grafana");
    Path provisioning = grafana.resolve("provisioning");
    JsonNode source =
        YamlFile.only(provisioning.resolve("datasources/moodline.yml")).path("datasources").get(0);
    assertThat(source.path("url").asText()).isEqualTo("http://prometheus:9090");
    assertThat(services.has("prometheus")).isTrue();
    JsonNode dashboard = Dashboard.read();
    for (JsonNode panel : dashboard.path("panels")) {
      assertThat(panel.path("datasource").path("uid")).isEqualTo(source.path("uid"));
    }
    JsonNode provider =
        YamlFile.only(provisioning.resolve("dashboards/moodline.yml")).path("providers").get(0);
    String folder = provider.path("options").path("path").asText();
    assertThat(targets("grafana")).contains(folder + "/moodline.json", "/etc/grafana/provisioning");
  }
}
