package io.moodline.ingest;

import io.moodline.runtime.KafkaConnection;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKey;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The one transactional producer of an instance. What was added since the last commit goes out in
 * one transaction: frames, end marks, the streams' positions, and the group's offsets, so that a
 * member that lost its partitions is refused as a whole. New keys go out before, in a transaction
 * of their own with the same offsets. Confined to one thread.
 */
final class FramePublisher implements AutoCloseable {
  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

  /**
   * A transaction is begun, filled and committed at once. What an instance that died leaves open
   * keeps its successor waiting for so long.
   */
  private static final Duration TRANSACTION_TIMEOUT = Duration.ofSeconds(10);

  private final KafkaConnection kafka;
  private final String transactionalId;
  private final List<Waiting> waiting = new ArrayList<>();
  private final List<ProducerRecord<byte[], byte[]>> keys = new ArrayList<>();
  private final Map<String, ProducerRecord<byte[], byte[]>> statuses = new LinkedHashMap<>();
  private @Nullable KafkaProducer<byte[], byte[]> producer;

  /** A record that waits for the next commit. */
  private record Waiting(ProducerRecord<byte[], byte[]> record, LongConsumer committedAt) {}

  FramePublisher(KafkaConnection kafka, String instance) {
    this.kafka = kafka;
    this.transactionalId = kafka.group("ingest-" + instance);
  }

  /** The partition of all records of a stream, in every topic. */
  int partition(String streamId) {
    return StreamPartition.of(streamId, kafka.partitions());
  }

  /**
   * Adds a frame or an end mark.
   *
   * @param committedAt told the record's offset once it is committed
   */
  void add(Frame frame, LongConsumer committedAt) {
    String topic =
        frame.getKind() == StreamKind.LIVE
            ? kafka.topics().frames()
            : kafka.topics().recordingFrames();
    waiting.add(
        new Waiting(record(topic, frame.getStreamId(), Serdes.FRAME.encode(frame)), committedAt));
  }

  /**
   * Adds a stream's new key. It is committed before anything else that waits, so that whoever sees
   * a frame finds its key.
   */
  void add(StreamKey key) {
    keys.add(record(kafka.topics().streamKeys(), key.getStreamId(), Serdes.STREAM_KEY.encode(key)));
  }

  /** Sets a stream's status; an earlier one of the same transaction is replaced. */
  void status(StreamStatus status) {
    statuses.put(
        status.getStreamId(),
        record(
            kafka.topics().streamStatus(),
            status.getStreamId(),
            Serdes.STREAM_STATUS.encode(status)));
  }

  /** Removes a stream's status. */
  void removeStatus(String streamId) {
    statuses.put(streamId, record(kafka.topics().streamStatus(), streamId, null));
  }

  /** Adds a dead letter under the key of the record that it is about. */
  void add(DeadLetter letter, byte @Nullable [] key) {
    waiting.add(
        new Waiting(
            new ProducerRecord<>(
                kafka.topics().deadLetters(),
                letter.getPartition(),
                key,
                Serdes.DEAD_LETTER.encode(letter)),
            offset -> {}));
  }

  /**
   * Commits what was added; does nothing when that is nothing.
   *
   * @throws KafkaException when it is not known to be committed: then the producer is in doubt, and
   *     so is everything that was added; see {@link #renew}
   */
  void commit(Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata member) {
    if (waiting.isEmpty() && statuses.isEmpty()) {
      return;
    }
    KafkaProducer<byte[], byte[]> open = open();
    if (!keys.isEmpty()) {
      open.beginTransaction();
      keys.forEach(open::send);
      open.sendOffsetsToTransaction(offsets, member);
      open.commitTransaction();
    }
    open.beginTransaction();
    List<Future<RecordMetadata>> sent = new ArrayList<>(waiting.size());
    waiting.forEach(record -> sent.add(open.send(record.record())));
    statuses.values().forEach(open::send);
    open.sendOffsetsToTransaction(offsets, member);
    open.commitTransaction();
    for (int i = 0; i < sent.size(); i++) {
      waiting.get(i).committedAt().accept(offset(sent.get(i)));
    }
    clear();
  }

  /**
   * Makes the producer ready, which ends a transaction that this instance left open when it died.
   * Does nothing when it is.
   *
   * @throws KafkaException when it is in doubt, see {@link #renew}
   */
  void begin() {
    open();
  }

  /** Forgets what was not committed, and takes a fresh producer; an open transaction is aborted. */
  void renew() {
    clear();
    closeProducer();
    open();
  }

  private void clear() {
    keys.clear();
    waiting.clear();
    statuses.clear();
  }

  private KafkaProducer<byte[], byte[]> open() {
    KafkaProducer<byte[], byte[]> open = producer;
    if (open == null) {
      open = kafka.transactionalProducer("ingest", transactionalId, TRANSACTION_TIMEOUT);
      producer = open;
      open.initTransactions();
    }
    return open;
  }

  private ProducerRecord<byte[], byte[]> record(
      String topic, String streamId, byte @Nullable [] value) {
    return new ProducerRecord<>(
        topic, partition(streamId), streamId.getBytes(StandardCharsets.UTF_8), value);
  }

  /** The transaction is committed, so every send has succeeded and nothing is waited for. */
  private static long offset(Future<RecordMetadata> sent) {
    try {
      return sent.get().offset();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a committed record was not sent", e);
    }
  }

  private void closeProducer() {
    if (producer != null) {
      producer.close(CLOSE_PATIENCE);
      producer = null;
    }
  }

  @Override
  public void close() {
    closeProducer();
  }
}
