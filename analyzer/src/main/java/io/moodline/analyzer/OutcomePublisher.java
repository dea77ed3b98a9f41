package io.moodline.analyzer;

import static io.moodline.runtime.SealedRecords.Faces.IN_USE;
import static io.moodline.runtime.SealedRecords.Faces.TRIAL;

import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.SealedRecords;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.FrameFaces;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Publishes the outcomes of a micro-batch, its dead letters and the offsets of what it read in one
 * transaction: either all of it is seen or none.
 *
 * <p>A producer is used until the first doubt. After an error nobody can tell whether a transaction
 * was committed; the next producer with the same id makes the broker decide before anything is read
 * again.
 *
 * <p>Owns the producer. Confined to one thread.
 */
final class OutcomePublisher implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(OutcomePublisher.class);

  private final SeldomLog seldom = new SeldomLog();
  private final KafkaConnection kafka;
  private final String clientId;
  private final String transactionalId;
  private @Nullable KafkaProducer<byte[], byte[]> producer;

  OutcomePublisher(KafkaConnection kafka, String clientId, String transactionalId) {
    this.kafka = kafka;
    this.clientId = clientId;
    this.transactionalId = transactionalId;
  }

  /**
   * Publishes and commits.
   *
   * @throws org.apache.kafka.common.KafkaException when that failed or is in doubt: call {@link
   *     #renew} and read again from what is committed
   */
  void publish(
      List<Outcome> outcomes,
      Map<TopicPartition, OffsetAndMetadata> next,
      ConsumerGroupMetadata member) {
    KafkaProducer<byte[], byte[]> current = producer();
    current.beginTransaction();
    for (Outcome outcome : outcomes) {
      if (outcome.result() != null) {
        current.send(result(kafka.topics().faces(), sealed(outcome, outcome.result(), IN_USE)));
      }
      if (outcome.trial() != null) {
        current.send(result(kafka.topics().shadowFaces(), sealed(outcome, outcome.trial(), TRIAL)));
      }
      if (outcome.deadLetter() != null) {
        current.send(
            new ProducerRecord<>(
                kafka.topics().deadLetters(),
                outcome.source().partition(),
                outcome.source().key(),
                Serdes.DEAD_LETTER.encode(outcome.deadLetter())));
      }
    }
    current.sendOffsetsToTransaction(next, member);
    current.commitTransaction(); // fails if any of the sends did
    outcomes.forEach(this::logDeadLetter);
  }

  private void logDeadLetter(Outcome outcome) {
    DeadLetter letter = outcome.deadLetter();
    long letters = letter == null ? 0 : seldom.count(letter.getReason());
    if (letter != null && letters > 0) {
      log.atWarn()
          .addKeyValue("reason", letter.getReason())
          .addKeyValue("stream", letter.getStreamId())
          .addKeyValue("records", letters)
          .log("records could not be used and are dead-lettered");
    }
  }

  /** What leaves of faces is sealed like the frame that they were found in. */
  private static FrameFaces sealed(Outcome outcome, FrameFaces faces, SealedRecords.Faces found) {
    return outcome.key() == null ? faces : SealedRecords.seal(faces, outcome.key(), found);
  }

  private ProducerRecord<byte[], byte[]> result(String topic, FrameFaces faces) {
    String stream = faces.getStreamId();
    return new ProducerRecord<>(
        topic,
        StreamPartition.of(stream, kafka.partitions()),
        stream.getBytes(StandardCharsets.UTF_8),
        Serdes.FRAME_FACES.encode(faces));
  }

  private KafkaProducer<byte[], byte[]> producer() {
    KafkaProducer<byte[], byte[]> current = producer;
    if (current == null) {
      current = kafka.transactionalProducer(clientId, transactionalId);
      producer = current;
      current.initTransactions();
    }
    return current;
  }

  /** Gives the producer up and takes a new one, which ends what the old one left open. */
  void renew() {
    close();
    producer();
  }

  @Override
  public void close() {
    KafkaProducer<byte[], byte[]> current = producer;
    producer = null;
    if (current != null) {
      current.close(Duration.ZERO);
    }
  }
}
