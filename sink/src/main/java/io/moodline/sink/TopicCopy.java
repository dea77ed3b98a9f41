package io.moodline.sink;

import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.WholeReads;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.SchemaUnavailableException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps what a registry knows as its compacted topics say: one thread reads every partition from
 * the beginning, as no member of a group, since every instance needs everything. Whoever writes
 * waits until that thread has read the write, so a caller always finds what it put.
 *
 * <p>What the registry keeps is touched by {@link #start its reader}, {@link #ask} and {@link
 * #look} only, one at a time. Owns consumer and producer. Thread-safe.
 */
final class TopicCopy implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Map<String, Object> IMPATIENT =
      Map.of("delivery.timeout.ms", 20_000, "request.timeout.ms", 10_000, "max.block.ms", 10_000);
  private static final Logger log = LoggerFactory.getLogger(TopicCopy.class);

  /**
   * Words for problems and threads.
   *
   * @param thread name of the thread and the clients
   * @param one what is written, such as {@code rule}
   * @param many what is read, such as {@code rules}
   */
  record Names(String thread, String one, String many) {}

  private final StageContext ctx;
  private final ApiMetrics metrics;
  private final Names names;
  private final List<TopicPartition> partitions;
  private final KafkaProducer<byte[], byte[]> producer;
  private final DeadLetters deadLetters;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Object view = new Object(); // guards the positions and all that the registry keeps
  private final Map<TopicPartition, Long> positions = new HashMap<>();
  private volatile boolean caughtUp;
  private @Nullable Worker worker;

  TopicCopy(StageContext ctx, ApiMetrics metrics, Names names, List<String> topics) {
    KafkaConnection kafka = ctx.kafka();
    this.ctx = ctx;
    this.metrics = metrics;
    this.names = names;
    this.partitions = new ArrayList<>();
    for (int i = 0; i < kafka.partitions(); i++) {
      for (String topic : topics) {
        partitions.add(new TopicPartition(topic, i));
      }
    }
    this.producer = kafka.producer(names.thread(), IMPATIENT);
    this.deadLetters = new DeadLetters(kafka, producer, ctx.clock());
    this.consumer = kafka.consumer(names.thread(), Map.of());
  }

  /**
   * Starts to read.
   *
   * @param take takes a record, while nobody asks
   * @param onceRead called by the same thread when all that was there has been read
   */
  void start(Consumer<ConsumerRecord<byte[], byte[]>> take, Runnable onceRead) {
    worker =
        Worker.start(
            names.thread(),
            self -> readAll(self, take, onceRead),
            consumer::wakeup,
            ctx.failures());
  }

  /** Whether all that was there at the start has been read. */
  boolean isRead() {
    return caughtUp;
  }

  /** Looks at what is kept; answers 503 until the topics have been read. */
  <T> T ask(Supplier<T> question) {
    if (!caughtUp) {
      throw Problem.unavailable(
          "the " + names.many() + " are still being read, try again in a moment");
    }
    return look(question);
  }

  /** Looks at what is kept, as far as it has been read. */
  <T> T look(Supplier<T> question) {
    synchronized (view) {
      return question.get();
    }
  }

  /** Writes a record, or removes one, and returns when {@link #ask} shows it. */
  void write(String topic, String id, byte @Nullable [] value) {
    try {
      RecordMetadata written =
          send(topic, id, value).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      awaitRead(new TopicPartition(written.topic(), written.partition()), written.offset());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Problem.unavailable("the server is stopping");
    } catch (ExecutionException | TimeoutException e) {
      log.atWarn()
          .addKeyValue("topic", topic)
          .addKeyValue("id", id)
          .setCause(e)
          .log("record could not be written");
      throw Problem.unavailable(
          "the " + names.one() + " could not be written: Kafka does not answer");
    }
  }

  /** Writes a record, or removes one, without waiting. */
  Future<RecordMetadata> send(String topic, String id, byte @Nullable [] value) {
    return producer.send(new ProducerRecord<>(topic, id.getBytes(StandardCharsets.UTF_8), value));
  }

  private void awaitRead(TopicPartition partition, long offset) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (view) {
      while (positions.getOrDefault(partition, 0L) <= offset) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          throw Problem.unavailable(
              "the " + names.one() + " is written, but can not be seen yet: look again");
        }
        view.wait(left);
      }
    }
  }

  private void readAll(
      Worker self, Consumer<ConsumerRecord<byte[], byte[]>> take, Runnable onceRead) {
    try {
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (!self.stopping()) {
        read(take);
        if (!caughtUp && ends.entrySet().stream().allMatch(this::isRead)) {
          caughtUp = true;
          onceRead.run();
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

  private boolean isRead(Map.Entry<TopicPartition, Long> end) {
    return consumer.position(end.getKey()) >= end.getValue();
  }

  private void read(Consumer<ConsumerRecord<byte[], byte[]>> take) {
    var records = consumer.poll(POLL);
    synchronized (view) {
      try {
        WholeReads.take(consumer, records, take);
      } catch (SchemaUnavailableException e) {
        log.atWarn().addKeyValue("cause", e.getMessage()).log("records can not be read now");
      }
      partitions.forEach(partition -> positions.put(partition, consumer.position(partition)));
      view.notifyAll();
    }
  }

  /**
   * Takes a record into a map, or what it removes out of it. One that can not be read, or whose key
   * is another's, is counted and dead-lettered, and what was known stays.
   *
   * @return what was put; empty where nothing was
   */
  <T extends SpecificRecord> Optional<T> take(
      ConsumerRecord<byte[], byte[]> record,
      AvroSerde<T> serde,
      Function<T, String> id,
      Map<String, T> into) {
    if (record.value() == null) {
      into.remove(key(record));
      return Optional.empty();
    }
    Optional<T> value = decode(record, serde, it -> id.apply(it).equals(key(record)));
    value.ifPresent(it -> into.put(key(record), it));
    return value;
  }

  /** The value of a record; one that can not be read or does not belong there is dead-lettered. */
  <T extends SpecificRecord> Optional<T> decode(
      ConsumerRecord<byte[], byte[]> record, AvroSerde<T> serde, Predicate<T> belongs) {
    try {
      T value = serde.decode(record.value());
      if (belongs.test(value)) {
        return Optional.of(value);
      }
    } catch (AvroSerde.UnreadableRecordException e) {
      log.atDebug().setCause(e).log("record can not be read");
    }
    metrics.unreadable.labelValues(record.topic()).inc();
    deadLetters.unreadable(record);
    return Optional.empty();
  }

  static String key(ConsumerRecord<byte[], byte[]> record) {
    return record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    if (worker != null) {
      worker.close();
    }
    producer.close(Duration.ofSeconds(5));
  }
}
