package io.moodline.sink;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.TimelineKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Removes windows that were written longer ago than their step is kept, by tombstones in the topic
 * itself, which also reach this store. It is the clock on the wall that counts, not the stream's
 * time: a replay of a film of 1931 is as new as the replay.
 *
 * <p>A round looks at the oldest windows of each stream and step and stops at the first that is
 * kept, so it costs as much as there are streams, and what is removed. Confined to the task's
 * stream thread.
 */
final class OldWindows extends ContextualProcessor<Void, Void, byte[], byte[]> {
  private static final Instant END_OF_TIME = Instant.ofEpochMilli(Long.MAX_VALUE);

  private final Map<Duration, Duration> keep;
  private KeyValueStore<byte[], byte[]> windows;

  /**
   * Makes a processor.
   *
   * @param keep by step
   */
  @SuppressWarnings("NullAway.Init") // Kafka Streams calls init before anything else
  OldWindows(Map<Duration, Duration> keep) {
    this.keep = keep;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    super.init(context);
    windows = context.getStateStore(TimelineTable.STORE);
    PruneRounds.start(context, this::lookAtOne);
  }

  @Override
  public void process(Record<Void, Void> record) {
    // Nothing is forwarded to it: it looks at the store by itself.
  }

  /** Looks at the first stream and step from a key on; returns where the next begins, or null. */
  private byte @Nullable [] lookAtOne(byte[] from, Instant now, List<byte[]> old) {
    byte[] end = null;
    try (KeyValueIterator<byte[], byte[]> found = windows.range(from, null)) {
      while (found.hasNext()) {
        KeyValue<byte[], byte[]> window = found.next();
        TimelineKey key = read(window.key);
        if (key == null) {
          return behind(window.key);
        }
        byte[] last = new TimelineKey(key.streamId(), key.step(), END_OF_TIME).encode();
        if (end != null && !Arrays.equals(end, last)) {
          return behind(end);
        }
        end = last;
        if (old.size() >= PruneRounds.MOST || !isOld(key, window.value, now)) {
          return behind(end);
        }
        old.add(window.key);
      }
    }
    return null;
  }

  private boolean isOld(TimelineKey key, byte[] value, Instant now) {
    Duration kept = keep.get(key.step());
    try {
      Instant written = Serdes.TIMELINE_WINDOW.decode(value).getUpdatedAt();
      return kept != null
          && written.isAfter(Instant.EPOCH) // older versions did not say
          && written.isBefore(now.minus(kept));
    } catch (UnreadableRecordException e) {
      return false;
    }
  }

  private static @Nullable TimelineKey read(byte[] key) {
    try {
      TimelineKey read = TimelineKey.decode(key);
      return Steps.ALL.contains(read.step()) ? read : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** The first key behind another. */
  private static byte[] behind(byte[] key) {
    return Arrays.copyOf(key, key.length + 1);
  }
}
