package io.moodline.deploy;

import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;

/**
 * Takes an instant as the API does, or how long ago it was: {@code 90s}, {@code 15m}, {@code 2h},
 * {@code 3d}. Anything else is left to the server, which says what is wrong with it. Thread-safe.
 */
final class PastTime implements ITypeConverter<String> {
  private static final Pattern AGO = Pattern.compile("(\\d{1,9})([smhd])");

  @Override
  public String convert(String text) {
    return at(text, Instant.now());
  }

  static String at(String text, Instant now) {
    Matcher ago = AGO.matcher(text);
    return ago.matches()
        ? now.minus(length(Long.parseLong(ago.group(1)), ago.group(2))).toString()
        : text;
  }

  private static Duration length(long number, String unit) {
    return switch (unit) {
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }
}
