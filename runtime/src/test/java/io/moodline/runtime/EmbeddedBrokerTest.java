package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.schemas.Topics;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
class EmbeddedBrokerTest {
  @TempDir Path folder;

  @Test
  void keepsRecordsAndTopicsOverARestartOnOtherPorts() throws Exception {
    byte[] large = new byte[5 * 1024 * 1024];
    large[large.length - 1] = 42;
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder, 0)) {
      KafkaConnection kafka = connect(broker);
      TopicSetup.apply(kafka, 1, List.of("some-group"));
      try (var producer = kafka.producer("test", Map.of())) {
        producer
            .send(new ProducerRecord<>(kafka.topics().frames(), 1, "lobby".getBytes(), large))
            .get();
      }
    }
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder, 0)) {
      KafkaConnection kafka = connect(broker);
      TopicSetup.apply(kafka, 1, List.of("some-group"));
      try (var consumer = kafka.consumer("test", Map.of())) {
        consumer.assign(List.of(new TopicPartition(kafka.topics().frames(), 1)));
        var records = consumer.poll(Duration.ofSeconds(60));
        assertThat(records.count()).isEqualTo(1);
        assertThat(records.iterator().next().value()).isEqualTo(large);
      }
    }
  }

  @Test
  void refusesAFolderThatAnotherBrokerUses() {
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder, 0)) {
      assertThat(broker.bootstrapServers()).startsWith("127.0.0.1:");
      assertThatThrownBy(() -> EmbeddedBroker.start(folder, 0))
          .isInstanceOf(UserException.class)
          .hasMessageContaining(folder.toString())
          .hasMessageContaining("in use");
    }
  }

  @Test
  void refusesABusyPortAndLeavesTheFolderFree() throws Exception {
    try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> EmbeddedBroker.start(folder, busy.getLocalPort()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("port " + busy.getLocalPort())
          .hasMessageContaining("busy");
    }
    EmbeddedBroker.start(folder, 0).close();
  }

  @Test
  void namesAFolderThatCanNotBeWritten() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    assertThatThrownBy(() -> EmbeddedBroker.start(file.resolve("below"), 0))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("MOODLINE_HOME");
  }

  @Test
  void refusesTopicsWithAnotherNumberOfPartitions() throws Exception {
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder, 0)) {
      TopicSetup.apply(connect(broker), 1, List.of());
      var other = new KafkaConnection(broker.bootstrapServers(), new Topics("moodline"), 3);
      assertThatThrownBy(() -> TopicSetup.apply(other, 1, List.of()))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("topics.partitions");
    }
  }

  private static KafkaConnection connect(EmbeddedBroker broker) {
    return new KafkaConnection(broker.bootstrapServers(), new Topics("moodline"), 4);
  }
}
