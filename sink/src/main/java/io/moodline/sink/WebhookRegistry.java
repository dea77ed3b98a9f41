package io.moodline.sink;

import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Webhook;
import io.moodline.schemas.v1.WebhookStatus;
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
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * All webhooks with how far they have come, kept in memory from {@code webhooks.v1} and {@code
 * webhook-status.v1}. Whoever writes waits until the write was read, so it is seen by every
 * question that follows.
 *
 * <p>Threads: {@code sink-webhooks-read}. Thread-safe.
 */
final class WebhookRegistry implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final KafkaConnection kafka;
  private final ApiMetrics metrics;
  private final Runnable changed;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Worker worker;
  private final Object view = new Object(); // guards the maps below
  private final Map<String, Webhook> webhooks = new TreeMap<>();
  private final Map<String, WebhookStatus> statuses = new HashMap<>();
  private final Map<String, Long> revisions = new HashMap<>();
  private final Map<TopicPartition, Long> positions = new HashMap<>();
  private volatile boolean caughtUp;

  /**
   * Starts to read.
   *
   * @param changed called after something was read, by the thread that reads
   */
  WebhookRegistry(StageContext stage, ApiMetrics metrics, Runnable changed) {
    this.kafka = stage.kafka();
    this.metrics = metrics;
    this.changed = changed;
    this.producer =
        kafka.producer(
            "sink-webhooks",
            Map.of(
                "delivery.timeout.ms", 20_000,
                "request.timeout.ms", 10_000,
                "max.block.ms", 10_000));
    this.consumer = kafka.consumer("sink-webhooks-read", Map.of());
    this.worker =
        Worker.start("sink-webhooks-read", this::readAll, consumer::wakeup, stage.failures());
  }

  boolean isRead() {
    return caughtUp;
  }

  List<Webhook> all() {
    checkRead();
    synchronized (view) {
      return List.copyOf(webhooks.values());
    }
  }

  Optional<Webhook> find(String id) {
    checkRead();
    synchronized (view) {
      return Optional.ofNullable(webhooks.get(id));
    }
  }

  Optional<WebhookStatus> status(String id) {
    synchronized (view) {
      return Optional.ofNullable(statuses.get(id));
    }
  }

  /** Grows over removals too. */
  long nextRevision(String id) {
    synchronized (view) {
      return 1 + revisions.getOrDefault(id, 0L);
    }
  }

  private void checkRead() {
    if (!caughtUp) {
      throw Problem.unavailable("the webhooks are still being read, try again in a moment");
    }
  }

  /** Writes a webhook, or removes it, and returns when {@link #find} shows it. */
  void write(String id, @Nullable Webhook webhook) {
    byte[] value = webhook == null ? null : Serdes.WEBHOOK.encode(webhook);
    try {
      RecordMetadata written =
          producer
              .send(new ProducerRecord<>(kafka.topics().webhooks(), bytes(id), value))
              .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      if (value == null) {
        producer.send(new ProducerRecord<>(kafka.topics().webhookStatus(), bytes(id), null));
      }
      awaitRead(new TopicPartition(written.topic(), written.partition()), written.offset());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Problem.unavailable("the server is stopping");
    } catch (ExecutionException | TimeoutException e) {
      throw Problem.unavailable("the webhook could not be written: Kafka does not answer");
    }
  }

  /** Writes how far a webhook has come; a write that is lost costs deliveries that come twice. */
  void write(WebhookStatus status) {
    producer.send(
        new ProducerRecord<>(
            kafka.topics().webhookStatus(),
            bytes(status.getWebhookId()),
            Serdes.WEBHOOK_STATUS.encode(status)));
  }

  private void awaitRead(TopicPartition partition, long offset) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (view) {
      while (positions.getOrDefault(partition, 0L) <= offset) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          throw Problem.unavailable("the webhook is written, but can not be seen yet: look again");
        }
        view.wait(left);
      }
    }
  }

  private void readAll(Worker self) {
    try {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 0; i < kafka.partitions(); i++) {
        partitions.add(new TopicPartition(kafka.topics().webhooks(), i));
        partitions.add(new TopicPartition(kafka.topics().webhookStatus(), i));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (!self.stopping()) {
        read(partitions);
        caughtUp =
            caughtUp
                || ends.entrySet().stream()
                    .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
        changed.run();
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
      for (ConsumerRecord<byte[], byte[]> record : records) {
        if (record.topic().equals(kafka.topics().webhooks())) {
          take(record, Serdes.WEBHOOK, webhooks);
          Optional.ofNullable(webhooks.get(key(record)))
              .ifPresent(it -> revisions.merge(it.getWebhookId(), it.getRevision(), Math::max));
        } else {
          take(record, Serdes.WEBHOOK_STATUS, statuses);
        }
      }
      partitions.forEach(partition -> positions.put(partition, consumer.position(partition)));
      view.notifyAll();
    }
  }

  private <T extends SpecificRecord> void take(
      ConsumerRecord<byte[], byte[]> record, AvroSerde<T> serde, Map<String, T> into) {
    if (record.value() == null) {
      into.remove(key(record));
      return;
    }
    try {
      into.put(key(record), serde.decode(record.value()));
    } catch (AvroSerde.UnreadableRecordException e) {
      metrics.unreadable.labelValues(record.topic()).inc();
    }
  }

  private static String key(ConsumerRecord<byte[], byte[]> record) {
    return record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    worker.close();
    producer.close(Duration.ofSeconds(5));
  }
}
