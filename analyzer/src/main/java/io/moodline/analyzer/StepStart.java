package io.moodline.analyzer;

import io.moodline.models.ProcessorTime;

/**
 * When a thread began a step, by the clock and by its own processor time. Confined to that thread.
 *
 * @param nanos as {@link System#nanoTime}
 * @param processorNanos that the thread had used; always the same where that can not be known
 */
record StepStart(long nanos, long processorNanos) {
  static StepStart now() {
    return new StepStart(System.nanoTime(), ProcessorTime.nanos());
  }

  /** Seconds since then. */
  double seconds() {
    return (System.nanoTime() - nanos) / 1e9;
  }

  /** Seconds of processor time that the calling thread has used since then. */
  double processorSeconds() {
    return (ProcessorTime.nanos() - processorNanos) / 1e9;
  }
}
