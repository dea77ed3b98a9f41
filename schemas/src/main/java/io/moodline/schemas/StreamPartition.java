package io.moodline.schemas;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Utils;

/**
 * The one rule that maps a stream to a partition, shared by producers, Kafka Streams and query
 * routing.
 *
 * <p>It equals what Kafka's default partitioner does with the stream id as a UTF-8 key: murmur2,
 * made positive, modulo the number of partitions. Topics with composite keys use it on the stream
 * id alone. Thread-safe.
 */
public final class StreamPartition {
  private StreamPartition() {}

  /** The partition, 0 to {@code partitions - 1}, of all records of {@code streamId}. */
  public static int of(String streamId, int partitions) {
    return Utils.toPositive(Utils.murmur2(streamId.getBytes(StandardCharsets.UTF_8))) % partitions;
  }
}
