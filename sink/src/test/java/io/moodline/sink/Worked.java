package io.moodline.sink;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;

/** What threads of this process have worked: what a machine that is busy otherwise can tell. */
final class Worked {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private Worked() {}

  /** Processor time of the living threads whose names start so, in milliseconds. */
  static double millis(String name) {
    long nanos = 0;
    for (ThreadInfo thread : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
      if (thread != null && thread.getThreadName().startsWith(name)) {
        nanos += Math.max(0, THREADS.getThreadCpuTime(thread.getThreadId()));
      }
    }
    return nanos / 1e6;
  }
}
