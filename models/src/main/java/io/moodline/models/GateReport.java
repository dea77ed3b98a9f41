package io.moodline.models;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * A gate that was found, and what it does to faces that had no part in finding it. Thread-safe.
 *
 * @param fittedFaces clean faces that it was found on
 * @param heldFaces clean faces that the rows and the curve are of
 * @param rows clean faces, then each way and step of spoiling them, then all together
 * @param curve accuracy of the surest clean faces by their share of all, without other limits
 */
public record GateReport(
    Gate gate,
    GateSearch.Rules rules,
    int fittedFaces,
    int heldFaces,
    List<Row> rows,
    List<CurvePoint> curve) {
  static final List<Double> COVERAGES = List.of(1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.3);
  private static final String SECTION = "## Gate";
  private static final String FIGURE = "gate";

  /**
   * What the gate does to some faces.
   *
   * @param accuracy of all of them
   * @param coverage share whose label is said
   * @param labelledAccuracy of those; NaN where there are none
   */
  public record Row(
      String name, int faces, double accuracy, double coverage, double labelledAccuracy) {}

  /** The share of faces that score {@code score} or more, and how many of them are right. */
  public record CurvePoint(double coverage, double accuracy, double score) {}

  public GateReport {
    rows = List.copyOf(rows);
    curve = List.copyOf(curve);
  }

  static String name(Degradation way, double level) {
    return switch (way) {
      case SMALL -> String.format(Locale.ROOT, "%.0f pixels", level);
      case BLURRED -> String.format(Locale.ROOT, "blurred by %.0f %% of its side", level);
      case DARK -> String.format(Locale.ROOT, "%.0f %% of the light, noise", level);
      case CUT_OFF -> String.format(Locale.ROOT, "%.0f %% cut off", level);
      case TILTED -> String.format(Locale.ROOT, "tilted by %.0f degrees", level);
    };
  }

  /** The limits and what they do, as lines of Markdown. */
  public String text() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "A label is withheld where a face of that quality loses more than %.0f points of"
                + " accuracy, or the label is right with less than %.2f. Found on %d faces and"
                + " spoilt copies of them, measured on %d others.%n%n",
            100 * rules.mostLoss(),
            rules.leastRight(),
            fittedFaces,
            heldFaces));
    text.append("| withheld as | where |\n|---|---|\n");
    limit(text, "SMALL", "less than %.1f pixels across", gate.leastPixels());
    limit(text, "BLURRED", "sharpness below %.4f", gate.leastSharpness());
    limit(text, "DARK", "brightness below %.4f", gate.leastBrightness());
    limit(text, "TURNED", "turned aside by more than %.0f degrees", gate.mostYaw());
    limit(text, "TURNED", "tilted by more than %.0f degrees", gate.mostRoll());
    limit(text, "CUT_OFF", "less than %.2f of it in the picture", gate.leastInFrame());
    limit(text, "UNSURE", "largest score below %.3f", gate.leastScore());
    text.append(
        "\n| faces | accuracy of all | labelled | accuracy of labelled |\n|---|---|---|---|\n");
    for (Row row : rows) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %.3f | %.3f | %s |%n",
              row.name(),
              row.accuracy(),
              row.coverage(),
              Double.isNaN(row.labelledAccuracy())
                  ? "-"
                  : String.format(Locale.ROOT, "%.3f", row.labelledAccuracy())));
    }
    text.append(
        "\n| surest share of clean faces | accuracy | their least score |\n|---|---|---|\n");
    for (CurvePoint point : curve) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %.2f | %.3f | %.3f |%n",
              point.coverage(),
              point.accuracy(),
              point.score()));
    }
    return text.toString();
  }

  private static void limit(StringBuilder text, String reason, String where, double value) {
    String words =
        Double.isNaN(value)
            ? "never: no such limit was found"
            : String.format(Locale.ROOT, where, value);
    text.append("| ").append(reason).append(" | ").append(words).append(" |\n");
  }

  /** Limits, rows and curve. */
  public ObjectNode toJson() {
    ObjectNode node = Manifest.JSON.createObjectNode();
    node.set("limits", gate.toJson());
    node.put("mostLoss", rules.mostLoss()).put("leastRight", rules.leastRight());
    node.put("fittedFaces", fittedFaces).put("faces", heldFaces);
    ArrayNode rowNodes = node.putArray("rows");
    for (Row row : rows) {
      ObjectNode rowNode = rowNodes.addObject().put("what", row.name()).put("faces", row.faces());
      rowNode.put("accuracy", rounded(row.accuracy())).put("coverage", rounded(row.coverage()));
      if (!Double.isNaN(row.labelledAccuracy())) {
        rowNode.put("labelledAccuracy", rounded(row.labelledAccuracy()));
      }
    }
    ArrayNode points = node.putArray("curve");
    for (CurvePoint point : curve) {
      ObjectNode pointNode = points.addObject().put("coverage", point.coverage());
      pointNode.put("accuracy", rounded(point.accuracy())).put("score", rounded(point.score()));
    }
    return node;
  }

  private static double rounded(double value) {
    return Math.round(value * 1e4) / 1e4;
  }

  /**
   * Writes the bundle {@code bundles/<name>} again with this gate, its figures and its card,
   * instead of any it had, and loads it. Network and scores stay as they are; the digest changes.
   *
   * @param dataSet what it was found on, for the card
   */
  public Bundle store(Path bundles, String name, String dataSet) {
    Bundle bundle = new Bundles(bundles).installed(name);
    BundleWriter.Contents before = bundle.contents();
    ArrayNode metrics = Manifest.JSON.createArrayNode();
    before.metrics().forEach(metric -> addUnlessGate(metrics, metric));
    ObjectNode measured = metrics.addObject().put("dataSet", dataSet).put("protocol", FIGURE);
    measured.put("accuracy", rounded(rows.get(0).accuracy()));
    measured.setAll(toJson());
    String section = SECTION + "\nFound on " + dataSet + ". " + text();
    return BundleWriter.replace(
        bundles,
        before.gated(gate, metrics, withSection(before.modelCard(), SECTION, section)),
        bundle.model());
  }

  private static void addUnlessGate(
      ArrayNode metrics, com.fasterxml.jackson.databind.JsonNode metric) {
    if (!metric.path("protocol").asText().equals(FIGURE)) {
      metrics.add(metric);
    }
  }

  /** The card with the section in place of the one it had, or at its end. */
  static String withSection(String card, String title, String section) {
    int start = card.indexOf(title + "\n");
    if (start < 0) {
      return card.stripTrailing() + "\n\n" + section;
    }
    int next = card.indexOf("\n## ", start);
    return card.substring(0, start) + section + (next < 0 ? "" : card.substring(next));
  }
}
