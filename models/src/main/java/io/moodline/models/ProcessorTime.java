package io.moodline.models;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * Time that a thread or this process has had a processor, which other programs can not take away.
 * Thread-safe.
 */
public final class ProcessorTime {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  private static final boolean KNOWN = THREADS.isCurrentThreadCpuTimeSupported();

  private ProcessorTime() {}

  /** Whether it can be known on this machine. */
  public static boolean isKnown() {
    return KNOWN;
  }

  /** That of the calling thread so far, in nanoseconds; always 0 where it can not be known. */
  public static long nanos() {
    return KNOWN ? THREADS.getCurrentThreadCpuTime() : 0;
  }

  /** That of all threads of this process so far, in nanoseconds. */
  public static long ofProcess() {
    return SYSTEM.getProcessCpuTime();
  }
}
