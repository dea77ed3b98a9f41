package io.moodline.sink;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Which streams and tracks of a partition were erased, and when: their records are shown to nobody,
 * though the log holds them until it is compacted. Times are those of the log, and what is erased
 * stands still, so what was written before an erasure is older than it. Holds one entry per erased
 * stream or track of the last 30 days, as the topic does. Thread-safe.
 */
final class ErasedData {
  /** Log time in milliseconds of the last erasure, by stream or stream/track. */
  private final Map<String, Long> erasedAt = new ConcurrentHashMap<>();

  /** What an erasure of a track is keyed by; that of a stream by its id. */
  static byte[] key(String stream, long track) {
    return (stream + "/" + track).getBytes(StandardCharsets.UTF_8);
  }

  /** Takes a record of {@code erasures.v1}. */
  void note(ConsumerRecord<byte[], byte[]> erasure) {
    if (erasure.key() != null) {
      erasedAt.merge(
          new String(erasure.key(), StandardCharsets.UTF_8), erasure.timestamp(), Math::max);
    }
  }

  /** Whether a record, known by what it is about and its log time, was erased. */
  boolean covers(EventRecord record) {
    if (erasedAt.isEmpty() || !record.kind().isErasable()) {
      return false;
    }
    Long track = record.track();
    return isBefore(record, record.streamId())
        || track != null && isBefore(record, record.streamId() + "/" + track);
  }

  private boolean isBefore(EventRecord record, String key) {
    Long erased = erasedAt.get(key);
    return erased != null && record.loggedMillis() <= erased;
  }
}
