package io.moodline.sink;

import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.AnalyzerStatus;
import io.moodline.schemas.v1.ModelChoice;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the analyzers say of themselves, and the one place where the API chooses models for them.
 * The thread {@code sink-analyzers} reads {@code analyzer-status.v1} and {@code model-choices.v1}
 * from the beginning, as every instance does. Owns consumer and producer. Thread-safe.
 */
final class AnalyzerRegistry implements AutoCloseable {
  private static final String KEY = "default";
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** An analyzer reports every few seconds; one that was killed can not say that it is gone. */
  private static final Duration SILENT_AFTER = Duration.ofSeconds(30);

  private static final Logger log = LoggerFactory.getLogger(AnalyzerRegistry.class);

  private final KafkaConnection kafka;
  private final Clock clock;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Worker worker;
  private final Object view = new Object(); // guards the fields below
  private final Map<String, AnalyzerStatus> analyzers = new TreeMap<>();
  private @Nullable ModelChoice choice;
  private boolean caughtUp;

  private AnalyzerRegistry(StageContext ctx) {
    this.kafka = ctx.kafka();
    this.clock = ctx.clock();
    this.producer = kafka.producer("sink-analyzers", Map.of("max.block.ms", 10_000));
    this.consumer = kafka.consumer("sink-analyzers", Map.of());
    this.worker = Worker.start("sink-analyzers", this::read, consumer::wakeup, ctx.failures());
  }

  static AnalyzerRegistry start(StageContext ctx) {
    return new AnalyzerRegistry(ctx);
  }

  /** The analyzers that were heard of lately, by instance. */
  List<AnalyzerStatus> analyzers() {
    Instant silent = clock.instant().minus(SILENT_AFTER);
    synchronized (view) {
      return analyzers.values().stream().filter(it -> it.getUpdatedAt().isAfter(silent)).toList();
    }
  }

  /** What was chosen last; revision 0 where nothing was. */
  ModelChoice choice() {
    synchronized (view) {
      if (!caughtUp) {
        throw Problem.unavailable("the model choices are still being read, try again in a moment");
      }
      return choice == null ? new ModelChoice(null, null, 0.0, 0L, Instant.EPOCH) : choice;
    }
  }

  /** Chooses, and returns when {@link #choice} shows it. One edit at a time. */
  synchronized ModelChoice choose(UnaryOperator<ModelChoice> edit) {
    ModelChoice before = choice();
    ModelChoice after =
        ModelChoice.newBuilder(edit.apply(before))
            .setRevision(before.getRevision() + 1)
            .setUpdatedAt(clock.instant().truncatedTo(ChronoUnit.MICROS))
            .build();
    try {
      producer
          .send(
              new ProducerRecord<>(
                  kafka.topics().modelChoices(),
                  KEY.getBytes(StandardCharsets.UTF_8),
                  Serdes.MODEL_CHOICE.encode(after)))
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      awaitRead(after.getRevision());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Problem.unavailable("the server is stopping");
    } catch (ExecutionException | TimeoutException e) {
      log.atWarn().setCause(e).log("model choice could not be written");
      throw Problem.unavailable("the choice could not be written: Kafka does not answer");
    }
    return choice();
  }

  private void awaitRead(long revision) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (view) {
      while (choice == null || choice.getRevision() < revision) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          throw Problem.unavailable("the choice is written, but can not be seen yet: look again");
        }
        view.wait(left);
      }
    }
  }

  private void read(Worker self) {
    try {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int i = 0; i < kafka.partitions(); i++) {
        partitions.add(new TopicPartition(kafka.topics().analyzerStatus(), i));
        partitions.add(new TopicPartition(kafka.topics().modelChoices(), i));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (!self.stopping()) {
        take(consumer.poll(POLL));
        boolean all =
            ends.entrySet().stream()
                .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
        synchronized (view) {
          caughtUp |= all;
          view.notifyAll();
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

  private void take(Iterable<ConsumerRecord<byte[], byte[]>> records) {
    synchronized (view) {
      for (ConsumerRecord<byte[], byte[]> record : records) {
        try {
          take(record);
        } catch (UnreadableRecordException e) {
          log.atWarn().addKeyValue("topic", record.topic()).log("record can not be read");
        }
      }
    }
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
    if (record.topic().equals(kafka.topics().modelChoices())) {
      ModelChoice read = record.value() == null ? null : Serdes.MODEL_CHOICE.decode(record.value());
      if (read != null && (choice == null || read.getRevision() > choice.getRevision())) {
        choice = read;
      }
    } else if (record.value() == null) {
      analyzers.remove(key);
    } else {
      analyzers.put(key, Serdes.ANALYZER_STATUS.decode(record.value()));
    }
  }

  @Override
  public void close() {
    worker.close();
    producer.close(Duration.ofSeconds(5));
  }
}
