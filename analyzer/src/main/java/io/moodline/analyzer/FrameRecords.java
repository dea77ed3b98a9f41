package io.moodline.analyzer;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamIds;
import io.moodline.schemas.v1.Frame;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** Reads frames out of records. Thread-safe. */
final class FrameRecords {
  private FrameRecords() {}

  /**
   * The frame; null where the record is none, or says that it is of another stream than its key.
   */
  static @Nullable Frame read(ConsumerRecord<byte[], byte[]> record) {
    try {
      Frame frame = record.value() == null ? null : Serdes.FRAME.decode(record.value());
      return frame != null && belongsToKey(frame, record.key()) ? frame : null;
    } catch (UnreadableRecordException e) {
      return null; // becomes a dead letter and a count
    }
  }

  private static boolean belongsToKey(Frame frame, byte @Nullable [] key) {
    String stream = frame.getStreamId();
    return StreamIds.PATTERN.matcher(stream).matches()
        && Arrays.equals(stream.getBytes(StandardCharsets.UTF_8), key);
  }
}
