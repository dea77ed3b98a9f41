package io.moodline.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.models.ModelVariants.LabelledFaces;
import io.moodline.models.ModelVariants.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Measures what a variant loses and gains against the network it was made of, on the same faces in
 * the same run, as figures and as a section of the card. Confined to one thread.
 */
final class VariantReport {
  private static final int MOST_ROUNDS = 30;

  /** Enough to see past a disturbance; a large network takes seconds a round. */
  private static final int LEAST_ROUNDS = 3;

  private static final long TIMED_NANOS = 5_000_000_000L;
  private static final int[] BATCHES = {1, 8, 32};

  private final Bundle source;
  private final LabelledFaces test;
  private final Progress progress;
  private final ObjectNode figures = Manifest.JSON.createObjectNode();
  private final StringBuilder card = new StringBuilder();

  private VariantReport(Bundle source, LabelledFaces test, Progress progress) {
    this.source = source;
    this.test = test;
    this.progress = progress;
  }

  /**
   * Measures.
   *
   * @param how the variant was made, in a sentence
   * @param threads to find the scores with; speed is that of one thread
   */
  static VariantReport of(
      Bundle source,
      byte[] variant,
      String how,
      LabelledFaces test,
      int threads,
      Progress progress) {
    VariantReport report = new VariantReport(source, test, progress);
    report.measure(variant, how, threads);
    return report;
  }

  ObjectNode figures() {
    return figures;
  }

  /** A section in Markdown. */
  String card() {
    return card.toString();
  }

  private void measure(byte[] variant, String how, int threads) {
    figures.put("dataSet", test.name()).put("variantOf", source.toString()).put("variant", how);
    card.append("\n## Variant\nMade from ").append(source).append(". ").append(how);
    card.append(".\n\n| figure | float32 | variant |\n|---|---|---|\n");
    float[][] exact = scores(source.model(), threads, "scoring with float32");
    float[][] rounded = scores(variant, threads, "scoring with the variant");
    accuracy(exact, rounded);
    try (Classifier before = ModelVariants.classifier(source, source.model(), 1);
        Classifier after = ModelVariants.classifier(source, variant, 1)) {
      speed(before, after);
    }
    line("megabytes", source.model().length / 1e6, variant.length / 1e6);
  }

  private float[][] scores(byte[] onnx, int threads, String step) {
    List<byte[]> faces = test.faces();
    List<float[]> scores = new ArrayList<>();
    try (Classifier classifier = ModelVariants.classifier(source, onnx, threads)) {
      for (int first = 0; first < faces.size(); first += Classifier.LARGEST_BATCH) {
        progress.at(step, (double) first / faces.size());
        int end = Math.min(faces.size(), first + Classifier.LARGEST_BATCH);
        byte[][] batch = faces.subList(first, end).toArray(byte[][]::new);
        scores.addAll(List.of(classifier.classify(batch)));
      }
    }
    return scores.toArray(float[][]::new);
  }

  private void accuracy(float[][] exact, float[][] rounded) {
    Evaluation exactly = new Evaluation(source.labels());
    Evaluation roundedly = new Evaluation(source.labels());
    int same = 0;
    for (int i = 0; i < exact.length; i++) {
      int truth = test.isLabelled() ? test.truth()[i] : Evaluation.largest(exact[i]);
      exactly.add(truth, exact[i]);
      roundedly.add(truth, rounded[i]);
      same += Evaluation.largest(exact[i]) == Evaluation.largest(rounded[i]) ? 1 : 0;
    }
    double agreement = (double) same / exact.length;
    Evaluation.Report a = exactly.report();
    Evaluation.Report b = roundedly.report();
    figures.put("faces", a.faces()).put("accuracyFloat32", a.accuracy());
    figures.put("accuracy", b.accuracy()).put("sameLabel", agreement);
    figures.put("calibrationError", b.calibrationError());
    line("accuracy on " + test.name(), a.accuracy(), b.accuracy());
    line("balanced accuracy", a.balancedAccuracy(), b.balancedAccuracy());
    line("expected calibration error", a.calibrationError(), b.calibrationError());
    line("faces with the same label", 1, agreement);
  }

  private void speed(Classifier before, Classifier after) {
    ObjectNode speed = figures.putObject("speedOverFloat32BatchOne");
    double unit = 0;
    for (int i = 0; i < BATCHES.length; i++) {
      int batch = BATCHES[i];
      progress.at("timing batches of " + batch, (double) i / BATCHES.length);
      double[] seconds = secondsPerFace(before, after, batch);
      unit = i == 0 ? seconds[0] : unit;
      double exact = unit / seconds[0];
      double rounded = unit / seconds[1];
      speed.put("float32Batch" + batch, exact).put("variantBatch" + batch, rounded);
      line("speed at batch " + batch + ", one thread, float32 batch 1 = 1", exact, rounded);
    }
  }

  /**
   * The processor time of the best of some rounds of each, taken in turns: what else runs on the
   * machine can only make a round slower, by the caches that it takes, and slows both alike.
   */
  private double[] secondsPerFace(Classifier before, Classifier after, int batch) {
    byte[][] group = new byte[batch][];
    for (int i = 0; i < batch; i++) {
      group[i] = test.faces().get(i % test.faces().size());
    }
    double[] best = {Double.MAX_VALUE, Double.MAX_VALUE};
    long begin = System.nanoTime();
    for (int round = 0;
        round < MOST_ROUNDS && (round < LEAST_ROUNDS || System.nanoTime() - begin < TIMED_NANOS);
        round++) {
      best[0] = Math.min(best[0], seconds(before, group) / batch);
      best[1] = Math.min(best[1], seconds(after, group) / batch);
    }
    return best;
  }

  private static double seconds(Classifier classifier, byte[][] group) {
    long start = processorNanos();
    classifier.classify(group);
    return (processorNanos() - start) / 1e9;
  }

  /** A session with one thread computes on the caller's, whose time others can not take away. */
  private static long processorNanos() {
    return ProcessorTime.isKnown() ? ProcessorTime.nanos() : System.nanoTime();
  }

  private void line(String figure, double before, double after) {
    card.append(String.format(Locale.ROOT, "| %s | %.4f | %.4f |\n", figure, before, after));
  }
}
