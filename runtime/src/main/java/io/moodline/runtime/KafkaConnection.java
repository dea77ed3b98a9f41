package io.moodline.runtime;

import io.moodline.schemas.Topics;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Where Kafka is and how Moodline talks to it: clients whose settings are the same everywhere. Keys
 * and values are bytes; records are read through {@code Serdes}, so that an unreadable one can be
 * dead-lettered instead of stopping the consumer. Thread-safe; the clients it makes belong to the
 * caller.
 *
 * @param bootstrapServers {@code host:port}, separated by commas
 * @param topics the catalogue
 * @param partitions number of partitions of every topic
 * @param security further properties of every client, such as {@code security.protocol}
 */
public record KafkaConnection(
    String bootstrapServers, Topics topics, int partitions, Map<String, String> security) {
  /** How long a group waits for a silent member: Kafka's 45 s would be the pause after a kill. */
  private static final String CLASSIC_SESSION_TIMEOUT_MILLIS = "6000";

  private static final Duration TRANSACTION_TIMEOUT = Duration.ofSeconds(30);

  public KafkaConnection {
    security = Map.copyOf(security);
  }

  /** A Kafka that asks for no credentials. */
  public KafkaConnection(String bootstrapServers, Topics topics, int partitions) {
    this(bootstrapServers, topics, partitions, Map.of());
  }

  /** The properties hold passwords: none of them is printed. */
  @Override
  public String toString() {
    return "KafkaConnection[" + bootstrapServers + ", " + topics.prefix() + "]";
  }

  private Map<String, Object> clientConfig() {
    Map<String, Object> config = new HashMap<>(security);
    config.put("bootstrap.servers", bootstrapServers);
    return config;
  }

  /**
   * A consumer that sees committed records only and starts at the beginning; never commits by
   * itself.
   */
  public KafkaConsumer<byte[], byte[]> consumer(String clientId, Map<String, Object> more) {
    Map<String, Object> config = clientConfig();
    config.put(ConsumerConfig.CLIENT_ID_CONFIG, clientId);
    config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    config.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, Topics.MAX_RECORD_BYTES);
    config.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
    config.putAll(more);
    return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /**
   * A member of a consumer group of the new protocol (KIP-848), dynamic on purpose: a static member
   * that is killed could not return before its session ends. The session's length is a group
   * setting, see {@link TopicSetup}.
   */
  public KafkaConsumer<byte[], byte[]> groupConsumer(
      String clientId, String group, Map<String, Object> more) {
    Map<String, Object> config = new HashMap<>();
    config.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    config.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "consumer");
    config.putAll(more);
    return consumer(clientId, config);
  }

  /** An idempotent producer. */
  public KafkaProducer<byte[], byte[]> producer(String clientId, Map<String, Object> more) {
    Map<String, Object> config = clientConfig();
    config.put(ProducerConfig.CLIENT_ID_CONFIG, clientId);
    config.put(ProducerConfig.ACKS_CONFIG, "all");
    config.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topics.MAX_RECORD_BYTES);
    config.put(ProducerConfig.BATCH_SIZE_CONFIG, 512 * 1024);
    config.putAll(more);
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** A transactional producer; the caller runs {@code initTransactions}. */
  public KafkaProducer<byte[], byte[]> transactionalProducer(
      String clientId, String transactionalId) {
    return transactionalProducer(clientId, transactionalId, TRANSACTION_TIMEOUT);
  }

  /**
   * The same where more is known of its transactions.
   *
   * @param timeout what a process that dies leaves open is aborted after it
   */
  public KafkaProducer<byte[], byte[]> transactionalProducer(
      String clientId, String transactionalId, Duration timeout) {
    return producer(
        clientId,
        Map.of(
            ProducerConfig.TRANSACTIONAL_ID_CONFIG,
            transactionalId,
            ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
            (int) timeout.toMillis()));
  }

  public Admin admin(String clientId) {
    Map<String, Object> config = clientConfig();
    config.put("client.id", clientId);
    config.put("default.api.timeout.ms", 60_000);
    return Admin.create(config);
  }

  /** Client settings for Kafka Streams, which makes its own clients. */
  public Map<String, Object> streamsConfig(String applicationId) {
    Map<String, Object> config = clientConfig();
    config.put("application.id", topics.prefix() + "-" + applicationId);
    config.put("consumer.session.timeout.ms", CLASSIC_SESSION_TIMEOUT_MILLIS);
    config.put("consumer.heartbeat.interval.ms", "2000");
    config.put("consumer.max.partition.fetch.bytes", Topics.MAX_RECORD_BYTES);
    config.put("producer.max.request.size", Topics.MAX_RECORD_BYTES);
    return config;
  }

  /**
   * A consumer group's name under the topics' prefix, so that two installations can share a
   * cluster.
   */
  public String group(String name) {
    return topics.prefix() + "-" + name;
  }
}
