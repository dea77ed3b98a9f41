package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.moodline.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class TopicSetupTest {
  @TempDir static Path home;
  private static EmbeddedBroker broker;
  private static Admin admin;

  @BeforeAll
  static void startBroker() {
    broker = EmbeddedBroker.start(home, 0);
    admin = connect("any").admin("test");
  }

  @AfterAll
  static void stopBroker() {
    admin.close();
    broker.close();
  }

  private static KafkaConnection connect(String prefix) {
    return new KafkaConnection(broker.bootstrapServers(), new Topics(prefix), 2);
  }

  private static void make(String topic, Map<String, String> config) throws Exception {
    NewTopic made = new NewTopic(topic, Optional.of(2), Optional.of((short) 1)).configs(config);
    admin.createTopics(List.of(made)).all().get();
  }

  private static String setting(String topic, String key) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(key).value();
  }

  /** A broker shows what was set a little later. */
  private static void awaitSetting(String topic, String key, String value) {
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(() -> assertThat(setting(topic, key)).isEqualTo(value));
  }

  @Test
  void refusesATopicOfOthersThatWouldLoseItsRecords() throws Exception {
    KafkaConnection kafka = connect("deleted");
    make(kafka.topics().streamKeys(), Map.of("cleanup.policy", "delete"));
    assertThatThrownBy(() -> TopicSetup.apply(kafka, 1, List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("topic deleted.stream-keys.v1")
        .hasMessageContaining("cleanup.policy=delete")
        .hasMessageContaining("set it to compact")
        .hasMessageNotContaining("\n");
  }

  @Test
  void refusesATopicOfOthersThatIsTooSmallForARecord() throws Exception {
    KafkaConnection kafka = connect("small");
    make(kafka.topics().frames(), Map.of("max.message.bytes", "1000000"));
    assertThatThrownBy(() -> TopicSetup.apply(kafka, 1, List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("small.frames.v1")
        .hasMessageContaining("max.message.bytes=1000000")
        .hasMessageContaining(Integer.toString(Topics.MAX_RECORD_BYTES));
  }

  @Test
  void setsWhatNobodySetAndLeavesWhatOthersSet() throws Exception {
    KafkaConnection kafka = connect("shared");
    make(kafka.topics().streamKeys(), Map.of());
    make(kafka.topics().faces(), Map.of("retention.ms", "7200000"));
    TopicSetup.apply(kafka, 1, List.of());
    awaitSetting(kafka.topics().streamKeys(), "cleanup.policy", "compact");
    awaitSetting(kafka.topics().faces(), "message.timestamp.type", "LogAppendTime");
    assertThat(setting(kafka.topics().faces(), "retention.ms")).isEqualTo("7200000");
  }

  @Test
  void bringsTheTopicsOfItsOwnBrokerUpToDate() throws Exception {
    KafkaConnection kafka = connect("own");
    make(
        kafka.topics().segments(),
        Map.of("cleanup.policy", "compact", "max.message.bytes", "1000000"));
    TopicSetup.applyOwn(kafka, List.of());
    awaitSetting(kafka.topics().segments(), "cleanup.policy", "compact,delete");
    awaitSetting(
        kafka.topics().segments(), "max.message.bytes", Integer.toString(Topics.MAX_RECORD_BYTES));
  }

  @Test
  void namesTheSettingWithWhichATopicCanNotBeMade() {
    assertThatThrownBy(() -> TopicSetup.apply(connect("copies"), 3, List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("topics.replication=3")
        .hasMessageContaining("InvalidReplicationFactorException")
        .hasMessageNotContaining("\n");
  }

  @Test
  void namesAPrefixThatIsNone() {
    assertThatThrownBy(
            () ->
                Settings.load(
                        home, RuntimeSettings.ALL, Map.of(), Map.of("topics.prefix", "my topics"))
                    .get(RuntimeSettings.TOPIC_PREFIX))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("topics.prefix")
        .hasMessageContaining("my topics");
  }
}
