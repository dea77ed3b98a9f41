package io.moodline.sink;

import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Rule;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * All rules, kept in memory from {@code rules.v1}, and the one place where the API writes them.
 *
 * <p>The thread {@code sink-rules} reads every partition from the beginning. Whoever writes waits
 * until that thread has read the write. Writes go one at a time. Revisions grow over removals while
 * the log remembers them. Thread-safe.
 */
final class RuleRegistry implements AutoCloseable {
  static final String HEALTH_PART = "rule registry";

  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final KafkaConnection kafka;
  private final Health health;
  private final Clock clock;
  private final ApiMetrics metrics;
  private final KafkaProducer<byte[], byte[]> producer;
  private final DeadLetters deadLetters;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Worker worker;
  private final ReentrantLock writing = new ReentrantLock();

  private volatile boolean caughtUp;
  private final Object view = new Object(); // guards the three maps below
  private final Map<String, Rule> rules = new TreeMap<>();
  private final Map<String, Long> revisions = new HashMap<>();
  private final Map<TopicPartition, Long> positions = new HashMap<>();

  private RuleRegistry(StageContext ctx, ApiMetrics metrics) {
    this.kafka = ctx.kafka();
    this.health = ctx.health();
    this.clock = ctx.clock();
    this.metrics = metrics;
    health.report(HEALTH_PART, Health.State.STARTING, "reading the rules");
    this.producer =
        kafka.producer(
            "sink-rules",
            Map.of(
                "delivery.timeout.ms",
                20_000,
                "request.timeout.ms",
                10_000,
                "max.block.ms",
                10_000));
    this.deadLetters = new DeadLetters(kafka, producer, clock);
    this.consumer = kafka.consumer("sink-rules", Map.of());
    this.worker = Worker.start("sink-rules", this::readAll, consumer::wakeup, ctx.failures());
  }

  static RuleRegistry start(StageContext ctx, ApiMetrics metrics) {
    return new RuleRegistry(ctx, metrics);
  }

  /** All rules by id. Like {@link #find} it answers 503 until the topic has been read. */
  List<Rule> all() {
    checkRead();
    synchronized (view) {
      return List.copyOf(rules.values());
    }
  }

  Optional<Rule> find(String id) {
    checkRead();
    synchronized (view) {
      return Optional.ofNullable(rules.get(id));
    }
  }

  /** What became of a write. */
  record Written(Rule rule, boolean created) {}

  /**
   * Writes a rule that was read before, and returns when {@link #find} shows it.
   *
   * @param demand what the revision that is there must be
   */
  Written put(String id, String expression, boolean enabled, Precondition demand) {
    writing.lock();
    try {
      Optional<Rule> before = find(id);
      demand.check(before.map(Rule::getRevision));
      if (before.isPresent()
          && before.get().getExpression().equals(expression)
          && before.get().getEnabled() == enabled) {
        return new Written(before.get(), false);
      }
      Rule rule = new Rule(id, expression, enabled, nextRevision(id), clock.instant());
      write(id, Serdes.RULE.encode(rule));
      return new Written(rule, before.isEmpty());
    } finally {
      writing.unlock();
    }
  }

  /** Removes a rule; false when there is none. */
  boolean remove(String id, Precondition demand) {
    writing.lock();
    try {
      Optional<Rule> before = find(id);
      if (before.isEmpty()) {
        return false;
      }
      demand.check(before.map(Rule::getRevision));
      write(id, null);
      return true;
    } finally {
      writing.unlock();
    }
  }

  private void checkRead() {
    if (!caughtUp) {
      throw Problem.unavailable("the rules are still being read, try again in a moment");
    }
  }

  private long nextRevision(String id) {
    synchronized (view) {
      return 1 + revisions.getOrDefault(id, 0L);
    }
  }

  private void write(String id, byte @Nullable [] value) {
    byte[] key = id.getBytes(StandardCharsets.UTF_8);
    try {
      RecordMetadata written =
          producer
              .send(new ProducerRecord<>(kafka.topics().rules(), key, value))
              .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      awaitRead(new TopicPartition(written.topic(), written.partition()), written.offset());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Problem.unavailable("the server is stopping");
    } catch (ExecutionException | TimeoutException e) {
      throw Problem.unavailable("the rule could not be written: Kafka does not answer");
    }
  }

  private void awaitRead(TopicPartition partition, long offset) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (view) {
      while (positions.getOrDefault(partition, 0L) <= offset) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          throw Problem.unavailable("the rule is written, but can not be seen yet: look again");
        }
        view.wait(left);
      }
    }
  }

  private void readAll(Worker self) {
    try {
      List<TopicPartition> partitions =
          IntStream.range(0, kafka.partitions())
              .mapToObj(i -> new TopicPartition(kafka.topics().rules(), i))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (!self.stopping()) {
        read(partitions);
        if (!caughtUp && ends.entrySet().stream().allMatch(this::isRead)) {
          caughtUp = true;
          health.report(HEALTH_PART, Health.State.UP, "");
        }
      }
    } catch (WakeupException e) {
      if (!self.stopping()) {
        throw e;
      }
    } finally {
      consumer.close();
    }
  }

  private void read(List<TopicPartition> partitions) {
    var records = consumer.poll(POLL);
    synchronized (view) {
      records.forEach(this::take);
      partitions.forEach(partition -> positions.put(partition, consumer.position(partition)));
      view.notifyAll();
    }
  }

  private boolean isRead(Map.Entry<TopicPartition, Long> end) {
    synchronized (view) {
      return positions.getOrDefault(end.getKey(), 0L) >= end.getValue();
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
    if (record.value() == null) {
      rules.remove(key);
      return;
    }
    try {
      Rule rule = Serdes.RULE.decode(record.value());
      if (rule.getRuleId().equals(key)) {
        rules.put(key, rule);
        revisions.merge(key, rule.getRevision(), Math::max);
        return;
      }
    } catch (AvroSerde.UnreadableRecordException e) {
      // Counted and dead-lettered below, like one whose key is another rule's.
    }
    metrics.unreadable.labelValues(record.topic()).inc();
    deadLetters.unreadable(record);
  }

  @Override
  public void close() {
    worker.close();
    producer.close(Duration.ofSeconds(5));
  }
}
