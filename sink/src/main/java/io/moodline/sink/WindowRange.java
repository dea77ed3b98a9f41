package io.moodline.sink;

import io.moodline.schemas.TimelineKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Windows of a stream and a step that start within a range of time. Thread-safe.
 *
 * @param first first start, in milliseconds since 1970
 * @param last last start, inclusive; before {@code first} when there is none
 */
record WindowRange(String streamId, Duration step, long first, long last) {
  private static final Instant START_OF_TIME = Instant.ofEpochMilli(Long.MIN_VALUE);
  private static final Instant END_OF_TIME = Instant.ofEpochMilli(Long.MAX_VALUE);

  /** Fewer windows than these are not worth a second thread. */
  private static final int PART_WINDOWS = 1000;

  private static final int MAX_PARTS = Math.min(4, Runtime.getRuntime().availableProcessors());

  /** All windows that are held. */
  static WindowRange all(String streamId, Duration step) {
    return new WindowRange(streamId, step, Long.MIN_VALUE, Long.MAX_VALUE);
  }

  /** Those that start from {@code from} on and before {@code to}. */
  static WindowRange between(String streamId, Duration step, Instant from, Instant to) {
    return from.isBefore(to) && to.isAfter(START_OF_TIME)
        ? new WindowRange(streamId, step, ceiling(from), ceiling(to) - 1)
        : new WindowRange(streamId, step, 0, -1);
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

  boolean isEmpty() {
    return first > last;
  }

  /** The smallest key. */
  byte[] from() {
    return key(first);
  }

  /** The largest key. */
  byte[] to() {
    return key(last);
  }

  private byte[] key(long millis) {
    return new TimelineKey(streamId, step, Instant.ofEpochMilli(millis)).encode();
  }

  /** What is left behind a window. */
  WindowRange after(Instant start) {
    return new WindowRange(streamId, step, start.toEpochMilli() + 1, last);
  }

  /** This range in parts of equal length for as many threads, in order; a short one is one part. */
  List<WindowRange> parts() {
    long windows = Math.max(0, (last - first) / step.toMillis()); // below 0 when there is no end
    int count = (int) Math.max(1, Math.min(MAX_PARTS, windows / PART_WINDOWS));
    long length = (last - first) / count;
    List<WindowRange> parts = new ArrayList<>();
    long start = first;
    for (int i = 1; i < count; i++) {
      parts.add(new WindowRange(streamId, step, start, start + length - 1));
      start += length;
    }
    parts.add(new WindowRange(streamId, step, start, last));
    return parts;
  }
}
