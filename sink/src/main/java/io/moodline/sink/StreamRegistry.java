package io.moodline.sink;

import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
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
 * All registered streams with their status, kept in memory from {@code streams.v1} and {@code
 * stream-status.v1}, and the one place where the API writes streams.
 *
 * <p>The thread {@code sink-registry} reads every partition of both topics from the beginning; it
 * is no member of a group, since every instance needs every stream. Whoever writes waits until that
 * thread has read the write, so a caller always finds what it put. Writes go one at a time. An
 * unreadable record is counted and dead-lettered, and what was known of its stream stays.
 * Thread-safe.
 */
final class StreamRegistry implements AutoCloseable {
  static final String HEALTH_PART = "stream registry";

  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Logger log = LoggerFactory.getLogger(StreamRegistry.class);

  private final KafkaConnection kafka;
  private final Health health;
  private final ApiMetrics metrics;
  private final DeadLetters deadLetters;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Worker worker;
  private final ReentrantLock writing = new ReentrantLock();

  private final StreamHistory history = new StreamHistory();
  private volatile boolean caughtUp;
  private final Object view = new Object(); // guards the four maps below
  private final Map<String, StreamSpec> specs = new TreeMap<>();
  private final Map<String, StreamStatus> statuses = new HashMap<>();
  private final Map<String, Long> revisions = new HashMap<>();
  private final Map<TopicPartition, Long> positions = new HashMap<>();

  private StreamRegistry(StageContext ctx, ApiMetrics metrics) {
    this.kafka = ctx.kafka();
    this.health = ctx.health();
    this.metrics = metrics;
    health.report(HEALTH_PART, Health.State.STARTING, "reading the streams");
    this.producer =
        kafka.producer(
            "sink-registry",
            Map.of(
                "delivery.timeout.ms",
                20_000,
                "request.timeout.ms",
                10_000,
                "max.block.ms",
                10_000));
    this.deadLetters = new DeadLetters(kafka, producer, ctx.clock());
    this.consumer = kafka.consumer("sink-registry", Map.of());
    this.worker = Worker.start("sink-registry", this::readAll, consumer::wakeup, ctx.failures());
  }

  static StreamRegistry start(StageContext ctx, ApiMetrics metrics) {
    return new StreamRegistry(ctx, metrics);
  }

  /** All streams by id. Like {@link #find} it answers 503 until the topics have been read. */
  List<StreamView> all() {
    checkRead();
    synchronized (view) {
      List<StreamView> all = new ArrayList<>();
      specs.values().forEach(spec -> all.add(view(spec)));
      return all;
    }
  }

  Optional<StreamView> find(String id) {
    checkRead();
    synchronized (view) {
      return Optional.ofNullable(specs.get(id)).map(this::view);
    }
  }

  /** The last changes of the streams' states. */
  StreamHistory history() {
    return history;
  }

  /** What a writer makes of a stream. */
  @FunctionalInterface
  interface Edit {
    /**
     * Returns the spec to write, or the one it was given when nothing changes.
     *
     * @param before empty when the stream does not exist
     * @param revision the revision of what is written
     */
    StreamSpec apply(Optional<StreamSpec> before, long revision);
  }

  /** What became of an edit. */
  record Edited(StreamView stream, boolean created) {}

  /** Registers or changes a stream, and returns when {@link #find} shows it. */
  Edited edit(String id, Edit edit) {
    writing.lock();
    try {
      Optional<StreamSpec> before = find(id).map(StreamView::spec);
      StreamSpec after = edit.apply(before, nextRevision(id));
      if (before.isEmpty() || before.get() != after) {
        write(id, Serdes.STREAM_SPEC.encode(after));
        log.atInfo()
            .addKeyValue("stream", id)
            .addKeyValue("revision", after.getRevision())
            .log("stream registered");
      }
      StreamView written =
          find(id).orElseThrow(() -> Problem.of(409, "stream '" + id + "' was removed meanwhile"));
      return new Edited(written, before.isEmpty());
    } finally {
      writing.unlock();
    }
  }

  /** Removes a stream; false when there is none. */
  boolean remove(String id) {
    return remove(id, revision -> {});
  }

  /**
   * As {@link #remove(String)}.
   *
   * @param demand looks at the revision before it is removed, and may throw
   */
  boolean remove(String id, Consumer<Optional<Long>> demand) {
    writing.lock();
    try {
      Optional<StreamView> before = find(id);
      demand.accept(before.map(stream -> stream.spec().getRevision()));
      if (before.isEmpty()) {
        return false;
      }
      write(id, null);
      log.atInfo().addKeyValue("stream", id).log("stream removed");
      return true;
    } finally {
      writing.unlock();
    }
  }

  private void checkRead() {
    if (!caughtUp) {
      throw Problem.unavailable("the streams are still being read, try again in a moment");
    }
  }

  private StreamView view(StreamSpec spec) {
    return new StreamView(spec, Optional.ofNullable(statuses.get(spec.getStreamId())));
  }

  /** Grows over removals too, so that ingest never takes a new stream for one it has finished. */
  private long nextRevision(String id) {
    synchronized (view) {
      StreamStatus status = statuses.get(id);
      return 1
          + Math.max(revisions.getOrDefault(id, 0L), status == null ? 0 : status.getRevision());
    }
  }

  private void write(String id, byte @Nullable [] value) {
    byte[] key = id.getBytes(StandardCharsets.UTF_8);
    try {
      RecordMetadata written =
          producer
              .send(new ProducerRecord<>(kafka.topics().streams(), key, value))
              .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      awaitRead(new TopicPartition(written.topic(), written.partition()), written.offset());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Problem.unavailable("the server is stopping");
    } catch (ExecutionException | TimeoutException e) {
      log.atWarn().addKeyValue("stream", id).setCause(e).log("stream could not be written");
      throw Problem.unavailable("the stream could not be written: Kafka does not answer");
    }
  }

  private void awaitRead(TopicPartition partition, long offset) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (view) {
      while (positions.getOrDefault(partition, 0L) <= offset) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          throw Problem.unavailable("the stream is written, but can not be seen yet: look again");
        }
        view.wait(left);
      }
    }
  }

  private void readAll(Worker self) {
    try {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 0; i < kafka.partitions(); i++) {
        partitions.add(new TopicPartition(kafka.topics().streams(), i));
        partitions.add(new TopicPartition(kafka.topics().streamStatus(), i));
      }
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
      metrics.streams.set(specs.size());
      view.notifyAll();
    }
  }

  private boolean isRead(Map.Entry<TopicPartition, Long> end) {
    synchronized (view) {
      return positions.getOrDefault(end.getKey(), 0L) >= end.getValue();
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.topic().equals(kafka.topics().streams())) {
      take(record, Serdes.STREAM_SPEC, StreamSpec::getStreamId, specs);
      StreamSpec spec = specs.get(key(record));
      if (spec != null) {
        revisions.merge(spec.getStreamId(), spec.getRevision(), Math::max);
      }
    } else {
      take(record, Serdes.STREAM_STATUS, StreamStatus::getStreamId, statuses);
      history.take(key(record), statuses.get(key(record)));
    }
  }

  private <T extends SpecificRecord> void take(
      ConsumerRecord<byte[], byte[]> record,
      AvroSerde<T> serde,
      Function<T, String> id,
      Map<String, T> into) {
    if (record.value() == null) {
      into.remove(key(record));
      return;
    }
    try {
      T value = serde.decode(record.value());
      if (id.apply(value).equals(key(record))) {
        into.put(key(record), value);
        return;
      }
    } catch (AvroSerde.UnreadableRecordException e) {
      log.atDebug().setCause(e).log("record can not be read");
    }
    metrics.unreadable.labelValues(record.topic()).inc();
    deadLetters.unreadable(record);
  }

  private static String key(ConsumerRecord<byte[], byte[]> record) {
    return record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    worker.close();
    producer.close(Duration.ofSeconds(5));
  }
}
