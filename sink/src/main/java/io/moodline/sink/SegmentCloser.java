package io.moodline.sink;

import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import io.moodline.schemas.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets what was erased leave the log files of quiet partitions too.
 *
 * <p>Kafka compacts a segment of a log once another one follows it, and begins another one only
 * when something is appended. After an erasure that may never happen: so where a partition was
 * quiet for as long as a segment may grow, a tombstone of nobody is appended, under the key {@code
 * /turn/1}. {@code /turn/2} and {@code /turn/3} follow, by which the erased keys' own tombstones
 * go; then the partition rests until somebody writes to it. Which of them is due follows from the
 * last record alone, so that any instance may write it, before a restart or after.
 *
 * <p>The thread {@code sink-segments} looks every ten minutes. Thread-safe.
 */
final class SegmentCloser implements AutoCloseable {
  private static final Duration LOOK = Duration.ofMinutes(10);
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String KEY = "/turn/"; // no stream's id begins so
  private static final int TURNS = 3;

  /** Offsets before the end that are searched for the last record: the others are commits. */
  private static final int TAIL = 20;

  private static final String CLIENT = "sink-segments";
  private static final Logger log = LoggerFactory.getLogger(SegmentCloser.class);

  private final StageContext stage;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Worker worker;

  private SegmentCloser(StageContext stage) {
    this.stage = stage;
    this.worker = Worker.start(CLIENT, this::run, stopped::countDown, stage.failures());
  }

  static SegmentCloser start(StageContext stage) {
    return new SegmentCloser(stage);
  }

  private void run(Worker self) throws InterruptedException {
    while (!stopped.await(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
      try {
        look(stage);
      } catch (KafkaException | ExecutionException e) {
        log.atWarn().setCause(e).log("quiet partitions are looked at again later");
      }
    }
  }

  /** Appends what is due to all partitions that may hold what was erased. */
  static void look(StageContext stage) throws ExecutionException, InterruptedException {
    Map<String, Long> limits;
    try (Admin admin = stage.kafka().admin(CLIENT)) {
      limits = segmentMillis(admin, topics(stage, admin));
    }
    List<TopicPartition> partitions =
        limits.keySet().stream()
            .flatMap(
                topic ->
                    IntStream.range(0, stage.kafka().partitions())
                        .mapToObj(partition -> new TopicPartition(topic, partition)))
            .toList();
    long now = stage.clock().millis();
    try (KafkaConsumer<byte[], byte[]> consumer = stage.kafka().consumer(CLIENT, Map.of());
        KafkaProducer<byte[], byte[]> producer = stage.kafka().producer(CLIENT, Map.of())) {
      for (ConsumerRecord<byte[], byte[]> last : lastRecords(consumer, partitions)) {
        int turn = turnAfter(last);
        if (turn <= TURNS && now - last.timestamp() > limits.getOrDefault(last.topic(), 0L)) {
          byte[] key = key(turn);
          producer.send(new ProducerRecord<>(last.topic(), last.partition(), key, null));
        }
      }
      producer.flush();
    }
  }

  /** Everything that an erasure writes tombstones to; changelogs have as many partitions. */
  private static List<String> topics(StageContext stage, Admin admin)
      throws ExecutionException, InterruptedException {
    Topics topics = stage.kafka().topics();
    Map<String, Object> streams = stage.kafka().streamsConfig(EmotionTimelines.APPLICATION);
    String application = streams.get("application.id") + "-";
    return Stream.concat(
            DataEraser.erasable(topics).stream(),
            admin.listTopics().names().get().stream()
                .filter(name -> name.startsWith(application) && name.endsWith("-changelog")))
        .toList();
  }

  /** For how long the last segment of each topic's partitions grows at most. */
  private static Map<String, Long> segmentMillis(Admin admin, List<String> topics)
      throws ExecutionException, InterruptedException {
    List<ConfigResource> resources =
        topics.stream().map(it -> new ConfigResource(ConfigResource.Type.TOPIC, it)).toList();
    Map<ConfigResource, Config> configs = admin.describeConfigs(resources).all().get();
    Map<String, Long> limits = new HashMap<>();
    configs.forEach(
        (resource, config) ->
            limits.put(
                resource.name(),
                Math.min(number(config, "segment.ms"), number(config, "max.compaction.lag.ms"))));
    return limits;
  }

  private static long number(Config config, String name) {
    return Long.parseLong(config.get(name).value());
  }

  private static List<ConsumerRecord<byte[], byte[]>> lastRecords(
      KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
    consumer.assign(partitions);
    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
    Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
    ends.forEach(
        (partition, end) ->
            consumer.seek(partition, Math.max(begins.getOrDefault(partition, 0L), end - TAIL)));
    Map<TopicPartition, ConsumerRecord<byte[], byte[]>> last = new HashMap<>();
    List<TopicPartition> left = new ArrayList<>(partitions);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      left.removeIf(it -> consumer.position(it) >= ends.getOrDefault(it, 0L));
      if (left.isEmpty() || System.nanoTime() > deadline) {
        left.forEach(last::remove); // its last record was not seen
        return List.copyOf(last.values());
      }
      consumer
          .poll(POLL)
          .forEach(
              record -> last.put(new TopicPartition(record.topic(), record.partition()), record));
    }
  }

  /** Number of the tombstone that follows a partition's last record. */
  private static int turnAfter(ConsumerRecord<byte[], byte[]> last) {
    for (int turn = 1; turn <= TURNS; turn++) {
      if (Arrays.equals(last.key(), key(turn))) {
        return turn + 1;
      }
    }
    return 1;
  }

  private static byte[] key(int turn) {
    return (KEY + turn).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    worker.close();
  }
}
