package io.moodline.schemas;

import java.util.regex.Pattern;

/** How bundles are named in topics and requests, the same as in their manifests. Thread-safe. */
public final class ModelNames {
  private static final Pattern PATTERN = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");

  private ModelNames() {}

  /**
   * Returns {@code name} if a bundle can have it.
   *
   * @throws IllegalArgumentException with a sentence for the user that says the rule
   */
  public static String check(String name) {
    if (!PATTERN.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "model is no bundle's name: use 1 to 64 lower-case letters, digits, '.', '_' or '-', first a"
              + " letter or digit");
    }
    return name;
  }
}
