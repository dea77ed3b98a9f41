package io.moodline.ingest;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Remembers which sources were being decoded when a child went down. Those are kept apart from all
 * others until they have behaved for a while: in four groups at most, so that four or fewer are
 * each alone; a group that falls again is divided once more. One that brings even a child of its
 * own down again and again is left alone for growing times. Thread-safe.
 */
final class Quarantine {
  /** For so long a fall is held against a source. */
  private static final Duration MEMORY = Duration.ofMinutes(10);

  /** So many falls within {@link #MEMORY} before a source has to wait. */
  private static final int FALLS_BEFORE_WAITING = 5;

  private static final Duration FIRST_WAIT = Duration.ofSeconds(30);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);
  private static final int MOST_FALLS = 12;
  private static final int GROUPS = 4;

  /** A child went down, with so many sources to a group from then on. */
  private record Fall(long nanos, int most) {}

  /**
   * How a source is to be opened.
   *
   * @param most 0 beside any other; else in a child with so many at most that are suspected too
   * @param waitSeconds not before so many seconds have passed; 0 for now
   * @param falls how often its child went down lately
   */
  record Verdict(int most, long waitSeconds, int falls) {
    /** Whether its child went down lately. */
    boolean isSuspect() {
      return most > 0;
    }

    boolean waits() {
      return waitSeconds > 0;
    }

    /** Why it waits; follows the source's name in a sentence. */
    String reason() {
      return String.format(
          Locale.ROOT,
          "brought its decoder down %d times within %d minutes: next try in %d s",
          falls,
          MEMORY.toMinutes(),
          waitSeconds);
    }
  }

  private final LongSupplier nanos;
  private final Map<String, Deque<Fall>> falls = new HashMap<>();

  Quarantine(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** A child went down while it decoded these sources; each of them may have done it. */
  synchronized void childDied(Collection<String> sources) {
    forget();
    Fall fall = new Fall(nanos.getAsLong(), (sources.size() + GROUPS - 1) / GROUPS);
    for (String source : Set.copyOf(sources)) { // two streams may show the same
      Deque<Fall> known = falls.computeIfAbsent(source, key -> new ArrayDeque<>());
      known.addLast(fall);
      if (known.size() > MOST_FALLS) {
        known.removeFirst();
      }
    }
  }

  synchronized Verdict judge(String source) {
    forget();
    Deque<Fall> known = falls.get(source);
    if (known == null) {
      return new Verdict(0, 0, 0);
    }
    int most = known.stream().mapToInt(Fall::most).min().orElse(1);
    int doublings = known.size() - FALLS_BEFORE_WAITING;
    if (doublings < 0) {
      return new Verdict(most, 0, known.size());
    }
    long wait = Math.min(LONGEST_WAIT.toNanos(), FIRST_WAIT.toNanos() << Math.min(doublings, 20));
    long left = known.getLast().nanos() + wait - nanos.getAsLong();
    return new Verdict(most, left <= 0 ? 0 : Duration.ofNanos(left).toSeconds() + 1, known.size());
  }

  private void forget() {
    long before = nanos.getAsLong() - MEMORY.toNanos();
    falls.values().forEach(times -> times.removeIf(fall -> fall.nanos() - before < 0));
    falls.values().removeIf(Deque::isEmpty);
  }
}
