package io.moodline.runtime;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One setting, declared once: key, what it means, what it is when nobody sets it, and how its text
 * is read.
 *
 * <p>The configuration reference and {@code --help} are made from these declarations. Thread-safe.
 *
 * @param key dotted lower-case words, for example {@code http.port}
 * @param meaning a sentence for users, with unit and range
 * @param defaultText the default as a user would write it
 */
public record Setting<T>(
    String key, String meaning, String defaultText, Function<String, T> reader) {
  private static final Pattern DURATION = Pattern.compile("([0-9]+)(ms|s|m|h|d)");

  /** Any text. */
  public static Setting<String> text(String key, String defaultText, String meaning) {
    return new Setting<>(key, meaning, defaultText, text -> text);
  }

  /** One of a few words. */
  public static Setting<String> choice(String key, List<String> choices, String meaning) {
    return new Setting<>(
        key,
        meaning + " One of: " + String.join(", ", choices) + ".",
        choices.get(0),
        text -> {
          if (!choices.contains(text)) {
            throw new IllegalArgumentException("use one of " + String.join(", ", choices));
          }
          return text;
        });
  }

  /** A whole number from {@code min} to {@code max}. */
  public static Setting<Integer> integer(String key, int value, int min, int max, String meaning) {
    return new Setting<>(
        key,
        meaning,
        Integer.toString(value),
        text -> {
          int number = Integer.parseInt(text);
          within(number >= min && number <= max, min, max);
          return number;
        });
  }

  /** A number from {@code min} to {@code max}. */
  public static Setting<Double> decimal(
      String key, double value, double min, double max, String meaning) {
    return new Setting<>(
        key,
        meaning,
        Double.toString(value),
        text -> {
          double number = Double.parseDouble(text);
          within(number >= min && number <= max, min, max);
          return number;
        });
  }

  /** {@code true} or {@code false}. */
  public static Setting<Boolean> flag(String key, boolean value, String meaning) {
    return new Setting<>(
        key,
        meaning,
        Boolean.toString(value),
        text ->
            switch (text.toLowerCase(Locale.ROOT)) {
              case "true" -> true;
              case "false" -> false;
              default -> throw new IllegalArgumentException("use true or false");
            });
  }

  /** A length of time such as {@code 250ms}, {@code 10s}, {@code 5m}, {@code 24h}, {@code 30d}. */
  public static Setting<Duration> duration(String key, String value, String meaning) {
    return new Setting<>(key, meaning, value, Setting::readDuration);
  }

  /** A file or folder. */
  public static Setting<Path> path(String key, String value, String meaning) {
    return new Setting<>(key, meaning, value, Path::of);
  }

  /**
   * Reads a value.
   *
   * @throws UserException naming the key, the value and what is allowed
   */
  T read(String text) {
    try {
      return reader.apply(text.strip());
    } catch (IllegalArgumentException e) {
      String why = e instanceof NumberFormatException ? "that is not a number" : e.getMessage();
      throw new UserException("setting " + key + " = '" + text + "' is not valid: " + why, e);
    }
  }

  /** The environment variable that sets it: {@code MOODLINE_HTTP_PORT} for {@code http.port}. */
  public String environmentName() {
    return "MOODLINE_" + key.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_");
  }

  private static void within(boolean holds, Number min, Number max) {
    if (!holds) {
      throw new IllegalArgumentException("use " + min + " to " + max);
    }
  }

  private static Duration readDuration(String text) {
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("write a length of time such as 250ms, 10s, 5m or 24h");
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      case "h" -> Duration.ofHours(amount);
      default -> Duration.ofDays(amount);
    };
  }

  /** Concatenates the declarations of several modules. */
  @SafeVarargs
  public static List<Setting<?>> all(List<Setting<?>>... modules) {
    return Arrays.stream(modules).flatMap(List::stream).toList();
  }
}
