package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A timeline as a small table with a bar per window: each label's mean score is a stretch of the
 * bar, in the label's colour or, without colours, its letter. Thread-safe.
 */
final class TimelineText {
  private static final int BAR = 40;

  /**
   * Letter and ANSI 256-colour of each label that Moodline's own bundles know; others take what is
   * left.
   */
  private static final Map<String, String> LETTERS =
      Map.of(
          "neutral", "N",
          "happiness", "H",
          "surprise", "U",
          "sadness", "S",
          "anger", "A",
          "disgust", "D",
          "fear", "F",
          "contempt", "C");

  private static final Map<String, Integer> COLOURS =
      Map.of(
          "neutral", 246,
          "happiness", 220,
          "surprise", 208,
          "sadness", 33,
          "anger", 160,
          "disgust", 64,
          "fear", 97,
          "contempt", 131);

  /**
   * The order of FER+, in which stretches follow one another; labels of other bundles come after.
   */
  private static final List<String> ORDER =
      List.of(
          "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt");

  private final boolean colours;

  TimelineText(boolean colours) {
    this.colours = colours;
  }

  /**
   * Draws a timeline.
   *
   * @param timeline as the API answers it
   * @param origin instant that is shown as 00:00; null for the clock's time of UTC
   */
  List<String> draw(JsonNode timeline, @Nullable Instant origin) {
    List<String> lines = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    lines.add(
        String.format(
                Locale.ROOT,
                "%9s %6s %6s %9s  %-11s",
                "time",
                "frames",
                "faces",
                "coverage",
                "mostly")
            + "scores, 0 to 1");
    Instant expected = null;
    LocalDate day = null;
    for (JsonNode window : timeline.path("windows")) {
      Instant start = Instant.parse(window.path("start").asText());
      if (expected != null && start.isAfter(expected)) {
        lines.add(String.format(Locale.ROOT, "%9s", "...") + "  nothing was recorded");
      }
      expected = Instant.parse(window.path("end").asText());
      LocalDate date = LocalDate.ofInstant(start, ZoneOffset.UTC);
      if (origin == null && !date.equals(day)) {
        lines.add(date + " UTC");
        day = date;
      }
      window.path("scores").fieldNames().forEachRemaining(seen::add);
      lines.add(
          row(
              window,
              origin == null
                  ? LocalTime.ofInstant(start, ZoneOffset.UTC).format(DateTimeFormatter.ISO_TIME)
                  : clock(Duration.between(origin, start))));
    }
    if (timeline.path("windows").isEmpty()) {
      lines.add("          no windows: no frame was analysed");
    }
    if (!seen.isEmpty()) {
      lines.add("");
      lines.add(legend(ordered(seen.iterator())));
    }
    return lines;
  }

  private String row(JsonNode window, String at) {
    long faces = window.path("faces").asLong();
    String dominant = window.path("dominant").asText("");
    return String.format(
            Locale.ROOT,
            "%9s %6d %6d %8.0f%%  %-11s",
            at,
            window.path("frames").asLong(),
            faces,
            100 * window.path("coverage").asDouble(),
            faces == 0 ? "no face" : dominant.isEmpty() ? "withheld" : dominant)
        + (faces == 0 ? "" : bar(window.path("scores")));
  }

  /** Cumulative rounding, so that the stretches always fill the bar exactly. */
  private String bar(JsonNode scores) {
    StringBuilder bar = new StringBuilder();
    double sum = 0;
    int drawn = 0;
    for (String label : ordered(scores.fieldNames())) {
      sum += scores.path(label).asDouble();
      int end = (int) Math.min(BAR, Math.round(sum * BAR));
      if (end > drawn) {
        bar.append(paint(label, end - drawn));
        drawn = end;
      }
    }
    return bar.toString();
  }

  private static List<String> ordered(Iterator<String> labels) {
    List<String> list = new ArrayList<>();
    labels.forEachRemaining(list::add);
    list.sort(
        Comparator.comparingInt(
                (String label) -> Math.floorMod(ORDER.indexOf(label), Integer.MAX_VALUE))
            .thenComparing(Comparator.naturalOrder()));
    return list;
  }

  private String paint(String label, int length) {
    String letter = letter(label);
    if (!colours) {
      return letter.repeat(length);
    }
    int colour = COLOURS.getOrDefault(label, 60 + Math.floorMod(label.hashCode(), 100));
    return "\u001b[48;5;"
        + colour
        + "m\u001b[38;5;16m"
        + letter
        + " ".repeat(length - 1)
        + "\u001b[0m";
  }

  private String legend(List<String> labels) {
    StringBuilder legend = new StringBuilder("          ");
    for (String label : labels) {
      legend.append(paint(label, 1)).append(' ').append(label).append("  ");
    }
    return legend.toString().stripTrailing();
  }

  private static String letter(String label) {
    return LETTERS.getOrDefault(label, label.substring(0, 1).toUpperCase(Locale.ROOT));
  }

  static String clock(Duration time) {
    String sign = time.isNegative() ? "-" : "";
    long seconds = time.abs().toSeconds();
    return seconds >= 3600
        ? String.format(
            Locale.ROOT, "%s%d:%02d:%02d", sign, seconds / 3600, seconds / 60 % 60, seconds % 60)
        : String.format(Locale.ROOT, "%s%02d:%02d", sign, seconds / 60, seconds % 60);
  }
}
