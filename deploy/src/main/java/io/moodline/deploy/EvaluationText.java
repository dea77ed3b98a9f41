package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.models.Evaluation;
import java.util.List;
import java.util.Locale;

/** The figures of an evaluation as lines and as JSON. Thread-safe. */
final class EvaluationText {
  private EvaluationText() {}

  static void print(List<String> labels, Evaluation.Report report) {
    System.out.printf(
        Locale.ROOT,
        "faces    %d%n%naccuracy                   %.4f%nbalanced accuracy          %.4f%n"
            + "macro F1                   %.4f%nexpected calibration error %.4f%n%n",
        report.faces(),
        report.accuracy(),
        report.balancedAccuracy(),
        report.macroF1(),
        report.calibrationError());
    System.out.printf("%-12s %7s  %s%n", "TRUTH", "RECALL", "PREDICTED");
    System.out.print(" ".repeat(20));
    labels.forEach(label -> System.out.printf(" %9.9s", label));
    System.out.println();
    for (int truth = 0; truth < labels.size(); truth++) {
      Double recall = report.recall().get(labels.get(truth));
      System.out.printf(
          Locale.ROOT,
          "%-12s %7s",
          labels.get(truth),
          recall == null ? "-" : String.format(Locale.ROOT, "%.4f", recall));
      report.confusion().get(truth).forEach(faces -> System.out.printf(" %9d", faces));
      System.out.println();
    }
    System.out.println();
  }

  static void put(ObjectNode node, Evaluation.Report report) {
    node.put("faces", report.faces()).put("accuracy", report.accuracy());
    node.put("balancedAccuracy", report.balancedAccuracy()).put("macroF1", report.macroF1());
    node.put("calibrationError", report.calibrationError());
    report.recall().forEach(node.putObject("recall")::put);
    ArrayNode confusion = node.putArray("confusion");
    report.confusion().forEach(row -> row.forEach(confusion.addArray()::add));
  }
}
