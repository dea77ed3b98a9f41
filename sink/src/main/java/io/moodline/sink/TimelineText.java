package io.moodline.sink;

import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedSet;

/**
 * Rows and cues of a timeline as CSV and WebVTT, whose files {@link ExportFormat} writes; as JSON
 * see {@link TimelineJson}. A window in which nothing was seen of the stream is absent; one that
 * was analysed and showed no face has {@code faces} 0 and no scores. Thread-safe.
 */
final class TimelineText {
  enum Format {
    JSON,
    CSV,
    VTT
  }

  static final String VTT_HEADER =
      "WEBVTT\n\nNOTE\nA score says how a face looks, not what a person feels.\n";

  private TimelineText() {}

  static String csvHeader(SortedSet<String> labels) {
    StringBuilder row =
        new StringBuilder(
            "start,end,coverage,frames,faces,labelled,analysed,skipped,failed,dropped,complete,dominant");
    labels.forEach(label -> row.append(',').append(cell(label)));
    return row.append("\r\n").toString();
  }

  /** One window, with a column per label that occurs; without faces the scores are blank. */
  static String csvRow(TimelineWindow window, SortedSet<String> labels) {
    StringBuilder row = new StringBuilder();
    row.append(Times.show(window.getStart()))
        .append(',')
        .append(Times.show(end(window)))
        .append(',')
        .append(decimal(window.getCoverage()))
        .append(',')
        .append(frames(window))
        .append(',')
        .append(window.getFaces())
        .append(',')
        .append(window.getLabelled())
        .append(',')
        .append(window.getAnalysed())
        .append(',')
        .append(Ledgers.sum(window.getSkipped()))
        .append(',')
        .append(Ledgers.sum(window.getFailed()))
        .append(',')
        .append(Ledgers.sum(window.getDropped()))
        .append(',')
        .append(window.getComplete())
        .append(',')
        .append(cell(Optional.ofNullable(window.getDominant()).orElse("")));
    for (String label : labels) {
      Double score = window.getScores().get(label);
      row.append(',').append(score == null ? "" : decimal(score));
    }
    return row.append("\r\n").toString();
  }

  /** What a player calls 0:00: a recording's beginning, or the first window of a live stream. */
  static Instant zero(StreamSpec spec, Instant firstWindow) {
    return spec.getKind() == StreamKind.RECORDING
        ? Optional.ofNullable(spec.getStart()).orElse(Instant.EPOCH)
        : firstWindow;
  }

  /**
   * One cue, in the recording's own time, to be shown beside the video; nothing for a window
   * without a dominant label.
   */
  static String vttCue(TimelineWindow window, Instant zero) {
    String dominant = window.getDominant();
    return dominant == null
        ? ""
        : "\n"
            + mediaTime(Duration.between(zero, window.getStart()))
            + " --> "
            + mediaTime(Duration.between(zero, end(window)))
            + "\n"
            + dominant
            + " "
            + decimal(window.getScores().getOrDefault(dominant, 0.0))
            + "\n";
  }

  private static String mediaTime(Duration time) {
    long millis = Math.max(0, time.toMillis());
    return String.format(
        Locale.ROOT,
        "%02d:%02d:%02d.%03d",
        millis / 3_600_000,
        millis / 60_000 % 60,
        millis / 1000 % 60,
        millis % 1000);
  }

  static Instant end(TimelineWindow window) {
    return window.getStart().plusMillis(window.getStepMillis());
  }

  /** Frames that have ended, however they did. */
  static long frames(TimelineWindow window) {
    return window.getAnalysed()
        + Ledgers.sum(window.getSkipped())
        + Ledgers.sum(window.getFailed());
  }

  static String decimal(double value) {
    return String.format(Locale.ROOT, "%.6f", value);
  }

  /** RFC 4180, and nothing that a spreadsheet would take for a formula. */
  private static String cell(String text) {
    String safe = text.isEmpty() || "=+-@\t\r".indexOf(text.charAt(0)) < 0 ? text : "'" + text;
    return safe.matches("[^\",\r\n]*") ? safe : '"' + safe.replace("\"", "\"\"") + '"';
  }
}
