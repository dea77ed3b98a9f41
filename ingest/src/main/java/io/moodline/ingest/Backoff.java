package io.moodline.ingest;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Pauses between tries: half a second, doubling to ten, each spread by a quarter to both sides so
 * that many cameras behind one switch do not return at once. Confined to one thread.
 */
final class Backoff {
  private static final Duration FIRST = Duration.ofMillis(500);
  private static final Duration LONGEST = Duration.ofSeconds(10);

  private final RandomGenerator random;
  private int failures;

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /** The pause before the next try. */
  Duration next() {
    long millis = Math.min(LONGEST.toMillis(), FIRST.toMillis() << Math.min(failures, 20));
    failures++;
    return Duration.ofMillis(Math.round(millis * (0.75 + 0.5 * random.nextDouble())));
  }

  /** How often in a row it failed. */
  int failures() {
    return failures;
  }

  /** The last try went well. */
  void reset() {
    failures = 0;
  }
}
