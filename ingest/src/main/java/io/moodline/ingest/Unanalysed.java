package io.moodline.ingest;

import io.moodline.runtime.KafkaConnection;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far the analyzer has committed the frames of recordings. Kafka never slows a producer down
 * because readers are slow, so ingest looks itself and reads no further than the analyzer can
 * follow. Asks in the background and never blocks. Confined to one thread.
 */
final class Unanalysed implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofMillis(200);
  private static final Logger log = LoggerFactory.getLogger(Unanalysed.class);

  private final Admin admin;
  private final String group;
  private final String topic;
  private final Map<Integer, Long> committed = new HashMap<>();
  private @Nullable KafkaFuture<Map<TopicPartition, OffsetAndMetadata>> question;
  private long nextNanos = System.nanoTime();

  Unanalysed(KafkaConnection kafka) {
    this.admin = kafka.admin("ingest-flow-control");
    this.group = kafka.group("analyzer");
    this.topic = kafka.topics().recordingFrames();
  }

  /**
   * The first offset of a partition that the analyzer has not committed, as far as is known; 0 at
   * first.
   */
  long committed(int partition) {
    return committed.getOrDefault(partition, 0L);
  }

  /** Takes an answer that has come, and asks again when it is time. */
  void refresh() throws InterruptedException {
    if (question != null && question.isDone()) {
      take(question);
      question = null;
    }
    if (question == null && System.nanoTime() - nextNanos >= 0) {
      question = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata();
      nextNanos = System.nanoTime() + INTERVAL.toNanos();
    }
  }

  private void take(KafkaFuture<Map<TopicPartition, OffsetAndMetadata>> answer)
      throws InterruptedException {
    try {
      answer
          .get()
          .forEach(
              (partition, offset) -> {
                if (offset != null && partition.topic().equals(topic)) {
                  committed.put(partition.partition(), offset.offset());
                }
              });
    } catch (ExecutionException e) {
      // No analyzer has ever joined, or the broker is away: the old answer stays, reading waits.
      log.atDebug().addKeyValue("cause", String.valueOf(e.getCause())).log("no committed offsets");
    }
  }

  @Override
  public void close() {
    admin.close(Duration.ofSeconds(5));
  }
}
