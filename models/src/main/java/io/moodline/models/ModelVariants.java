package io.moodline.models;

import io.moodline.models.Calibration.Range;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes smaller and faster variants of a bundle: 8-bit whole numbers for processors, half precision
 * for GPUs. What a variant loses and gains is measured on the same faces with both and written into
 * its card; a layer whose rounding alone moves the logits too far stays in float. Thread-safe.
 */
public final class ModelVariants {
  /** Told of what takes minutes. */
  @FunctionalInterface
  public interface Progress {
    /** The step at hand and how much of it is done, 0 to 1. */
    void at(String step, double share);
  }

  private ModelVariants() {}

  /**
   * Faces to measure on, with their true labels; or without any, and then the float32 network's
   * answers are taken for them, so that what is measured is agreement.
   *
   * @param name the data set, for the card
   * @param faces uint8 [height, width, 3] each, as the bundle takes them
   * @param truth index of the label of each face, in the bundle's order; empty without labels
   */
  public record LabelledFaces(String name, List<byte[]> faces, int[] truth) {
    public LabelledFaces {
      if (faces.isEmpty() || (truth.length > 0 && faces.size() != truth.length)) {
        throw new BundleException(
            name
                + ": "
                + faces.size()
                + " faces and "
                + truth.length
                + " labels; need a label each");
      }
    }

    /** Faces that nobody labelled. */
    public static LabelledFaces unlabelled(String name, List<byte[]> faces) {
      return new LabelledFaces(name + ", labelled by the float32 network", faces, new int[0]);
    }

    /** The bundle's canaries: few, and not all of them faces. */
    public static LabelledFaces ofCanaries(Bundle bundle) {
      return unlabelled(
          "the bundle's canaries", List.copyOf(bundle.contents().canaries().values()));
    }

    boolean isLabelled() {
      return truth.length > 0;
    }
  }

  /**
   * Writes an 8-bit variant into {@code bundles/<name>} and loads it.
   *
   * @param calibration some hundred faces that are not in {@code test}, to find value ranges with
   * @param test faces to measure accuracy and speed on
   */
  public static Bundle int8(
      Bundle source,
      List<byte[]> calibration,
      LabelledFaces test,
      String name,
      Path bundles,
      Progress progress) {
    if (calibration.isEmpty()) {
      throw new BundleException("--calibrate names no faces; give a folder of face pictures");
    }
    refuseMask(source);
    int threads = Runtime.getRuntime().availableProcessors();
    Int8Network network = new Int8Network(source.model(), source.modelFile());
    refuseWhatIsWhole(network, source);
    Map<String, Range> ranges =
        Calibration.ranges(
            network.model(),
            network.activations(),
            calibration,
            source.input(),
            threads,
            done -> progress.at("finding value ranges", (double) done / calibration.size()));
    Set<String> kept =
        SensitiveLayers.find(source, network, ranges, calibration, threads, progress);
    Set<String> chosen = new LinkedHashSet<>(network.layers());
    chosen.removeAll(kept);
    String how =
        String.format(
            "INT8: static, weights with one scale per channel, ranges of %d faces; in float: %s",
            calibration.size(), kept.isEmpty() ? "no layer" : String.join(", ", kept));
    byte[] onnx = network.rewrite(chosen, ranges);
    return install(source, onnx, how, test, name, bundles, threads, progress);
  }

  /** Writes a half-precision variant into {@code bundles/<name>} and loads it. */
  public static Bundle fp16(
      Bundle source, LabelledFaces test, String name, Path bundles, Progress progress) {
    refuseMask(source);
    refuseWhatIsWhole(new Int8Network(source.model(), source.modelFile()), source);
    byte[] onnx = Fp16Network.rewrite(source.model(), source.modelFile());
    String how = "FP16: normalisation, layer norms, softmaxes and logits in float32";
    int threads = Runtime.getRuntime().availableProcessors();
    return install(source, onnx, how, test, name, bundles, threads, progress);
  }

  private static void refuseMask(Bundle source) {
    if (source.mask() != MaskKind.NONE) {
      throw new BundleException(
          source.name() + " looks through a mask; variants are made of models without one");
    }
  }

  /** A variant is made of float32 weights; of another variant only rounding would be left. */
  private static void refuseWhatIsWhole(Int8Network network, Bundle source) {
    if (network.isVariant()) {
      throw new BundleException(
          source.name() + " is a variant already; name the float32 model that it was made of");
    }
  }

  static Classifier classifier(Bundle source, byte[] onnx, int threads) {
    return Classifier.open(
        onnx,
        source.input(),
        source.labels().size(),
        source.temperature(),
        threads,
        source.modelFile());
  }

  private static Bundle install(
      Bundle source,
      byte[] onnx,
      String how,
      LabelledFaces test,
      String name,
      Path bundles,
      int threads,
      Progress progress) {
    VariantReport report = VariantReport.of(source, onnx, how, test, threads, progress);
    BundleWriter.Contents contents =
        source.contents().named(name).measured(report.figures(), report.card());
    return BundleWriter.install(bundles, contents, onnx);
  }
}
