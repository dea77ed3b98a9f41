package io.moodline.sink;

import io.moodline.schemas.v1.StreamSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The files that a timeline can be exported as. Each is written while windows are read; CSV and
 * Arrow read them twice, because their columns, the labels, come first. Thread-safe.
 */
enum ExportFormat {
  CSV("text/csv; charset=utf-8", ExportFormat::csv),
  JSONL("application/jsonl", ExportFormat::jsonLines),
  ARROW("application/vnd.apache.arrow.file", ExportFormat::arrow),
  VTT("text/vtt; charset=utf-8", ExportFormat::vtt),
  EAF("application/xml", ElanFile::write);

  private final String mediaType;
  private final Content content;

  ExportFormat(String mediaType, Content content) {
    this.mediaType = mediaType;
    this.content = content;
  }

  private interface Content {
    void write(StreamSpec spec, TimelineWindows windows, OutputStream out) throws IOException;
  }

  /** The format with a file ending such as {@code csv}. */
  static Optional<ExportFormat> of(String ending) {
    return Arrays.stream(values()).filter(it -> it.ending().equals(ending)).findFirst();
  }

  String ending() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  String mediaType() {
    return mediaType;
  }

  /**
   * Writes the whole file; {@code out} is neither flushed nor closed.
   *
   * @throws IOException when {@code out} takes no more, or when the timeline changed so much
   *     meanwhile that the file would be wrong
   */
  void write(StreamSpec spec, TimelineWindows windows, OutputStream out) throws IOException {
    content.write(spec, windows, out);
  }

  private static void csv(StreamSpec spec, TimelineWindows windows, OutputStream out)
      throws IOException {
    SortedSet<String> labels = labels(windows);
    put(out, TimelineText.csvHeader(labels));
    windows.forEach(
        window -> {
          checkColumns(labels, window.getScores().keySet());
          put(out, TimelineText.csvRow(window, labels));
        });
  }

  private static void jsonLines(StreamSpec spec, TimelineWindows windows, OutputStream out)
      throws IOException {
    windows.forEach(
        window -> {
          out.write(TimelineJson.line(window));
          out.write('\n');
        });
  }

  private static void arrow(StreamSpec spec, TimelineWindows windows, OutputStream out)
      throws IOException {
    SortedSet<String> labels = labels(windows);
    ArrowTimeline file = new ArrowTimeline(out, labels);
    windows.forEach(
        window -> {
          checkColumns(labels, window.getScores().keySet());
          file.add(window);
        });
    file.end();
  }

  private static void vtt(StreamSpec spec, TimelineWindows windows, OutputStream out)
      throws IOException {
    put(out, TimelineText.VTT_HEADER);
    Instant[] zero = new Instant[1];
    windows.forEach(
        window -> {
          if (zero[0] == null) {
            zero[0] = TimelineText.zero(spec, window.getStart());
          }
          put(out, TimelineText.vttCue(window, zero[0]));
        });
  }

  private static SortedSet<String> labels(TimelineWindows windows) throws IOException {
    SortedSet<String> labels = new TreeSet<>();
    windows.forEach(window -> labels.addAll(window.getScores().keySet()));
    return labels;
  }

  private static void checkColumns(SortedSet<String> columns, java.util.Set<String> labels)
      throws IOException {
    if (!columns.containsAll(labels)) {
      throw new IOException("a label turned up after the columns were written");
    }
  }

  static void put(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
  }
}
