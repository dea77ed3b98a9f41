package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.schemas.Topics;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KafkaConnectionTest {
  private static final Map<String, String> WRONG =
      Map.of("security.protocol", "CARRIER_PIGEON", "ssl.key.password", "hunter2");

  @TempDir Path home;

  @Test
  void givesEveryClientTheClusterSettings() {
    var kafka = new KafkaConnection("127.0.0.1:1", new Topics("moodline"), 4, WRONG);
    assertThatThrownBy(() -> kafka.consumer("c", Map.of()).close())
        .isInstanceOf(KafkaException.class);
    assertThatThrownBy(() -> kafka.producer("p", Map.of()).close())
        .isInstanceOf(KafkaException.class);
    assertThatThrownBy(() -> kafka.admin("a").close()).isInstanceOf(KafkaException.class);
    assertThat(kafka.streamsConfig("s")).containsAllEntriesOf(WRONG);
    assertThat(kafka.toString()).doesNotContain("hunter2");
  }

  @Test
  void namesTheSettingsThatKafkaRefuses() {
    var kafka = new KafkaConnection("127.0.0.1:1", new Topics("moodline"), 4, WRONG);
    assertThatThrownBy(() -> TopicSetup.apply(kafka, 1, List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("kafka.client.file")
        .hasMessageContaining("CARRIER_PIGEON");
  }

  @Test
  void waitsForAClusterThatIsNotThereYet() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    var kafka = new KafkaConnection("127.0.0.1:" + port, new Topics("moodline"), 4);
    var setup =
        CompletableFuture.runAsync(
            () -> {
              try {
                TopicSetup.apply(kafka, 1, List.of());
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    try (EmbeddedBroker broker = EmbeddedBroker.start(home, port);
        Admin admin = kafka.admin("test")) {
      setup.get(2, TimeUnit.MINUTES);
      assertThat(admin.listTopics().names().get()).contains(kafka.topics().frames());
    }
  }

  @Test
  void readsClusterSettingsFromAFile() throws IOException {
    Path file = home.resolve("client.properties");
    Files.writeString(file, "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n");
    assertThat(RuntimeSettings.kafkaSecurity(settings(file)))
        .isEqualTo(Map.of("security.protocol", "SASL_SSL", "sasl.mechanism", "SCRAM-SHA-512"));
    Files.delete(file);
    assertThatThrownBy(() -> RuntimeSettings.kafkaSecurity(settings(file)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("client.properties");
  }

  private Settings settings(Path file) {
    return Settings.load(
        home, RuntimeSettings.ALL, Map.of(), Map.of("kafka.client.file", file.toString()));
  }
}
