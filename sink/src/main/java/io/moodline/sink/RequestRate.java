package io.moodline.sink;

import io.moodline.runtime.BoundedMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Bounds how many requests a caller makes: so many per second over time, twice as many at once. The
 * callers seen last are remembered, {@value #MAX_CALLERS} at most. Thread-safe.
 */
final class RequestRate {
  private static final int MAX_CALLERS = 10_000;
  private static final double BURST_SECONDS = 2;

  private static final class Bucket {
    private double left;
    private long filledAt;

    Bucket(double left, long filledAt) {
      this.left = left;
      this.filledAt = filledAt;
    }
  }

  private final int perSecond;
  private final LongSupplier nanos;
  private final Map<String, Bucket> callers = BoundedMap.ofLastUsed(MAX_CALLERS);

  /**
   * A bound.
   *
   * @param perSecond 0 for none
   * @param nanos a clock like {@link System#nanoTime}
   */
  RequestRate(int perSecond, LongSupplier nanos) {
    this.perSecond = perSecond;
    this.nanos = nanos;
  }

  /**
   * Counts a request.
   *
   * @throws Problem 429 when the caller has to wait
   */
  synchronized void count(String caller) {
    if (perSecond == 0) {
      return;
    }
    long now = nanos.getAsLong();
    double most = perSecond * BURST_SECONDS;
    Bucket bucket = callers.computeIfAbsent(caller, it -> new Bucket(most, now));
    bucket.left = Math.min(most, bucket.left + (now - bucket.filledAt) / 1e9 * perSecond);
    bucket.filledAt = now;
    if (bucket.left < 1) {
      throw Problem.tooMany(
          "more than " + perSecond + " requests per second came from " + caller, 1);
    }
    bucket.left--;
  }
}
