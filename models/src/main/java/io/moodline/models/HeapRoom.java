package io.moodline.models;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.Locale;

/**
 * Whether Java's heap has room for a large file. It is asked before the file is read: a server's
 * process ends with the first OutOfMemoryError, whoever would catch it. Thread-safe.
 */
final class HeapRoom {
  /** For what other threads take meanwhile, and never more than the file itself. */
  private static final long SPARE_BYTES = 64L << 20;

  /** Smaller files are not asked for. */
  private static final long SMALL_BYTES = 8L << 20;

  private HeapRoom() {}

  /**
   * Throws unless the heap takes a file of so many bytes beside what is in use. In doubt what is
   * not in use any more is collected first, which stops all threads for a moment.
   *
   * @param file its name in the message
   */
  static void require(long bytes, String file) {
    long needed = bytes + Math.min(bytes, SPARE_BYTES);
    if (bytes <= SMALL_BYTES || needed <= largest()) {
      return;
    }
    System.gc();
    if (needed > largest()) {
      long heap = Runtime.getRuntime().maxMemory();
      throw new BundleException(
          String.format(
              Locale.ROOT,
              "%s has %d MB, for which Java's heap of %d MB has no room beside what is in use;"
                  + " give it more: MOODLINE_JAVA_OPTS=-Xmx%dm",
              file,
              mebibytes(bytes),
              mebibytes(heap),
              mebibytes(heap + 2 * bytes)));
    }
  }

  /** A file becomes one array, and that lies in one pool. */
  private static long largest() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .map(MemoryPoolMXBean::getUsage)
        .mapToLong(HeapRoom::free)
        .max()
        .orElse(0);
  }

  private static long free(MemoryUsage pool) {
    long most = pool.getMax() < 0 ? Runtime.getRuntime().maxMemory() : pool.getMax();
    return most - pool.getUsed();
  }

  private static long mebibytes(long bytes) {
    return (bytes + (1 << 20) - 1) >> 20;
  }
}
