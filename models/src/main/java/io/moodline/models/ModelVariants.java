package io.moodline.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.models.Calibration.Range;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Makes smaller and faster variants of a bundle: 8-bit whole numbers for processors, half precision
 * for GPUs. What a variant loses and gains is measured on the same faces with both and written into
 * its card; a layer whose rounding alone moves the logits too far stays in float. Thread-safe.
 */
public final class ModelVariants {
  /** How far one layer in whole numbers may move the logits, in their standard deviation. */
  private static final double MOST_MOVED = 0.1;

  private static final int PROBED_FACES = 16;
  private static final int MOST_ROUNDS = 30;

  /** Enough to see past a disturbance; a large network takes seconds a round. */
  private static final int LEAST_ROUNDS = 3;

  private static final long TIMED_NANOS = 5_000_000_000L;
  private static final int[] BATCHES = {1, 8, 32};

  private ModelVariants() {}

  /**
   * Faces with their true labels.
   *
   * @param name the data set, for the card
   * @param faces uint8 [height, width, 3] each, as the bundle takes them
   * @param truth index of the label of each face, in the bundle's order
   */
  public record LabelledFaces(String name, List<byte[]> faces, int[] truth) {
    public LabelledFaces {
      if (faces.isEmpty() || faces.size() != truth.length) {
        throw new BundleException(
            name
                + ": "
                + faces.size()
                + " faces and "
                + truth.length
                + " labels; need a label each");
      }
    }
  }

  /**
   * Writes an 8-bit variant into {@code bundles/<name>} and loads it.
   *
   * @param calibration some hundred faces that are not in {@code test}, to find value ranges with
   * @param test faces to measure accuracy and speed on
   */
  public static Bundle int8(
      Bundle source, List<byte[]> calibration, LabelledFaces test, String name, Path bundles) {
    if (calibration.isEmpty()) {
      throw new BundleException("--calibrate names no faces; give a folder of face pictures");
    }
    refuseMask(source);
    Int8Network network = new Int8Network(source.model(), source.modelFile());
    Map<String, Range> ranges =
        Calibration.ranges(network.model(), network.activations(), calibration, source.input());
    Set<String> chosen = new LinkedHashSet<>(network.layers());
    Set<String> kept = sensitive(source, network, ranges, calibration);
    chosen.removeAll(kept);
    String how =
        String.format(
            "INT8: static, weights with one scale per channel, ranges of %d faces; in float: %s",
            calibration.size(), kept.isEmpty() ? "no layer" : String.join(", ", kept));
    return install(source, network.rewrite(chosen, ranges), how, test, name, bundles);
  }

  /** Writes a half-precision variant into {@code bundles/<name>} and loads it. */
  public static Bundle fp16(Bundle source, LabelledFaces test, String name, Path bundles) {
    refuseMask(source);
    byte[] onnx = Fp16Network.rewrite(source.model(), source.modelFile());
    String how = "FP16: normalisation, layer norms, softmaxes and logits in float32";
    return install(source, onnx, how, test, name, bundles);
  }

  private static void refuseMask(Bundle source) {
    if (source.mask() != MaskKind.NONE) {
      throw new BundleException(
          source.name() + " looks through a mask; variants are made of models without one");
    }
  }

  /** The layers that move the logits too far when they alone are computed in whole numbers. */
  static Set<String> sensitive(
      Bundle source, Int8Network network, Map<String, Range> ranges, List<byte[]> faces) {
    List<byte[]> probes = faces.subList(0, Math.min(faces.size(), PROBED_FACES));
    float[][] exact = logits(source, source.model(), probes);
    Set<String> sensitive = new LinkedHashSet<>();
    for (String layer : network.layers()) {
      float[][] moved = logits(source, network.rewrite(Set.of(layer), ranges), probes);
      if (moved(exact, moved) > MOST_MOVED) {
        sensitive.add(layer);
      }
    }
    return sensitive;
  }

  private static float[][] logits(Bundle source, byte[] onnx, List<byte[]> faces) {
    try (Classifier classifier = classifier(source, onnx)) {
      return classifier.logits(joined(faces), faces.size());
    }
  }

  private static Classifier classifier(Bundle source, byte[] onnx) {
    return Classifier.open(
        onnx, source.input(), source.labels().size(), source.temperature(), 1, source.modelFile());
  }

  /** Root mean square difference of the logits over their standard deviation. */
  static double moved(float[][] exact, float[][] moved) {
    double sum = 0;
    double squares = 0;
    double differences = 0;
    int count = 0;
    for (int face = 0; face < exact.length; face++) {
      for (int label = 0; label < exact[face].length; label++) {
        double value = exact[face][label];
        sum += value;
        squares += value * value;
        differences += Math.pow(moved[face][label] - value, 2);
        count++;
      }
    }
    double variance = squares / count - Math.pow(sum / count, 2);
    return Math.sqrt(differences / count / Math.max(variance, 1e-12));
  }

  private static ByteBuffer joined(List<byte[]> faces) {
    ByteBuffer all = ByteBuffer.allocate(faces.size() * faces.get(0).length);
    faces.forEach(all::put);
    return all.flip();
  }

  private static Bundle install(
      Bundle source, byte[] onnx, String how, LabelledFaces test, String name, Path bundles) {
    ObjectNode measured = Manifest.JSON.createObjectNode();
    measured.put("dataSet", test.name()).put("variantOf", source.toString()).put("variant", how);
    StringBuilder card = new StringBuilder("\n## Variant\nMade from ").append(source);
    card.append(". ").append(how);
    card.append(".\n\n| figure | float32 | variant |\n|---|---|---|\n");
    try (Classifier before = classifier(source, source.model());
        Classifier after = classifier(source, onnx)) {
      measureAccuracy(source, before, after, test, measured, card);
      measureSpeed(before, after, test.faces(), measured, card);
    }
    line(card, "megabytes", source.model().length / 1e6, onnx.length / 1e6);
    BundleWriter.Contents contents = source.contents().named(name);
    return BundleWriter.install(bundles, contents.measured(measured, card.toString()), onnx);
  }

  private static void measureAccuracy(
      Bundle source,
      Classifier before,
      Classifier after,
      LabelledFaces test,
      ObjectNode measured,
      StringBuilder card) {
    float[][] exact = before.classify(joined(test.faces()), test.faces().size());
    float[][] rounded = after.classify(joined(test.faces()), test.faces().size());
    Evaluation exactly = new Evaluation(source.labels());
    Evaluation roundedly = new Evaluation(source.labels());
    int same = 0;
    for (int i = 0; i < exact.length; i++) {
      exactly.add(test.truth()[i], exact[i]);
      roundedly.add(test.truth()[i], rounded[i]);
      same += Evaluation.largest(exact[i]) == Evaluation.largest(rounded[i]) ? 1 : 0;
    }
    double agreement = (double) same / exact.length;
    Evaluation.Report a = exactly.report();
    Evaluation.Report b = roundedly.report();
    measured.put("faces", a.faces()).put("accuracyFloat32", a.accuracy());
    measured.put("accuracy", b.accuracy()).put("sameLabel", agreement);
    measured.put("calibrationError", b.calibrationError());
    line(card, "accuracy on " + test.name(), a.accuracy(), b.accuracy());
    line(card, "balanced accuracy", a.balancedAccuracy(), b.balancedAccuracy());
    line(card, "expected calibration error", a.calibrationError(), b.calibrationError());
    line(card, "faces with the same label", 1, agreement);
  }

  private static void measureSpeed(
      Classifier before,
      Classifier after,
      List<byte[]> faces,
      ObjectNode measured,
      StringBuilder card) {
    ObjectNode speed = measured.putObject("speedOverFloat32BatchOne");
    double unit = secondsPerFace(before, faces, 1);
    for (int batch : BATCHES) {
      double exact = unit / secondsPerFace(before, faces, batch);
      double rounded = unit / secondsPerFace(after, faces, batch);
      speed.put("float32Batch" + batch, exact).put("variantBatch" + batch, rounded);
      line(card, "speed at batch " + batch + ", one thread, float32 batch 1 = 1", exact, rounded);
    }
  }

  private static void line(StringBuilder card, String figure, double before, double after) {
    card.append(String.format(Locale.ROOT, "| %s | %.4f | %.4f |\n", figure, before, after));
  }

  /** The best of some rounds: what else runs on the machine can only make a round slower. */
  private static double secondsPerFace(Classifier classifier, List<byte[]> faces, int batch) {
    byte[][] group = new byte[batch][];
    for (int i = 0; i < batch; i++) {
      group[i] = faces.get(i % faces.size());
    }
    double best = Double.MAX_VALUE;
    long begin = System.nanoTime();
    for (int round = 0;
        round < MOST_ROUNDS && (round < LEAST_ROUNDS || System.nanoTime() - begin < TIMED_NANOS);
        round++) {
      long start = System.nanoTime();
      classifier.classify(group);
      best = Math.min(best, (System.nanoTime() - start) / 1e9 / batch);
    }
    return best;
  }
}
