package io.moodline.sink;

import io.moodline.runtime.KafkaConnection;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.DeadLetter;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.util.HexFormat;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notes records that the sink's API could not read: where they are, their size and digest, never
 * what they hold. Thread-safe; the producer belongs to the caller.
 */
final class DeadLetters {
  private static final Logger log = LoggerFactory.getLogger(DeadLetters.class);

  private final KafkaConnection kafka;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Clock clock;

  DeadLetters(KafkaConnection kafka, KafkaProducer<byte[], byte[]> producer, Clock clock) {
    this.kafka = kafka;
    this.producer = producer;
    this.clock = clock;
  }

  void unreadable(ConsumerRecord<byte[], byte[]> record) {
    byte[] value = record.value() == null ? new byte[0] : record.value();
    DeadLetter letter =
        DeadLetter.newBuilder()
            .setTopic(record.topic())
            .setPartition(record.partition())
            .setOffset(record.offset())
            .setStage("sink")
            .setReason("UNREADABLE")
            .setSizeBytes(value.length)
            .setSha256(sha256(value))
            .setSeenAt(clock.instant())
            .build();
    producer.send(
        new ProducerRecord<>(
            kafka.topics().deadLetters(), record.key(), Serdes.DEAD_LETTER.encode(letter)));
    log.atWarn()
        .addKeyValue("topic", record.topic())
        .addKeyValue("partition", record.partition())
        .addKeyValue("offset", record.offset())
        .log("record can not be read");
  }

  private static String sha256(byte[] value) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(value));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
