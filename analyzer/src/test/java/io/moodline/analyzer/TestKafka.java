package io.moodline.analyzer;

import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.Failures;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.TopicSetup;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.AnalyzerStatus;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;

/** A real broker with Moodline's topics; each use of {@link #prefixed} has topics of its own. */
final class TestKafka implements AutoCloseable {
  static final int PARTITIONS = 4;
  static final Duration PATIENCE = Duration.ofSeconds(120);

  private final EmbeddedBroker broker;
  private final Path home;

  TestKafka(Path home) {
    this.home = home;
    this.broker = EmbeddedBroker.start(home.resolve("broker"), 0);
  }

  /** Topics with that prefix on this broker. */
  Space prefixed(String prefix) throws InterruptedException {
    var kafka = new KafkaConnection(broker.bootstrapServers(), new Topics(prefix), PARTITIONS);
    TopicSetup.apply(kafka, 1, List.of(kafka.group(Analyzer.GROUP)));
    return new Space(kafka);
  }

  static TopicPartition partition(String topic, String stream) {
    return new TopicPartition(topic, StreamPartition.of(stream, PARTITIONS));
  }

  @Override
  public void close() {
    broker.close();
  }

  /** One test's topics. */
  final class Space implements AutoCloseable {
    final KafkaConnection kafka;
    final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final KafkaProducer<byte[], byte[]> producer;

    Space(KafkaConnection kafka) {
      this.kafka = kafka;
      this.producer = kafka.producer("test", Map.of());
    }

    StageContext context(String instance, Clock clock, Map<String, String> set) {
      Failures failed = (thread, cause) -> failures.add(thread + ": " + cause);
      return new StageContext(
          instance,
          Settings.load(home, AnalyzerSettings.ALL, Map.of(), set),
          kafka,
          new PrometheusRegistry(),
          new Health(),
          SecretBox.open(home.resolve("secrets")),
          failed,
          clock);
    }

    void publish(Frame frame) throws ExecutionException, InterruptedException {
      String topic =
          frame.getKind() == StreamKind.LIVE
              ? kafka.topics().frames()
              : kafka.topics().recordingFrames();
      publishBytes(topic, frame.getStreamId(), Serdes.FRAME.encode(frame));
    }

    void publishBytes(String topic, String stream, byte[] value)
        throws ExecutionException, InterruptedException {
      producer
          .send(
              new ProducerRecord<>(
                  topic,
                  StreamPartition.of(stream, PARTITIONS),
                  stream.getBytes(StandardCharsets.UTF_8),
                  value))
          .get();
    }

    /** Waits until so many results are committed, and reads them all, in order per partition. */
    List<FrameFaces> awaitFaces(int count) {
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> faces().size() >= count || !failures.isEmpty());
      return faces();
    }

    List<FrameFaces> faces() {
      return read(kafka.topics().faces(), Serdes.FRAME_FACES, record -> true);
    }

    List<FrameFaces> shadowFaces() {
      return read(kafka.topics().shadowFaces(), Serdes.FRAME_FACES, record -> true);
    }

    /** What an analyzer last said of itself; null before it has said anything. */
    AnalyzerStatus lastStatus() {
      List<AnalyzerStatus> all =
          read(
              kafka.topics().analyzerStatus(),
              Serdes.ANALYZER_STATUS,
              record -> record.value() != null);
      return all.isEmpty() ? null : all.get(all.size() - 1);
    }

    List<DeadLetter> deadLetters() {
      return read(kafka.topics().deadLetters(), Serdes.DEAD_LETTER, record -> true);
    }

    private <T extends org.apache.avro.specific.SpecificRecord> List<T> read(
        String topic, AvroSerde<T> serde, Predicate<ConsumerRecord<byte[], byte[]>> wanted) {
      List<TopicPartition> partitions =
          IntStream.range(0, PARTITIONS).mapToObj(i -> new TopicPartition(topic, i)).toList();
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      try (var consumer = kafka.consumer("reader", Map.of())) {
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
        while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
          consumer.poll(Duration.ofMillis(200)).forEach(records::add);
        }
      }
      return records.stream()
          .filter(wanted)
          .sorted(
              Comparator.<ConsumerRecord<byte[], byte[]>>comparingInt(ConsumerRecord::partition)
                  .thenComparingLong(ConsumerRecord::offset))
          .map(record -> serde.decode(record.value()))
          .toList();
    }

    /** What the analyzers have committed, summed over partitions of both topics. */
    Map<TopicPartition, OffsetAndMetadata> committed()
        throws ExecutionException, InterruptedException {
      try (var admin = kafka.admin("reader")) {
        return admin
            .listConsumerGroupOffsets(kafka.group(Analyzer.GROUP))
            .partitionsToOffsetAndMetadata()
            .get();
      }
    }

    @Override
    public void close() {
      producer.close();
    }
  }
}
