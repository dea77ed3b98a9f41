package io.moodline.sink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.schemas.v1.ScoreQuantiles;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A timeline as JSON, written without a tree in between: a window holds some fifty numbers. Maps
 * are written in the order of their keys. Thread-safe.
 */
final class TimelineJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER).build())
          .build();

  /** What one window takes, about. */
  private static final int WINDOW_BYTES = 1000;

  private TimelineJson() {}

  /** What an answer begins with: whose windows they are. */
  static ObjectNode head(String streamId, @Nullable Long track) {
    return JsonNodeFactory.instance.objectNode().put("stream", streamId).put("track", track);
  }

  /** What writes windows, one after the other. */
  private interface Windows {
    void write(JsonGenerator json) throws IOException;
  }

  /** A whole answer of windows that are in memory. */
  static byte[] answer(
      ObjectNode head,
      Duration step,
      List<TimelineWindow> windows,
      boolean thinned,
      boolean stale) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1000 + WINDOW_BYTES * windows.size());
    try {
      write(
          out,
          head,
          step,
          thinned,
          () -> stale,
          json -> {
            for (TimelineWindow window : windows) {
              write(json, window);
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory does not fail so
    }
    return out.toByteArray();
  }

  /** The same of windows that are read while they are written, and not thinned. */
  static void stream(
      OutputStream to, ObjectNode head, BooleanSupplier stale, TimelineWindows windows)
      throws IOException {
    write(
        to,
        head,
        windows.step(),
        false,
        stale,
        json -> windows.forEach(window -> write(json, window)));
  }

  private static void write(
      OutputStream to,
      ObjectNode head,
      Duration step,
      boolean thinned,
      BooleanSupplier stale,
      Windows windows)
      throws IOException {
    try (JsonGenerator json = MAPPER.createGenerator(to)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT);
      json.writeStartObject();
      for (Map.Entry<String, JsonNode> field : head.properties()) {
        json.writeFieldName(field.getKey());
        json.writeTree(field.getValue());
      }
      json.writeStringField("step", Times.showStep(step));
      json.writeArrayFieldStart("windows");
      windows.write(json);
      json.writeEndArray();
      json.writeBooleanField("thinned", thinned);
      json.writeBooleanField("stale", stale.getAsBoolean()); // last: any page may have been stale
      json.writeEndObject();
    }
  }

  /** One window alone, without a line's end. */
  static byte[] line(TimelineWindow window) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream(WINDOW_BYTES);
    try (JsonGenerator json = MAPPER.createGenerator(out)) {
      write(json, window);
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator json, TimelineWindow window) throws IOException {
    json.writeStartObject();
    json.writeStringField("start", Times.show(window.getStart()));
    json.writeStringField("end", Times.show(TimelineText.end(window)));
    json.writeNumberField("coverage", window.getCoverage());
    json.writeNumberField("frames", TimelineText.frames(window));
    json.writeNumberField("faces", window.getFaces());
    json.writeNumberField("labelled", window.getLabelled());
    counts(json, "withheld", window.getWithheld());
    quantiles(json, window.getQuantiles());
    json.writeObjectFieldStart("scores");
    for (Map.Entry<String, Double> score : sorted(window.getScores())) {
      json.writeNumberField(score.getKey(), score.getValue());
    }
    json.writeEndObject();
    json.writeStringField("dominant", window.getDominant());
    json.writeNumberField("analysed", window.getAnalysed());
    json.writeNumberField("skipped", Ledgers.sum(window.getSkipped()));
    json.writeNumberField("failed", Ledgers.sum(window.getFailed()));
    json.writeNumberField("dropped", Ledgers.sum(window.getDropped()));
    counts(json, "droppedByReason", window.getDropped());
    json.writeBooleanField("complete", window.getComplete());
    json.writeEndObject();
  }

  private static void counts(JsonGenerator json, String field, Map<String, Long> counts)
      throws IOException {
    json.writeObjectFieldStart(field);
    for (Map.Entry<String, Long> count : sorted(counts)) {
      json.writeNumberField(count.getKey(), count.getValue());
    }
    json.writeEndObject();
  }

  private static void quantiles(JsonGenerator json, Map<String, ScoreQuantiles> quantiles)
      throws IOException {
    json.writeObjectFieldStart("quantiles");
    for (Map.Entry<String, ScoreQuantiles> of : sorted(quantiles)) {
      json.writeObjectFieldStart(of.getKey());
      json.writeNumberField("p10", of.getValue().getP10());
      json.writeNumberField("p50", of.getValue().getP50());
      json.writeNumberField("p90", of.getValue().getP90());
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static <T> List<Map.Entry<String, T>> sorted(Map<String, T> map) {
    List<Map.Entry<String, T>> entries = new ArrayList<>(map.entrySet());
    entries.sort(Map.Entry.comparingByKey());
    return entries;
  }
}
