package io.moodline.deploy;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/**
 * Progress on standard error: one line that redraws itself on a terminal, a line every few seconds
 * elsewhere. Confined to one thread.
 */
final class ProgressLine {
  private static final int BAR = 24;
  private static final long PLAIN_INTERVAL_NANOS = Duration.ofSeconds(5).toNanos();

  private final PrintStream out;
  private final boolean terminal;
  private long lastPlain;
  private boolean drawn;

  ProgressLine(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
    this.lastPlain = System.nanoTime(); // what is done within seconds needs no progress
  }

  /** A line on standard error. */
  static ProgressLine onStandardError() {
    return new ProgressLine(System.err, Terminal.isError());
  }

  /** Shows a step without a known length. */
  void step(String text) {
    show(text, false);
  }

  /**
   * Shows how far something is.
   *
   * @param share 0 to 1
   * @param text what follows the bar
   */
  void progress(double share, String text) {
    int full = (int) Math.round(Math.max(0, Math.min(1, share)) * BAR);
    show(
        String.format(
            Locale.ROOT,
            "[%s%s] %3.0f%%  %s",
            "#".repeat(full),
            ".".repeat(BAR - full),
            100 * share,
            text),
        share >= 1);
  }

  /** Leaves the line; what follows starts on a fresh one. */
  void done() {
    if (terminal && drawn) {
      out.print("\r\u001b[K");
      out.flush();
      drawn = false;
    }
  }

  private void show(String line, boolean now) {
    if (terminal) {
      out.print("\r\u001b[K" + line);
      out.flush();
      drawn = true;
    } else if (now || System.nanoTime() - lastPlain >= PLAIN_INTERVAL_NANOS) {
      out.println(line);
      lastPlain = System.nanoTime();
    }
  }
}
