package io.moodline.schemas;

import java.util.regex.Pattern;

/** How stream ids are spelled. Thread-safe. */
public final class StreamIds {
  /** 1 to 64 letters, digits, dots, underscores and hyphens, first a letter or digit. */
  public static final Pattern PATTERN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  private StreamIds() {}

  /**
   * Returns {@code id} if it is well spelled.
   *
   * @throws IllegalArgumentException with a sentence for the user that names the id and the rule
   */
  public static String check(String id) {
    if (!PATTERN.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "stream id '"
              + printable(id)
              + "' is not valid: use 1 to 64 letters, digits, '.', '_' or '-', first a letter or digit");
    }
    return id;
  }

  private static String printable(String id) {
    String shown = id.length() > 80 ? id.substring(0, 80) + "..." : id;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }
}
