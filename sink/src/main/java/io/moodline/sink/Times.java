package io.moodline.sink;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Times and steps as the API spells them: RFC 3339, UTC, milliseconds. Thread-safe. */
final class Times {
  private static final DateTimeFormatter FORMAT =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** No time that the API reads is before this one, or after {@link #LAST}. */
  static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");

  static final Instant LAST = Instant.parse("9999-01-01T00:00:00Z");

  private static final Map<String, Duration> STEPS =
      Map.of(
          "1s", Duration.ofSeconds(1),
          "10s", Duration.ofSeconds(10),
          "1m", Duration.ofMinutes(1),
          "1h", Duration.ofHours(1));

  private Times() {}

  static String show(Instant time) {
    return FORMAT.format(time);
  }

  static @Nullable String showOrNull(@Nullable Instant time) {
    return time == null ? null : show(time);
  }

  /** Reads a time; the problem names the field. */
  static Instant read(String field, String text) {
    try {
      Instant time =
          OffsetDateTime.parse(text).toInstant().truncatedTo(java.time.temporal.ChronoUnit.MICROS);
      if (time.isBefore(FIRST) || time.isAfter(LAST)) {
        throw Problem.malformed(field + " is out of range: give a year from 1 to 9998");
      }
      return time;
    } catch (DateTimeException e) {
      throw Problem.malformed(
          field + " is no time: write RFC 3339, for example 2026-11-21T18:00:00.000Z");
    }
  }

  /** Reads a step such as {@code 1s}, {@code 1000ms} or {@code PT1S}. */
  static Duration readStep(String text) {
    Duration step = STEPS.get(text);
    if (step == null && text.matches("[0-9]{1,9}ms")) {
      step = Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)));
    }
    if (step == null && text.startsWith("PT") && text.length() < 20) {
      try {
        step = Duration.parse(text);
      } catch (DateTimeException e) {
        throw unknownStep();
      }
    }
    if (step == null || !STEPS.containsValue(step)) {
      throw unknownStep();
    }
    return step;
  }

  private static Problem unknownStep() {
    return Problem.malformed("step is not known: give 1s, 10s, 1m or 1h");
  }

  static String showStep(Duration step) {
    return STEPS.entrySet().stream()
        .filter(entry -> entry.getValue().equals(step))
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no step of ours: " + step));
  }
}
