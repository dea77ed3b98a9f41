package io.moodline.sink;

import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.StreamStatus;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The last changes of each stream's state, as the status topic tells them: at most {@value #MOST} a
 * stream, the oldest are forgotten. A camera that is off and tried again and again is one change
 * with a count. What the topic has compacted away is not known after a restart. Thread-safe.
 */
final class StreamHistory {
  static final int MOST = 100;

  /**
   * A state that was entered.
   *
   * @param latest when it was entered for the last time, if it was several times in a row
   * @param reason why, in a sentence for people; null where the state says all
   * @param run the run in progress or the last one; null before the first
   * @param times how often in a row, with nothing but tries in between
   */
  record Change(
      StreamState state,
      Instant since,
      Instant latest,
      @Nullable String reason,
      @Nullable String run,
      int times) {
    boolean isTrouble() {
      return switch (state) {
        case STALLED, BACKING_OFF, FAILED, REFUSED -> true;
        default -> false;
      };
    }
  }

  private final Map<String, Deque<Change>> changes = new HashMap<>();

  /**
   * Takes a stream's newest status.
   *
   * @param status null when the stream is gone
   */
  synchronized void take(String stream, @Nullable StreamStatus status) {
    if (status == null) {
      changes.remove(stream);
      return;
    }
    Deque<Change> known = changes.computeIfAbsent(stream, id -> new ArrayDeque<>());
    Change last = known.peekLast();
    Instant since = status.getSince();
    Change next =
        new Change(status.getState(), since, since, status.getReason(), status.getRunId(), 1);
    if (last == null) {
      known.addLast(next);
    } else if (last.state() == next.state() && last.latest().equals(since)) {
      known.removeLast();
      known.addLast(
          new Change(last.state(), last.since(), since, next.reason(), next.run(), last.times()));
    } else if (last.state() == StreamState.BACKING_OFF && next.state() == StreamState.CONNECTING) {
      return; // a try: what comes of it is told
    } else if (isSame(last, next)) {
      known.removeLast();
      known.addLast(
          new Change(
              last.state(), last.since(), since, last.reason(), next.run(), last.times() + 1));
    } else {
      known.addLast(next);
      if (known.size() > MOST) {
        known.removeFirst();
      }
    }
  }

  private static boolean isSame(Change last, Change next) {
    return last.state() == StreamState.BACKING_OFF
        && next.state() == StreamState.BACKING_OFF
        && Objects.equals(last.reason(), next.reason());
  }

  /** The changes of a stream, the oldest first. */
  synchronized List<Change> of(String stream) {
    return List.copyOf(changes.getOrDefault(stream, new ArrayDeque<>()));
  }

  /** The last change that meant trouble. */
  synchronized Optional<Change> lastTrouble(String stream) {
    return of(stream).stream().filter(Change::isTrouble).reduce((first, second) -> second);
  }
}
