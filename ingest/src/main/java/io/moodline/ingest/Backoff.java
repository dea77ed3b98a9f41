package io.moodline.ingest;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Pauses between tries: half a second, growing to one and a half, each spread by a quarter to both
 * sides so that many cameras behind one switch do not return at once: with the time that a try and
 * a decoder's start take, a camera that is well again is back within five. A source that refuses
 * the password is asked ever more seldom, up to five minutes, since many cameras lock an account
 * that fails often. Confined to one thread.
 */
final class Backoff {
  private static final Duration FIRST = Duration.ofMillis(500);
  private static final Duration LONGEST = Duration.ofMillis(1500);
  private static final Duration LONGEST_LOCKED_OUT = Duration.ofMinutes(5);

  private final RandomGenerator random;
  private int failures;

  Backoff(RandomGenerator random) {
    this.random = random;
  }

  /**
   * The pause before the next try.
   *
   * @param lockedOut whether the password was refused
   */
  Duration next(boolean lockedOut) {
    long longest = (lockedOut ? LONGEST_LOCKED_OUT : LONGEST).toMillis();
    long millis = Math.min(longest, FIRST.toMillis() << Math.min(failures, 20));
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
