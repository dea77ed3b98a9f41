package io.moodline.sink;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.TrackKey;
import io.moodline.schemas.v1.TrackWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Removes what tracks showed so long ago that it is not kept, by tombstones in the topic itself,
 * which also reach this store; by the clock on the wall, as {@link OldWindows} does.
 *
 * <p>A round looks at the oldest tracks of each stream and stops at the first that has ended and is
 * kept: tracks are numbered as they come, so those behind it are about as new. Of a track that goes
 * on it removes the old seconds. So it costs as much as there are streams and tracks that go on,
 * and what is removed. Confined to the task's stream thread.
 */
final class OldTracks extends ContextualProcessor<Void, Void, byte[], byte[]> {
  private static final Duration SECOND = Steps.ALL.get(0);
  private static final Instant START_OF_TIME = Instant.ofEpochMilli(Long.MIN_VALUE);
  private static final Instant END_OF_TIME = Instant.ofEpochMilli(Long.MAX_VALUE);

  private final Duration keep;
  private KeyValueStore<byte[], byte[]> tracks;

  @SuppressWarnings("NullAway.Init") // Kafka Streams calls init before anything else
  OldTracks(Duration keep) {
    this.keep = keep;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    super.init(context);
    tracks = context.getStateStore(TimelineTable.TRACK_STORE);
    PruneRounds.start(context, (from, now, old) -> lookAtOne(from, now.minus(keep), old));
  }

  @Override
  public void process(Record<Void, Void> record) {
    // Nothing is forwarded to it: it looks at the store by itself.
  }

  /** Looks at the first stream from a key on; returns where the next begins, or null. */
  private byte @Nullable [] lookAtOne(byte[] from, Instant limit, List<byte[]> old) {
    try (KeyValueIterator<byte[], byte[]> found = tracks.range(from, null)) {
      while (found.hasNext()) {
        KeyValue<byte[], byte[]> entry = found.next();
        TrackKey key = read(entry.key);
        if (key != null) {
          lookAtTracks(key.streamId(), limit, old);
          return new TrackKey(key.streamId(), SECOND, Long.MAX_VALUE, END_OF_TIME).encode();
        }
      }
    }
    return null;
  }

  private void lookAtTracks(String stream, Instant limit, List<byte[]> old) {
    byte[] first = TrackKey.whole(stream, 0).encode();
    byte[] last = TrackKey.whole(stream, Long.MAX_VALUE).encode();
    try (KeyValueIterator<byte[], byte[]> found = tracks.range(first, last)) {
      while (found.hasNext() && old.size() < PruneRounds.MOST) {
        KeyValue<byte[], byte[]> entry = found.next();
        long track = TrackKey.decode(entry.key).track();
        if (isOld(entry.value, limit)) {
          addSeconds(stream, track, second -> true, old);
          if (old.size() < PruneRounds.MOST) {
            old.add(entry.key); // last, so that its seconds are found again if they were too many
          }
        } else if (isOver(entry.value)) {
          return;
        } else {
          addSeconds(stream, track, second -> isOld(second, limit), old);
        }
      }
    }
  }

  private void addSeconds(String stream, long track, Predicate<byte[]> which, List<byte[]> old) {
    byte[] first = new TrackKey(stream, SECOND, track, START_OF_TIME).encode();
    byte[] last = new TrackKey(stream, SECOND, track, END_OF_TIME).encode();
    try (KeyValueIterator<byte[], byte[]> found = tracks.range(first, last)) {
      while (found.hasNext() && old.size() < PruneRounds.MOST) {
        KeyValue<byte[], byte[]> second = found.next();
        if (!which.test(second.value)) {
          return;
        }
        old.add(second.key);
      }
    }
  }

  private static boolean isOld(byte[] value, Instant limit) {
    TrackWindow window = window(value);
    return window == null || window.getUpdatedAt().isBefore(limit);
  }

  private static boolean isOver(byte[] value) {
    TrackWindow window = window(value);
    return window != null && window.getIsFinal();
  }

  /** Null for what can not be read, which nobody will miss. */
  private static @Nullable TrackWindow window(byte[] value) {
    try {
      return Serdes.TRACK_WINDOW.decode(value);
    } catch (UnreadableRecordException e) {
      return null;
    }
  }

  private static @Nullable TrackKey read(byte[] key) {
    try {
      TrackKey read = TrackKey.decode(key);
      return Arrays.equals(read.encode(), key) && read.track() >= 0 ? read : null;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
