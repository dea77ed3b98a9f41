package io.moodline.sink;

import io.moodline.schemas.AlertKey;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Removes alerts that were written so long ago that they are not kept, by tombstones in the topic
 * itself, which also reach this store; by the clock on the wall, as {@link OldWindows} does.
 *
 * <p>A round looks at the oldest alerts of each stream and stops at the first that is kept, so it
 * costs as much as there are streams, and what is removed. Confined to the task's stream thread.
 */
final class OldAlerts extends ContextualProcessor<Void, Void, byte[], byte[]> {
  private final Duration keep;
  private KeyValueStore<byte[], byte[]> alerts;

  @SuppressWarnings("NullAway.Init") // Kafka Streams calls init before anything else
  OldAlerts(Duration keep) {
    this.keep = keep;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    super.init(context);
    alerts = context.getStateStore(TimelineTable.ALERT_STORE);
    PruneRounds.start(context, (from, now, old) -> lookAtOne(from, now.minus(keep), old));
  }

  @Override
  public void process(Record<Void, Void> record) {
    // Nothing is forwarded to it: it looks at the store by itself.
  }

  /** Looks at the first stream from a key on; returns where the next begins, or null. */
  private byte @Nullable [] lookAtOne(byte[] from, Instant limit, List<byte[]> old) {
    byte[] stream = null;
    try (KeyValueIterator<byte[], byte[]> found = alerts.range(from, null)) {
      while (found.hasNext()) {
        KeyValue<byte[], byte[]> alert = found.next();
        byte[] own = prefix(alert.key);
        if (own == null) {
          return Arrays.copyOf(alert.key, alert.key.length + 1); // no key of ours: the next one
        }
        if (stream != null && !Arrays.equals(stream, own)) {
          return own;
        }
        stream = own;
        if (old.size() >= PruneRounds.MOST || !isOld(alert.value, limit)) {
          return behind(own);
        }
        old.add(alert.key);
      }
    }
    return null;
  }

  /** An alert that can not be read is missed by nobody. */
  private static boolean isOld(byte[] value, Instant limit) {
    try {
      return Serdes.ALERT.decode(value).getUpdatedAt().isBefore(limit);
    } catch (UnreadableRecordException e) {
      return true;
    }
  }

  private static byte @Nullable [] prefix(byte[] key) {
    try {
      return StreamEraser.windowPrefix(AlertKey.decode(key).streamId());
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** What sorts behind all keys of a stream, and before those of any other. */
  private static byte[] behind(byte[] prefix) {
    byte[] behind = Arrays.copyOf(prefix, prefix.length + Long.BYTES + 1);
    Arrays.fill(behind, prefix.length, behind.length, (byte) 0xff);
    return behind;
  }
}
