package io.moodline.ingest;

import io.moodline.runtime.KafkaConnection;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.StreamStatus;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads how far streams had come when their partition last had an owner. Confined to one thread.
 */
final class StatusLog implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(100);

  private final String topic;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Admin admin;
  private final IngestMetrics metrics;

  StatusLog(KafkaConnection kafka, IngestMetrics metrics) {
    this.topic = kafka.topics().streamStatus();
    this.metrics = metrics;
    this.consumer = kafka.consumer("ingest-status", Map.of());
    this.admin = kafka.admin("ingest-status");
  }

  /**
   * The last committed status of each stream of a partition; empty while a dead owner's transaction
   * is open, since what it holds would otherwise be missed and then published twice. It ends at its
   * timeout.
   */
  Optional<Map<String, StreamStatus>> read(int partition) throws InterruptedException {
    TopicPartition status = new TopicPartition(topic, partition);
    Map<String, StreamStatus> found = new HashMap<>();
    long end = latest(status, IsolationLevel.READ_COMMITTED);
    if (end < latest(status, IsolationLevel.READ_UNCOMMITTED)) {
      return Optional.empty();
    }
    consumer.assign(List.of(status));
    consumer.seekToBeginning(List.of(status));
    while (consumer.position(status) < end) {
      consumer.poll(POLL).forEach(record -> apply(found, record));
    }
    return Optional.of(found);
  }

  private long latest(TopicPartition partition, IsolationLevel isolation)
      throws InterruptedException {
    try {
      return admin
          .listOffsets(Map.of(partition, OffsetSpec.latest()), new ListOffsetsOptions(isolation))
          .partitionResult(partition)
          .get()
          .offset();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e.getCause());
    }
  }

  private void apply(Map<String, StreamStatus> found, ConsumerRecord<byte[], byte[]> record) {
    String stream = new String(record.key(), java.nio.charset.StandardCharsets.UTF_8);
    if (record.value() == null) {
      found.remove(stream);
      return;
    }
    try {
      found.put(stream, Serdes.STREAM_STATUS.decode(record.value()));
    } catch (UnreadableRecordException e) {
      metrics.unreadable();
    }
  }

  @Override
  public void close() {
    consumer.close();
    admin.close(Duration.ofSeconds(5));
  }
}
