package io.moodline.sink;

import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import java.util.List;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;

/**
 * Asks stores and reads what they answer, and remembers whether any answer was stale. Thread-safe,
 * but for {@link #stale}, which is of one request.
 */
final class StoreReader {
  private final StoreAsker stores;
  private final TimelineMetrics metrics;
  private final boolean staleAllowed;
  private volatile boolean stale;

  /** Answers that are never stale. */
  StoreReader(StoreAsker stores, TimelineMetrics metrics) {
    this(stores, metrics, false);
  }

  private StoreReader(StoreAsker stores, TimelineMetrics metrics, boolean staleAllowed) {
    this.stores = stores;
    this.metrics = metrics;
    this.staleAllowed = staleAllowed;
  }

  /** The same for one request that can show a mark on its answer. */
  StoreReader orStale() {
    return new StoreReader(stores, metrics, true);
  }

  /** Whether any answer so far may be older than what the owner would have said. */
  boolean stale() {
    return stale;
  }

  /** The values of a range of keys, as Avro bytes; see {@link StoreQuestion}. */
  List<byte[]> ask(
      QueryStore store, String streamId, byte[] from, byte[] to, int limit, boolean newestFirst) {
    StoreAnswer answer =
        stores.ask(new StoreQuestion(store, streamId, from, to, limit, newestFirst), staleAllowed);
    if (answer.stale()) {
      stale = true;
    }
    return answer.values();
  }

  /** An unreadable value is left out of an answer, and counted, rather than failing all of it. */
  <T extends SpecificRecord> Optional<T> read(AvroSerde<T> serde, byte[] value) {
    try {
      return Optional.of(serde.decode(value));
    } catch (UnreadableRecordException e) {
      metrics.unreadableWindow();
      return Optional.empty();
    }
  }

  /** The same for a window that is added to a series. */
  void readInto(ScoreSeries series, byte[] value) {
    try {
      series.add(value);
    } catch (UnreadableRecordException e) {
      metrics.unreadableWindow();
    }
  }

  /** Counts a window that could not be read in full. */
  void unreadable() {
    metrics.unreadableWindow();
  }
}
