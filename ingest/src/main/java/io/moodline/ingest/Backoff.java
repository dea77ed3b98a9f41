package io.moodline.ingest;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Pauses between tries: half a second, growing to one and a half, each spread by a quarter to both
 * sides so that many cameras behind one switch do not return at once: with the time that a try and
 * a decoder's start take, a camera that is well again is back within five. Slow ones, half a minute
 * growing to five, are for what a person has to mend, and for passwords that are refused: many
 * cameras lock an account that fails often. Confined to one thread.
 */
final class Backoff {
  private static final Duration FIRST = Duration.ofMillis(500);
  private static final Duration LONGEST = Duration.ofMillis(1500);
  private static final Duration FIRST_SLOW = Duration.ofSeconds(30);
  private static final Duration LONGEST_SLOW = Duration.ofMinutes(5);

  private final RandomGenerator random;
  private int failures;
  private int slowFailures;

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /** The pause before the next try. */
  Duration next() {
    return spread(FIRST, LONGEST, failures++);
  }

  /** The pause before the next try of what should not be tried often. */
  Duration nextSlow() {
    return spread(FIRST_SLOW, LONGEST_SLOW, slowFailures++);
  }

  private Duration spread(Duration first, Duration longest, int before) {
    long millis = Math.min(longest.toMillis(), first.toMillis() << Math.min(before, 20));
    return Duration.ofMillis(Math.round(millis * (0.75 + 0.5 * random.nextDouble())));
  }

  /** How often in a row it failed, slow pauses aside. */
  int failures() {
    return failures;
  }

  /** The last try went well. */
  void reset() {
    failures = 0;
    slowFailures = 0;
  }
}
