package io.moodline.deploy;

/**
 * What standard output and standard error are connected to. The launcher knows and says so; Java
 * alone can not tell on every version. Thread-safe.
 */
final class Terminal {
  private Terminal() {}

  static boolean isOutput() {
    return Boolean.getBoolean("moodline.terminal.out");
  }

  static boolean isError() {
    return Boolean.getBoolean("moodline.terminal.err");
  }

  /** Colours only for a person at a terminal who did not ask for none (no-color.org). */
  static boolean hasColours() {
    String noColour = System.getenv("NO_COLOR");
    return isOutput() && (noColour == null || noColour.isEmpty());
  }
}
