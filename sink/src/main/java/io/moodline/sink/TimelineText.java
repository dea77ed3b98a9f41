package io.moodline.sink;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A timeline as JSON, CSV and WebVTT. A window in which nothing was seen of the stream is absent;
 * one that was analysed and showed no face has {@code faces} 0 and no scores. Thread-safe.
 */
final class TimelineText {
  enum Format {
    JSON,
    CSV,
    VTT
  }

  private TimelineText() {}

  static ObjectNode json(String streamId, Duration step, List<TimelineWindow> windows) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("stream", streamId).put("step", Times.showStep(step));
    ArrayNode array = body.putArray("windows");
    windows.forEach(window -> array.add(json(window)));
    return body;
  }

  private static ObjectNode json(TimelineWindow window) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("start", Times.show(window.getStart()))
        .put("end", Times.show(end(window)))
        .put("coverage", window.getCoverage())
        .put("frames", frames(window))
        .put("faces", window.getFaces())
        .put("labelled", window.getLabelled());
    ObjectNode withheld = node.putObject("withheld");
    new TreeMap<>(window.getWithheld()).forEach(withheld::put);
    ObjectNode scores = node.putObject("scores");
    new TreeMap<>(window.getScores()).forEach(scores::put);
    node.put("dominant", window.getDominant())
        .put("analysed", window.getAnalysed())
        .put("skipped", StreamJson.sum(window.getSkipped()))
        .put("failed", StreamJson.sum(window.getFailed()))
        .put("dropped", StreamJson.sum(window.getDropped()))
        .put("complete", window.getComplete());
    return node;
  }

  /** One row per window, one column per label that occurs; without faces the scores are blank. */
  static String csv(List<TimelineWindow> windows) {
    TreeSet<String> labels = new TreeSet<>();
    windows.forEach(window -> labels.addAll(window.getScores().keySet()));
    StringBuilder csv =
        new StringBuilder(
            "start,end,coverage,frames,faces,labelled,analysed,skipped,failed,dropped,complete,dominant");
    labels.forEach(label -> csv.append(',').append(cell(label)));
    csv.append("\r\n");
    for (TimelineWindow window : windows) {
      csv.append(Times.show(window.getStart()))
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
          .append(StreamJson.sum(window.getSkipped()))
          .append(',')
          .append(StreamJson.sum(window.getFailed()))
          .append(',')
          .append(StreamJson.sum(window.getDropped()))
          .append(',')
          .append(window.getComplete())
          .append(',')
          .append(cell(Optional.ofNullable(window.getDominant()).orElse("")));
      for (String label : labels) {
        Double score = window.getScores().get(label);
        csv.append(',').append(score == null ? "" : decimal(score));
      }
      csv.append("\r\n");
    }
    return csv.toString();
  }

  /**
   * A cue per window that has a dominant label, in the recording's own time, to be shown beside the
   * video.
   */
  static String vtt(StreamSpec spec, List<TimelineWindow> windows) {
    Instant zero =
        spec.getKind() == StreamKind.RECORDING
            ? Optional.ofNullable(spec.getStart()).orElse(Instant.EPOCH)
            : windows.isEmpty() ? Instant.EPOCH : windows.get(0).getStart();
    StringBuilder vtt =
        new StringBuilder(
            "WEBVTT\n\nNOTE\nA score says how a face looks, not what a person feels.\n");
    for (TimelineWindow window : windows) {
      if (window.getDominant() == null) {
        continue;
      }
      vtt.append('\n')
          .append(mediaTime(Duration.between(zero, window.getStart())))
          .append(" --> ")
          .append(mediaTime(Duration.between(zero, end(window))))
          .append('\n')
          .append(window.getDominant())
          .append(' ')
          .append(decimal(window.getScores().getOrDefault(window.getDominant(), 0.0)))
          .append('\n');
    }
    return vtt.toString();
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

  private static Instant end(TimelineWindow window) {
    return window.getStart().plusMillis(window.getStepMillis());
  }

  /** Frames that have ended, however they did. */
  private static long frames(TimelineWindow window) {
    return window.getAnalysed()
        + StreamJson.sum(window.getSkipped())
        + StreamJson.sum(window.getFailed());
  }

  private static String decimal(double value) {
    return String.format(Locale.ROOT, "%.6f", value);
  }

  /** RFC 4180, and nothing that a spreadsheet would take for a formula. */
  private static String cell(String text) {
    String safe = text.isEmpty() || "=+-@\t\r".indexOf(text.charAt(0)) < 0 ? text : "'" + text;
    return safe.matches("[^\",\r\n]*") ? safe : '"' + safe.replace("\"", "\"\"") + '"';
  }
}
