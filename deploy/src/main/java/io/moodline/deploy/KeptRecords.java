package io.moodline.deploy;

import io.moodline.runtime.DataKey;
import io.moodline.runtime.Failures;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StreamKeys;
import io.moodline.runtime.UserException;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Looks records up in what Kafka still keeps of a stream, by reading all of it. Owns a consumer.
 * Confined to one thread.
 */
final class KeptRecords implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(200);

  /** A broker that is there answers at once. */
  private static final int PATIENCE_MILLIS = 10_000;

  private final KafkaConnection kafka;
  private final Path secretKey;
  private final KafkaConsumer<byte[], byte[]> consumer;

  private KeptRecords(KafkaConnection kafka, Path secretKey) {
    this.kafka = kafka;
    this.secretKey = secretKey;
    this.consumer = kafka.consumer("explain", Map.of("default.api.timeout.ms", PATIENCE_MILLIS));
  }

  /** In the cluster that the settings name, or the embedded broker of the running server. */
  static KeptRecords open(Settings settings) {
    String given = settings.get(RuntimeSettings.KAFKA_BOOTSTRAP);
    String address =
        given.isEmpty() ? "127.0.0.1:" + settings.get(RuntimeSettings.BROKER_PORT) : given;
    Map<String, String> security =
        given.isEmpty() ? Map.of() : RuntimeSettings.kafkaSecurity(settings);
    Topics topics = new Topics(settings.get(RuntimeSettings.TOPIC_PREFIX));
    int partitions = settings.get(RuntimeSettings.TOPIC_PARTITIONS);
    KafkaConnection kafka = new KafkaConnection(address, topics, partitions, security);
    return new KeptRecords(kafka, RuntimeSettings.secretKeyFile(settings));
  }

  Topics topics() {
    return kafka.topics();
  }

  /**
   * The key that a record of a stream was sealed with; empty when it was thrown away.
   *
   * @throws UserException when Kafka does not answer, or this is not the server's secret key
   */
  Optional<DataKey> key(String stream, String keyId) {
    if (!Files.exists(secretKey)) {
      throw new UserException(
          "what is kept of stream "
              + stream
              + " is sealed, and "
              + secretKey
              + " is not there: set secret.key.file to the file that the server has");
    }
    try {
      int partitions = consumer.partitionsFor(topics().streamKeys()).size();
      KafkaConnection sized =
          new KafkaConnection(kafka.bootstrapServers(), topics(), partitions, kafka.security());
      SecretBox secrets = SecretBox.open(secretKey);
      try (StreamKeys keys = StreamKeys.start("explain", sized, secrets, Failures.exitProcess())) {
        return keys.find(stream, keyId);
      }
    } catch (KafkaException e) {
      throw silent(e);
    }
  }

  private UserException silent(KafkaException cause) {
    return new UserException(
        "Kafka at "
            + kafka.bootstrapServers()
            + " does not answer: start `moodline serve`, or name another with"
            + " --set kafka.bootstrap.servers=HOST:PORT",
        cause);
  }

  /**
   * The last record of a stream that fits; what can not be read is passed over.
   *
   * @throws UserException when Kafka does not answer
   */
  <T> Optional<T> find(
      String topic, String stream, Function<byte[], T> decode, Predicate<T> wanted) {
    try {
      int partitions = consumer.partitionsFor(topic).size();
      TopicPartition partition = new TopicPartition(topic, StreamPartition.of(stream, partitions));
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
      Optional<T> found = Optional.empty();
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL).records(partition)) {
          found = read(record, decode).filter(wanted).or(fallback(found));
        }
      }
      return found;
    } catch (KafkaException e) {
      throw silent(e);
    }
  }

  private static <T> java.util.function.Supplier<Optional<T>> fallback(Optional<T> found) {
    return () -> found;
  }

  private static <T> Optional<T> read(
      ConsumerRecord<byte[], byte[]> record, Function<byte[], T> decode) {
    try {
      return record.value() == null ? Optional.empty() : Optional.of(decode.apply(record.value()));
    } catch (UnreadableRecordException e) {
      return Optional.empty(); // it was dead-lettered where it was read for good
    }
  }

  @Override
  public void close() {
    consumer.close();
  }
}
