package io.moodline.analyzer;

import java.util.HashMap;
import java.util.Map;

/**
 * Decides when something that may happen many times a second is worth a line in the log: at once
 * the first time, then every ten seconds with the number since. Thread-safe.
 */
final class SeldomLog {
  private static final long PAUSE_NANOS = 10_000_000_000L;

  private final Map<String, Count> counts = new HashMap<>();

  private record Count(long since, long loggedNanos) {}

  /** Counts one; returns how many there were since the last line when a line is due, else 0. */
  synchronized long count(String reason) {
    return count(reason, System.nanoTime());
  }

  synchronized long count(String reason, long nowNanos) {
    Count before = counts.get(reason);
    long since = before == null ? 1 : before.since() + 1;
    if (before == null || nowNanos - before.loggedNanos() >= PAUSE_NANOS) {
      counts.put(reason, new Count(0, nowNanos));
      return since;
    }
    counts.put(reason, new Count(since, before.loggedNanos()));
    return 0;
  }
}
