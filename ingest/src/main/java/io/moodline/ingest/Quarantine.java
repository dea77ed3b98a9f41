package io.moodline.ingest;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Remembers which sources were being decoded when a child went down. Such a source gets a child of
 * its own until it has behaved for a while, so it can harm its neighbours once at most; one that
 * brings even those down again and again is left alone for growing times. Thread-safe.
 */
final class Quarantine {
  /** For so long a fall is held against a source. */
  private static final Duration MEMORY = Duration.ofMinutes(10);

  /** So many falls within {@link #MEMORY} before a source has to wait. */
  private static final int FALLS_BEFORE_WAITING = 5;

  private static final Duration FIRST_WAIT = Duration.ofSeconds(30);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);
  private static final int MOST_FALLS = 12;

  /**
   * How a source is to be opened.
   *
   * @param alone in a child without neighbours
   * @param waitSeconds not before so many seconds have passed; 0 for now
   * @param falls how often its child went down lately
   */
  record Verdict(boolean alone, long waitSeconds, int falls) {
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
  private final Map<String, Deque<Long>> falls = new HashMap<>();

  Quarantine(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** A child went down while it decoded these sources; each of them may have done it. */
  synchronized void childDied(Collection<String> sources) {
    forget();
    for (String source : sources) {
      Deque<Long> known = falls.computeIfAbsent(source, key -> new ArrayDeque<>());
      known.addLast(nanos.getAsLong());
      if (known.size() > MOST_FALLS) {
        known.removeFirst();
      }
    }
  }

  synchronized Verdict judge(String source) {
    forget();
    Deque<Long> known = falls.get(source);
    if (known == null) {
      return new Verdict(false, 0, 0);
    }
    int doublings = known.size() - FALLS_BEFORE_WAITING;
    if (doublings < 0) {
      return new Verdict(true, 0, known.size());
    }
    long wait = Math.min(LONGEST_WAIT.toNanos(), FIRST_WAIT.toNanos() << Math.min(doublings, 20));
    long left = known.getLast() + wait - nanos.getAsLong();
    return new Verdict(true, left <= 0 ? 0 : Duration.ofNanos(left).toSeconds() + 1, known.size());
  }

  private void forget() {
    long before = nanos.getAsLong() - MEMORY.toNanos();
    falls.values().forEach(times -> times.removeIf(time -> time - before < 0));
    falls.values().removeIf(Deque::isEmpty);
  }
}
