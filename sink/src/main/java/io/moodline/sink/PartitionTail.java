package io.moodline.sink;

import io.moodline.runtime.Failures;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.WholeReads;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.SchemaUnavailableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the end of one partition of every topic that is subscribed to, once for all readers: each
 * record goes into its topic's {@link EventRing}, then the readers are woken. It also reads which
 * data was erased, from the first such record on, and takes it out of the rings.
 *
 * <p>Threads: {@code sink-events-<partition>} reads. Thread-safe.
 */
final class PartitionTail implements AutoCloseable {
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Logger log = LoggerFactory.getLogger(PartitionTail.class);

  private final Map<EventKind, TopicPartition> sources = new EnumMap<>(EventKind.class);
  private final Map<TopicPartition, EventKind> kinds = new java.util.HashMap<>();
  private final Map<EventKind, EventRing> rings = new EnumMap<>(EventKind.class);
  private final ErasedData erased = new ErasedData();
  private final TopicPartition erasures;
  private final Set<EventReader> readers = ConcurrentHashMap.newKeySet();
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  private final ApiMetrics metrics;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Worker worker;

  PartitionTail(
      KafkaConnection kafka,
      int partition,
      int ringRecords,
      ApiMetrics metrics,
      Failures failures) {
    this.metrics = metrics;
    for (EventKind kind : EventKind.values()) {
      TopicPartition source = new TopicPartition(kind.topic(kafka.topics()), partition);
      sources.put(kind, source);
      kinds.put(source, kind);
      rings.put(kind, new EventRing(ringRecords, erased));
    }
    this.erasures = new TopicPartition(kafka.topics().erasures(), partition);
    this.consumer =
        kafka.consumer(
            "sink-events-" + partition,
            Map.of("auto.offset.reset", "none", "default.api.timeout.ms", 10_000));
    this.worker =
        Worker.start("sink-events-" + partition, this::readAll, consumer::wakeup, failures);
  }

  /**
   * Waits until the end of the log is known, and from then on held.
   *
   * @throws Problem when Kafka does not answer
   */
  void awaitReady() {
    try {
      ready.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Problem.unavailable("the server is stopping");
    } catch (ExecutionException | TimeoutException e) {
      throw Problem.unavailable("Kafka does not answer");
    }
  }

  EventRing ring(EventKind kind) {
    EventRing ring = rings.get(kind);
    if (ring == null) {
      throw new IllegalStateException("every kind has a ring: " + kind);
    }
    return ring;
  }

  void add(EventReader reader) {
    readers.add(reader);
  }

  void remove(EventReader reader) {
    readers.remove(reader);
  }

  private void readAll(Worker self) {
    try {
      List<TopicPartition> all = new ArrayList<>(sources.values());
      List<TopicPartition> assigned = new ArrayList<>(all);
      assigned.add(erasures);
      consumer.assign(assigned);
      findEnds(self, all);
      readErasures(self);
      while (!self.stopping()) {
        read();
      }
    } catch (WakeupException e) {
      log.atTrace().log("the tail is closing");
    } finally {
      consumer.close();
    }
  }

  /** Kafka may be away: it is asked until it answers, and new readers are told meanwhile. */
  private void findEnds(Worker self, List<TopicPartition> all) {
    while (!self.stopping()) {
      try {
        consumer.seekToBeginning(List.of(erasures));
        consumer
            .endOffsets(all)
            .forEach(
                (source, end) -> {
                  consumer.seek(source, end);
                  ring(kind(source)).startAt(end);
                });
        return;
      } catch (org.apache.kafka.common.errors.TimeoutException e) {
        log.atWarn().setCause(e).log("the end of the log can not be found");
      }
    }
  }

  /** Nothing is shown before it is known what was erased. */
  private void readErasures(Worker self) {
    boolean known = false;
    while (!self.stopping() && !known) {
      try {
        long end = consumer.endOffsets(List.of(erasures)).getOrDefault(erasures, 0L);
        read();
        known = consumer.position(erasures) >= end;
      } catch (org.apache.kafka.common.errors.TimeoutException e) {
        log.atWarn().setCause(e).log("what was erased can not be found");
      }
    }
    ready.complete(null);
  }

  private void read() {
    boolean news = false;
    try {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
      WholeReads.take(consumer, records, this::take);
      news = !records.isEmpty();
    } catch (SchemaUnavailableException e) {
      log.atWarn().addKeyValue("cause", e.getMessage()).log("events can not be read now");
      news = true; // some of them may have been taken
    } catch (OffsetOutOfRangeException e) {
      // So far behind that the log moved on: readers find what is left, or a gap, in the log.
      consumer.seekToBeginning(e.offsetOutOfRangePartitions().keySet());
      e.offsetOutOfRangePartitions().keySet().stream()
          .filter(source -> !source.equals(erasures))
          .forEach(source -> ring(kind(source)).startAt(consumer.position(source)));
    }
    for (Map.Entry<EventKind, TopicPartition> source : sources.entrySet()) {
      news |= ring(source.getKey()).readTo(consumer.position(source.getValue()));
    }
    if (news) {
      readers.forEach(EventReader::wake);
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.topic().equals(erasures.topic())) {
      erased.note(record);
      rings.values().forEach(EventRing::dropErased);
      return;
    }
    EventKind kind = kind(new TopicPartition(record.topic(), record.partition()));
    try {
      kind.read(record).ifPresent(ring(kind)::add);
    } catch (AvroSerde.UnreadableRecordException e) {
      metrics.unreadable.labelValues(record.topic()).inc();
    }
  }

  private EventKind kind(TopicPartition source) {
    EventKind kind = kinds.get(source);
    if (kind == null) {
      throw new IllegalStateException("not asked for: " + source);
    }
    return kind;
  }

  @Override
  public void close() {
    worker.close();
  }
}
