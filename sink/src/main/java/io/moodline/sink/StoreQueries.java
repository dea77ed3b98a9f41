package io.moodline.sink;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

/**
 * Answers from the stores of this instance: windows from the table, ledgers from the counting
 * application. Every question is about one stream, so about one partition; asking the instance that
 * owns it is what {@link #ask} will do once there is more than one. Thread-safe.
 */
final class StoreQueries implements TimelineQueries {
  private static final Instant START_OF_TIME = Instant.ofEpochMilli(Long.MIN_VALUE);
  private static final Instant END_OF_TIME = Instant.ofEpochMilli(Long.MAX_VALUE);
  private static final Duration FINEST = Steps.ALL.get(0);
  private static final Duration COARSEST = Steps.ALL.get(Steps.ALL.size() - 1);

  private final KafkaStreams timelines;
  private final KafkaStreams table;
  private final int partitions;
  private final TimelineMetrics metrics;

  StoreQueries(
      KafkaStreams timelines, KafkaStreams table, int partitions, TimelineMetrics metrics) {
    this.timelines = timelines;
    this.table = table;
    this.partitions = partitions;
    this.metrics = metrics;
  }

  @Override
  public List<TimelineWindow> windows(
      String streamId, Duration step, Instant from, Instant to, int limit) {
    List<TimelineWindow> windows = new ArrayList<>();
    if (from.isBefore(to) && limit > 0) {
      scan(
          streamId,
          step,
          ceiling(from),
          ceiling(to) - 1,
          window -> {
            windows.add(window);
            return windows.size() < limit;
          });
    }
    return windows;
  }

  @Override
  public Optional<TimelineWindow> latest(String streamId, Duration step) {
    return edge(streamId, step, store -> all(store::reverseRange, streamId, step));
  }

  @Override
  public Optional<Extent> extent(String streamId) {
    Optional<TimelineWindow> first =
        edge(streamId, FINEST, store -> all(store::range, streamId, FINEST));
    return first.flatMap(
        oldest ->
            latest(streamId, FINEST)
                .map(newest -> new Extent(oldest.getStart(), newest.getStart().plus(FINEST))));
  }

  @Override
  public Optional<RunLedger> ledger(String streamId, String runId) {
    return this.<byte[], RunLedger, Optional<RunLedger>>ask(
        timelines,
        EmotionTimelines.LEDGERS,
        streamId,
        store -> Optional.ofNullable(store.get(Ledgers.key(streamId, runId))));
  }

  @Override
  public List<RunLedger> ledgers(String streamId) {
    List<RunLedger> ledgers =
        this.<byte[], RunLedger, List<RunLedger>>ask(
            timelines,
            EmotionTimelines.LEDGERS,
            streamId,
            store -> {
              List<RunLedger> found = new ArrayList<>();
              try (KeyValueIterator<byte[], RunLedger> runs =
                  store.prefixScan(Ledgers.prefix(streamId), (Serializer<byte[]>) (t, b) -> b)) {
                runs.forEachRemaining(run -> found.add(run.value));
              }
              return found;
            });
    ledgers.sort(
        Comparator.comparing(
            RunLedger::getFirstCaptureTime, Comparator.nullsFirst(Comparator.naturalOrder())));
    return ledgers;
  }

  @Override
  public boolean settled(String streamId, String runId) {
    Optional<RunLedger> ledger = ledger(streamId, runId);
    if (ledger.isEmpty() || ledger.get().getEndOfRun() == null) {
      return false;
    }
    long counted = Ledgers.frames(ledger.get()) - ledger.get().getLate();
    Instant first = ledger.get().getFirstCaptureTime();
    if (counted == 0 || first == null) {
      return true;
    }
    Instant last = ledger.get().getLastCaptureTime();
    // Windows are published finest step first: where the coarsest one is complete, all are.
    return (isComplete(streamId, last) || hasOpenRun(streamId))
        && framesShown(streamId, first, last) >= counted;
  }

  private boolean isComplete(String streamId, Instant time) {
    Instant start = Steps.startOf(time, COARSEST);
    return windows(streamId, COARSEST, start, start.plusMillis(1), 1).stream()
        .anyMatch(TimelineWindow::getComplete);
  }

  private boolean hasOpenRun(String streamId) {
    return ledgers(streamId).stream().anyMatch(ledger -> ledger.getEndOfRun() == null);
  }

  private long framesShown(String streamId, Instant first, Instant last) {
    long[] frames = {0};
    scan(
        streamId,
        FINEST,
        Steps.startOf(first, FINEST).toEpochMilli(),
        last.toEpochMilli(),
        window -> {
          frames[0] +=
              window.getAnalysed()
                  + Ledgers.sum(window.getSkipped())
                  + Ledgers.sum(window.getFailed());
          return true;
        });
    return frames[0];
  }

  /** Gives windows to {@code reader}, oldest first, until it has enough. */
  private void scan(
      String streamId,
      Duration step,
      long firstMillis,
      long lastMillis,
      Predicate<TimelineWindow> reader) {
    this.<byte[], byte[], Boolean>ask(
        table,
        TimelineTable.STORE,
        streamId,
        store -> {
          try (KeyValueIterator<byte[], byte[]> found =
              store.range(
                  key(streamId, step, Instant.ofEpochMilli(firstMillis)),
                  key(streamId, step, Instant.ofEpochMilli(lastMillis)))) {
            boolean more = true;
            while (more && found.hasNext()) {
              Optional<TimelineWindow> window = read(found.next().value);
              more = window.isEmpty() || reader.test(window.get());
            }
            return more;
          }
        });
  }

  private Optional<TimelineWindow> edge(
      String streamId,
      Duration step,
      Function<ReadOnlyKeyValueStore<byte[], byte[]>, KeyValueIterator<byte[], byte[]>> scan) {
    return this.<byte[], byte[], Optional<TimelineWindow>>ask(
        table,
        TimelineTable.STORE,
        streamId,
        store -> {
          try (KeyValueIterator<byte[], byte[]> found = scan.apply(store)) {
            Optional<TimelineWindow> window = Optional.empty();
            while (window.isEmpty() && found.hasNext()) {
              window = read(found.next().value);
            }
            return window;
          }
        });
  }

  /** An unreadable window is left out of an answer, and counted, rather than failing all of it. */
  private Optional<TimelineWindow> read(byte[] value) {
    try {
      return Optional.of(Serdes.TIMELINE_WINDOW.decode(value));
    } catch (UnreadableRecordException e) {
      metrics.unreadableWindow();
      return Optional.empty();
    }
  }

  private <K, V, A> A ask(
      KafkaStreams application,
      String store,
      String streamId,
      Function<ReadOnlyKeyValueStore<K, V>, A> question) {
    try {
      return question.apply(
          application.store(
              StoreQueryParameters.fromNameAndType(store, QueryableStoreTypes.<K, V>keyValueStore())
                  .withPartition(StreamPartition.of(streamId, partitions))));
    } catch (InvalidStateStoreException e) {
      throw new NotReadyException("timelines are starting or moving: try again in a moment", e);
    }
  }

  private static KeyValueIterator<byte[], byte[]> all(Range range, String streamId, Duration step) {
    return range.between(key(streamId, step, START_OF_TIME), key(streamId, step, END_OF_TIME));
  }

  private static byte[] key(String streamId, Duration step, Instant start) {
    return new TimelineKey(streamId, step, start).encode();
  }

  /** The first whole millisecond at or after {@code time}, within what a key can hold. */
  private static long ceiling(Instant time) {
    if (time.isBefore(START_OF_TIME)) {
      return Long.MIN_VALUE;
    }
    if (!time.isBefore(END_OF_TIME)) {
      return Long.MAX_VALUE;
    }
    long millis = time.toEpochMilli();
    return Instant.ofEpochMilli(millis).equals(time) ? millis : millis + 1;
  }

  /** {@code range} or {@code reverseRange} of a store. */
  private interface Range {
    KeyValueIterator<byte[], byte[]> between(byte[] from, byte[] to);
  }
}
