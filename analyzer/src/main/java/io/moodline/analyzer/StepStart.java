package io.moodline.analyzer;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * When a thread began a step, by the clock and by its own processor time. Confined to that thread.
 *
 * @param nanos as {@link System#nanoTime}
 * @param processorNanos that the thread had used; always the same where that can not be known
 */
record StepStart(long nanos, long processorNanos) {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final boolean KNOWN = THREADS.isCurrentThreadCpuTimeSupported();

  static StepStart now() {
    return new StepStart(System.nanoTime(), processorNow());
  }

  /** Seconds since then. */
  double seconds() {
    return (System.nanoTime() - nanos) / 1e9;
  }

  /** Seconds of processor time that the calling thread has used since then. */
  double processorSeconds() {
    return (processorNow() - processorNanos) / 1e9;
  }

  private static long processorNow() {
    return KNOWN ? THREADS.getCurrentThreadCpuTime() : 0;
  }
}
