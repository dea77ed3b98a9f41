package io.moodline.analyzer;

import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.Worker;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.AnalyzerStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Publishes how this analyzer is doing: at once when something changed, else every few seconds, and
 * a tombstone when it stops. What can not be sent is said again later. Owns the producer. The loop
 * is confined to {@code analyzer-status}; {@link #changed} may be called from any thread.
 */
final class StatusReports implements AutoCloseable {
  private static final long EVERY_SECONDS = 5;

  private final KafkaProducer<byte[], byte[]> producer;
  private final String topic;
  private final String instance;
  private final Semaphore changes = new Semaphore(0);

  StatusReports(KafkaConnection kafka, String clientId, String instance) {
    this.producer = kafka.producer(clientId, Map.of("max.block.ms", 5_000));
    this.topic = kafka.topics().analyzerStatus();
    this.instance = instance;
  }

  /** Reports soon. */
  void changed() {
    changes.release();
  }

  /** Reports what {@code status} says until told to stop. */
  void run(Worker worker, Supplier<AnalyzerStatus> status) throws InterruptedException {
    while (!worker.stopping()) {
      send(Serdes.ANALYZER_STATUS.encode(status.get()));
      changes.tryAcquire(EVERY_SECONDS, TimeUnit.SECONDS);
      changes.drainPermits();
    }
  }

  private void send(byte @Nullable [] value) {
    producer.send(new ProducerRecord<>(topic, instance.getBytes(StandardCharsets.UTF_8), value));
  }

  @Override
  public void close() {
    send(null);
    producer.close(Duration.ofSeconds(5));
  }
}
