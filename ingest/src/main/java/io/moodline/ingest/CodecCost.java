package io.moodline.ingest;

import java.util.Locale;

/**
 * What decoding took. Thread-safe.
 *
 * @param pictures that were measured
 * @param processorNanos of the source's thread
 * @param wallNanos by the clock on the wall
 */
record CodecCost(int pictures, long processorNanos, long wallNanos) {
  /** Hardware that takes a greater part of a picture's time could fall behind. */
  private static final double MOST_OF_STEP = 0.5;

  /**
   * Whether it is better than another that decoded the same: less of the processor, and far from
   * falling behind.
   *
   * @param stepNanos from one of the source's pictures to the next
   */
  boolean isBetterThan(CodecCost other, long stepNanos) {
    return processorNanos < other.processorNanos
        && wallNanos <= MOST_OF_STEP * stepNanos * pictures;
  }

  /** For people. */
  String text() {
    double each = Math.max(1, pictures) * 1e6;
    return String.format(
        Locale.ROOT,
        "%.2f ms of processor and %.2f ms in all",
        processorNanos / each,
        wallNanos / each);
  }
}
