package io.moodline.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.ingest.AnnotatedCopy;
import io.moodline.sink.FaceOverlay;
import io.moodline.sink.LabelColours;
import io.moodline.sink.PixelText;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Draws a replay's result on the recording: boxes and labels on the pictures, the timeline with the
 * current place under them. A box is drawn with a thick line on the picture that was analysed, and
 * with a thin one on those that follow it until the next was due. Confined to one thread.
 */
final class ReplayPainter implements AnnotatedCopy.Painter {
  private static final int TEXT_ROWS = 13;
  private static final int CHART_ROWS = 60;
  private static final Color BACKGROUND = new Color(0x16191d);
  private static final Color EMPTY = new Color(0x2a2f36);
  private static final Color MISSING = new Color(0x4a2a2a);

  private final TreeMap<Long, List<FaceOverlay.Mark>> found = new TreeMap<>();
  private final List<Column> columns = new ArrayList<>();
  private final long holdMicros;
  private final long durationMicros;
  private @Nullable BufferedImage chart;

  /** One window in media time. */
  private record Column(long fromMicros, long toMicros, Map<String, Double> scores) {}

  /**
   * A painter.
   *
   * @param framesPerSecond how often the recording was analysed
   * @param timeline as the API answers it
   * @param start the recording's beginning in event time
   */
  ReplayPainter(
      List<FoundFace> faces,
      double framesPerSecond,
      JsonNode timeline,
      Instant start,
      long durationMicros) {
    faces.forEach(
        face ->
            found
                .computeIfAbsent(face.mediaTimeMicros(), time -> new ArrayList<>())
                .add(face.mark()));
    timeline.path("windows").forEach(window -> columns.add(column(window, start)));
    this.holdMicros = Math.round(1e6 / framesPerSecond);
    long end = columns.isEmpty() ? 0 : columns.get(columns.size() - 1).toMicros();
    this.durationMicros = Math.max(1, durationMicros > 0 ? durationMicros : end);
  }

  private static Column column(JsonNode window, Instant start) {
    Map<String, Double> scores = new TreeMap<>();
    window
        .path("scores")
        .properties()
        .forEach(score -> scores.put(score.getKey(), score.getValue().asDouble()));
    return new Column(
        micros(start, window.path("start").asText()),
        micros(start, window.path("end").asText()),
        scores);
  }

  private static long micros(Instant start, String time) {
    return Duration.between(start, Instant.parse(time)).toNanos() / 1000;
  }

  @Override
  public int heightBelow(int width) {
    int height = (TEXT_ROWS + CHART_ROWS + 3) * FaceOverlay.scale(width);
    return height + height % 2;
  }

  @Override
  public void paint(BufferedImage canvas, int pictureHeight, long mediaTimeMicros) {
    List<FaceOverlay.Mark> marks = List.of();
    var latest = found.floorEntry(mediaTimeMicros);
    if (latest != null && mediaTimeMicros - latest.getKey() < holdMicros) {
      marks = latest.getValue();
      FaceOverlay.draw(canvas, pictureHeight, marks, latest.getKey() == mediaTimeMicros);
    }
    Graphics2D graphics = canvas.createGraphics();
    try {
      paintStrip(graphics, canvas.getWidth(), pictureHeight, canvas.getHeight(), mediaTimeMicros);
    } finally {
      graphics.dispose();
    }
  }

  private void paintStrip(Graphics2D graphics, int width, int top, int bottom, long time) {
    int scale = FaceOverlay.scale(width);
    graphics.setColor(BACKGROUND);
    graphics.fillRect(0, top, width, bottom - top);
    PixelText.draw(graphics, clock(time), 3 * scale, top + 3 * scale, scale, Color.WHITE);
    paintLegend(graphics, width, top + 3 * scale, scale, time);
    BufferedImage drawn = chart(width, CHART_ROWS * scale);
    int chartTop = top + TEXT_ROWS * scale;
    graphics.drawImage(drawn, 0, chartTop, null);
    graphics.setColor(Color.WHITE);
    int x = (int) Math.min(width - scale, time * width / durationMicros);
    graphics.fillRect(x, chartTop, scale, drawn.getHeight());
  }

  /** What the current window shows, the likeliest first, as far as there is room. */
  private void paintLegend(Graphics2D graphics, int width, int y, int scale, long time) {
    int x = 3 * scale + PixelText.width(clock(time) + "  ", scale);
    List<Map.Entry<String, Double>> scores =
        columns.stream()
            .filter(column -> column.fromMicros() <= time && time < column.toMicros())
            .findFirst()
            .map(column -> new ArrayList<>(column.scores().entrySet()))
            .orElseGet(ArrayList::new);
    scores.sort(Map.Entry.<String, Double>comparingByValue().reversed());
    for (Map.Entry<String, Double> score : scores) {
      String text = String.format(Locale.ROOT, "%s %.2f", score.getKey(), score.getValue());
      int length = PixelText.width(text + "  ", scale);
      if (x + length > width || score.getValue() < 0.01) {
        return;
      }
      PixelText.draw(graphics, text, x, y, scale, LabelColours.of(score.getKey()).brighter());
      x += length;
    }
  }

  private static String clock(long micros) {
    long seconds = micros / 1_000_000;
    return String.format(
        Locale.ROOT,
        "%d:%02d:%02d.%d",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        micros / 100_000 % 10);
  }

  /** Mean scores stacked; dark where nobody was seen, red where nothing was looked at. */
  private BufferedImage chart(int width, int height) {
    BufferedImage made = chart;
    if (made != null && made.getWidth() == width) {
      return made;
    }
    made = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
    Graphics2D graphics = made.createGraphics();
    graphics.setColor(MISSING);
    graphics.fillRect(0, 0, width, height);
    for (Column column : columns) {
      int from = place(column.fromMicros(), width);
      int to = Math.max(from + 1, place(column.toMicros(), width));
      graphics.setColor(EMPTY);
      graphics.fillRect(from, 0, to - from, height);
      double below = 0;
      for (Map.Entry<String, Double> score : column.scores().entrySet()) {
        int high = (int) Math.round(height * (1 - below));
        below += score.getValue();
        int low = (int) Math.round(height * (1 - below));
        graphics.setColor(LabelColours.of(score.getKey()));
        graphics.fillRect(from, low, to - from, high - low);
      }
    }
    graphics.dispose();
    chart = made;
    return made;
  }

  private int place(long micros, int width) {
    return (int) Math.max(0, Math.min(width, Math.round((double) micros * width / durationMicros)));
  }
}
