package io.moodline.schemas;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Why people's faces are analysed. Work and education are no purposes: inferring emotions there is
 * prohibited by Article 5(1)(f) of Regulation (EU) 2024/1689 (the AI Act). Thread-safe.
 */
public enum Purpose {
  RESEARCH("research"),
  ENTERTAINMENT("entertainment"),
  AUDIENCE_MEASUREMENT("audience-measurement"),
  UX_TESTING("ux-testing"),
  ACCESSIBILITY("accessibility"),
  HEALTHCARE("healthcare"),
  SAFETY("safety"),
  PERSONAL("personal"),
  DEMO("demo");

  private final String word;

  Purpose(String word) {
    this.word = word;
  }

  /** The purpose as it is spelled in the API and the command line. */
  public String word() {
    return word;
  }

  /** All words, separated by commas. */
  public static String words() {
    return Arrays.stream(values()).map(Purpose::word).collect(Collectors.joining(", "));
  }

  /**
   * Reads a purpose.
   *
   * @param word what the user gave; null or blank when nothing was given
   * @throws IllegalArgumentException with a sentence for the user: what is missing, unknown or
   *     prohibited
   */
  public static Purpose parse(@org.jspecify.annotations.Nullable String word) {
    if (word == null || word.isBlank()) {
      throw new IllegalArgumentException("a purpose is missing: give one of " + words());
    }
    if (word.equals("workplace") || word.equals("education")) {
      throw new IllegalArgumentException(
          "purpose '"
              + word
              + "' is refused: Article 5(1)(f) of the EU AI Act prohibits inferring emotions of people in the workplace"
              + " and in education");
    }
    return Arrays.stream(values())
        .filter(purpose -> purpose.word.equals(word))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("purpose is not known: give one of " + words()));
  }
}
