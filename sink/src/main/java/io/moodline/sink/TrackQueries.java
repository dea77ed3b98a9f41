package io.moodline.sink;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.TrackKey;
import io.moodline.schemas.v1.TimelineWindow;
import io.moodline.schemas.v1.TrackWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Reads tracks, wherever the table that holds them is. Seconds are stored; longer windows are
 * summed up from them when they are asked for. Throws {@link NotReadyException} while the stores
 * are starting or moving. Thread-safe, but for {@link #stale}, which is of one request.
 */
final class TrackQueries {
  private static final Duration SECOND = Steps.ALL.get(0);

  /** Seconds that are read at a time. */
  private static final int PAGE = 2000;

  private final StoreReader stores;

  /** Answers that are never stale. */
  TrackQueries(StoreAsker stores, TimelineMetrics metrics) {
    this(new StoreReader(stores, metrics));
  }

  private TrackQueries(StoreReader stores) {
    this.stores = stores;
  }

  /** The same for one request that can show a mark on its answer. */
  TrackQueries orStale() {
    return new TrackQueries(stores.orStale());
  }

  /** Whether any answer so far may be older than what the owner would have said. */
  boolean stale() {
    return stores.stale();
  }

  /**
   * What the tracks of a stream showed as a whole, newest first.
   *
   * @param below only tracks with smaller numbers
   * @param limit most tracks, 1 to {@value StoreQuestion#MAX_LIMIT}
   */
  List<TrackWindow> tracks(String streamId, long below, int limit) {
    if (below < 1) {
      return List.of();
    }
    byte[] first = TrackKey.whole(streamId, 0).encode();
    byte[] last = TrackKey.whole(streamId, below - 1).encode();
    return read(ask(streamId, first, last, limit, true));
  }

  /** What one track showed as a whole; empty when there is none. */
  Optional<TrackWindow> track(String streamId, long track) {
    byte[] key = TrackKey.whole(streamId, track).encode();
    return read(ask(streamId, key, key, 1, false)).stream().findFirst();
  }

  /**
   * Windows of a track that start within a range, oldest first; where the track was not seen there
   * is none.
   *
   * @param whole the track, read before
   * @param step one of {@code Steps.ALL}
   * @param from first start, inclusive
   * @param to first start that is not wanted
   * @param limit most windows to return, the oldest ones; above 0
   */
  List<TimelineWindow> windows(
      TrackWindow whole, Duration step, Instant from, Instant to, int limit) {
    Roll roll = new Roll(whole, step, limit);
    Instant start = Steps.startOf(from, step);
    Instant first = start.isBefore(from) ? start.plus(step) : start;
    Instant last = Steps.startOf(to.minusMillis(1), step).plus(step);
    if (first.isBefore(last)) {
      scan(whole, first, last, roll::add);
    }
    return roll.all();
  }

  /** Puts seconds, oldest first, into windows of a step. */
  private static final class Roll {
    private final TrackWindow whole;
    private final Duration step;
    private final int limit;
    private final List<TimelineWindow> windows = new ArrayList<>();
    private WindowMerge merge = new WindowMerge();
    private Instant start = Instant.MIN;

    Roll(TrackWindow whole, Duration step, int limit) {
      this.whole = whole;
      this.step = step;
      this.limit = limit;
    }

    /** Returns false once there are enough. */
    boolean add(TrackWindow second) {
      Instant next = Steps.startOf(second.getStart(), step);
      if (!next.equals(start)) {
        close();
        start = next;
      }
      if (windows.size() == limit) {
        start = Instant.MIN;
        return false;
      }
      merge.add(second.getSums());
      return true;
    }

    private void close() {
      if (start.equals(Instant.MIN)) {
        return;
      }
      boolean complete = whole.getIsFinal() || !start.plus(step).isAfter(whole.getCompleteTo());
      windows.add(
          WindowSums.toTimeline(
              new TimelineKey(whole.getStreamId(), step, start),
              merge.sums(),
              complete,
              whole.getUpdatedAt()));
      merge = new WindowMerge();
    }

    List<TimelineWindow> all() {
      close();
      return windows;
    }
  }

  private void scan(TrackWindow track, Instant from, Instant to, Predicate<TrackWindow> reader) {
    byte[] last = key(track, to.minusMillis(1));
    Instant next = from;
    List<byte[]> page;
    do {
      page = ask(track.getStreamId(), key(track, next), last, PAGE, false);
      for (TrackWindow second : read(page)) {
        if (!reader.test(second)) {
          return;
        }
        next = second.getEnd();
      }
    } while (page.size() == PAGE);
  }

  private static byte[] key(TrackWindow track, Instant start) {
    return new TrackKey(track.getStreamId(), SECOND, track.getTrackId(), start).encode();
  }

  private List<byte[]> ask(
      String streamId, byte[] from, byte[] to, int limit, boolean newestFirst) {
    return stores.ask(QueryStore.TRACKS, streamId, from, to, limit, newestFirst);
  }

  private List<TrackWindow> read(List<byte[]> values) {
    return values.stream()
        .flatMap(value -> stores.read(Serdes.TRACK_WINDOW, value).stream())
        .toList();
  }
}
