package io.moodline.sink;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

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

  static final String VTT_HEADER =
      "WEBVTT\n\nNOTE\nA score says how a face looks, not what a person feels.\n";
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private TimelineText() {}

  /** What an answer begins with: whose windows they are. */
  static ObjectNode head(String streamId, @Nullable Long track) {
    return JsonNodeFactory.instance.objectNode().put("stream", streamId).put("track", track);
  }

  static ObjectNode json(ObjectNode head, Duration step, List<TimelineWindow> windows) {
    ObjectNode body = head.put("step", Times.showStep(step));
    ArrayNode array = body.putArray("windows");
    windows.forEach(window -> array.add(json(window)));
    return body;
  }

  /** The same as {@link #json(ObjectNode, Duration, List)}, written while it is read. */
  static void json(OutputStream to, ObjectNode head, BooleanSupplier stale, TimelineWindows windows)
      throws IOException {
    try (JsonGenerator json = MAPPER.createGenerator(to)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT);
      json.writeStartObject();
      for (Map.Entry<String, JsonNode> field : head.properties()) {
        json.writeFieldName(field.getKey());
        json.writeTree(field.getValue());
      }
      json.writeStringField("step", Times.showStep(windows.step()));
      json.writeArrayFieldStart("windows");
      windows.forEach(window -> json.writeTree(json(window)));
      json.writeEndArray();
      json.writeBooleanField("thinned", false);
      json.writeBooleanField("stale", stale.getAsBoolean()); // last: any page may have been stale
      json.writeEndObject();
    }
  }

  /** At most so many of the windows, those that a picture of the scores needs most. */
  static List<TimelineWindow> thin(List<TimelineWindow> windows, int most) {
    if (windows.size() <= most) {
      return windows;
    }
    TreeSet<String> labels = new TreeSet<>();
    windows.forEach(window -> labels.addAll(window.getScores().keySet()));
    long[] times = windows.stream().mapToLong(it -> it.getStart().toEpochMilli()).toArray();
    double[][] scores =
        windows.stream()
            .map(
                window ->
                    labels.stream()
                        .mapToDouble(label -> window.getScores().getOrDefault(label, 0.0))
                        .toArray())
            .toArray(double[][]::new);
    return Arrays.stream(Lttb.pick(times, scores, most)).mapToObj(windows::get).toList();
  }

  /** One window, as it stands in an answer and on a line of an export. */
  static ObjectNode json(TimelineWindow window) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("start", Times.show(window.getStart()))
        .put("end", Times.show(end(window)))
        .put("coverage", window.getCoverage())
        .put("frames", frames(window))
        .put("faces", window.getFaces())
        .put("labelled", window.getLabelled());
    ObjectNode withheld = node.putObject("withheld");
    new TreeMap<>(window.getWithheld()).forEach(withheld::put);
    ObjectNode quantiles = node.putObject("quantiles");
    new TreeMap<>(window.getQuantiles())
        .forEach(
            (label, of) ->
                quantiles
                    .putObject(label)
                    .put("p10", of.getP10())
                    .put("p50", of.getP50())
                    .put("p90", of.getP90()));
    ObjectNode scores = node.putObject("scores");
    new TreeMap<>(window.getScores()).forEach(scores::put);
    node.put("dominant", window.getDominant())
        .put("analysed", window.getAnalysed())
        .put("skipped", StreamJson.sum(window.getSkipped()))
        .put("failed", StreamJson.sum(window.getFailed()))
        .put("dropped", StreamJson.sum(window.getDropped()));
    node.set("droppedByReason", StreamJson.counts(window.getDropped()));
    node.put("complete", window.getComplete());
    return node;
  }

  /** One row per window, one column per label that occurs; without faces the scores are blank. */
  static String csv(List<TimelineWindow> windows) {
    TreeSet<String> labels = new TreeSet<>();
    windows.forEach(window -> labels.addAll(window.getScores().keySet()));
    StringBuilder csv = new StringBuilder(csvHeader(labels));
    windows.forEach(window -> csv.append(csvRow(window, labels)));
    return csv.toString();
  }

  static String csvHeader(SortedSet<String> labels) {
    StringBuilder row =
        new StringBuilder(
            "start,end,coverage,frames,faces,labelled,analysed,skipped,failed,dropped,complete,dominant");
    labels.forEach(label -> row.append(',').append(cell(label)));
    return row.append("\r\n").toString();
  }

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
      row.append(',').append(score == null ? "" : decimal(score));
    }
    return row.append("\r\n").toString();
  }

  /**
   * A cue per window that has a dominant label, in the recording's own time, to be shown beside the
   * video.
   */
  static String vtt(StreamSpec spec, List<TimelineWindow> windows) {
    Instant first = windows.isEmpty() ? Instant.EPOCH : windows.get(0).getStart();
    StringBuilder vtt = new StringBuilder(VTT_HEADER);
    windows.forEach(window -> vtt.append(vttCue(window, zero(spec, first))));
    return vtt.toString();
  }

  /** What a player calls 0:00: a recording's beginning, or the first window of a live stream. */
  static Instant zero(StreamSpec spec, Instant firstWindow) {
    return spec.getKind() == StreamKind.RECORDING
        ? Optional.ofNullable(spec.getStart()).orElse(Instant.EPOCH)
        : firstWindow;
  }

  /** One cue; nothing for a window without a dominant label. */
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
        + StreamJson.sum(window.getSkipped())
        + StreamJson.sum(window.getFailed());
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
