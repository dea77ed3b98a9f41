package io.moodline.runtime;

import io.moodline.schemas.SchemaUnavailableException;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Reads topics that are kept as a whole, of which no record may be missed. Thread-safe. */
public final class WholeReads {
  private WholeReads() {}

  /**
   * Takes what was polled. Where the schema of a record can not be had the consumer goes back to
   * it, so that it and what follows come again with the next poll.
   *
   * @throws SchemaUnavailableException when that was so
   */
  public static void take(
      KafkaConsumer<byte[], byte[]> consumer,
      ConsumerRecords<byte[], byte[]> polled,
      Consumer<ConsumerRecord<byte[], byte[]>> take) {
    SchemaUnavailableException trouble = null;
    for (TopicPartition partition : polled.partitions()) {
      for (ConsumerRecord<byte[], byte[]> record : polled.records(partition)) {
        trouble = trouble == null ? tryTake(record, take) : trouble;
        if (trouble != null) {
          consumer.seek(partition, record.offset());
          break;
        }
      }
    }
    if (trouble != null) {
      throw trouble;
    }
  }

  private static @Nullable SchemaUnavailableException tryTake(
      ConsumerRecord<byte[], byte[]> record, Consumer<ConsumerRecord<byte[], byte[]>> take) {
    try {
      take.accept(record);
      return null;
    } catch (SchemaUnavailableException e) {
      return e;
    }
  }
}
