package io.moodline.models;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns a PyTorch checkpoint into a checked bundle: reads the weights without running anything,
 * writes the network over them, scores canaries, seals all of it. A weight that is missing, left
 * over or of another shape is named. Thread-safe.
 */
public final class ModelImport {
  private static final int MOST_NAMED = 6;

  /**
   * What to import.
   *
   * @param architecture {@code lite}, {@code poster-v2}, {@code oaenet} (trained with the published
   *     mask) or {@code oaenet-five-point}
   * @param labels in the index order of the network's output, see {@link LabelSets}
   * @param name the new bundle's name
   * @param checkpoint a file that {@code torch.save} wrote, or a .npz of named arrays
   */
  public record Request(String architecture, List<String> labels, String name, Path checkpoint) {}

  private ModelImport() {}

  /** Writes the bundle into {@code bundles/<name>}, which must not exist, and loads it. */
  public static Bundle run(Request request, Path bundles) {
    Architecture architecture = Architecture.of(request.architecture());
    BundleWriter.checkFree(bundles, request.name());
    byte[] onnx = network(architecture, request.labels(), weights(request.checkpoint()));
    return BundleWriter.install(bundles, contents(architecture, request), onnx);
  }

  static Weights weights(Path checkpoint) {
    return checkpoint.toString().endsWith(".npz")
        ? Weights.readNpz(checkpoint)
        : Checkpoint.read(checkpoint);
  }

  static byte[] network(Architecture architecture, List<String> labels, Weights weights) {
    Manifest.checkLabels(labels, "labels");
    Tensor head = weights.find(architecture.head());
    if (head != null && head.shape().length > 0 && head.extent(0) != labels.size()) {
      throw new BundleException(
          weights.origin()
              + " tells "
              + head.extent(0)
              + " classes apart, but there are "
              + labels.size()
              + " labels "
              + labels
              + "; give the labels it was trained with");
    }
    GraphBuilder graph = new GraphBuilder(architecture.id(), weights);
    architecture.write(graph, labels.size());
    graph.describe("labels", String.join(",", labels));
    graph.describe("mask", architecture.mask().id());
    byte[] onnx = graph.build();
    checkLeftOver(architecture, weights, graph.wantedShapes());
    return onnx;
  }

  private static void checkLeftOver(
      Architecture architecture, Weights weights, Map<String, int[]> wanted) {
    List<String> extra =
        weights.names().stream()
            .filter(name -> !wanted.containsKey(name) && !architecture.leavesUnused(name))
            .toList();
    if (!extra.isEmpty()) {
      throw new BundleException(
          weights.origin()
              + " holds weights that "
              + architecture.id()
              + " does not have: "
              + String.join(", ", extra.subList(0, Math.min(extra.size(), MOST_NAMED)))
              + (extra.size() > MOST_NAMED ? " and " + (extra.size() - MOST_NAMED) + " more" : "")
              + "; it is another network, so give its own --arch");
    }
  }

  private static BundleWriter.Contents contents(Architecture architecture, Request request) {
    return new BundleWriter.Contents(
        request.name(),
        architecture.id(),
        request.labels(),
        architecture.input(),
        // Published crops keep chin and brow; how much is not published. Measure, then change it.
        new CropTemplate("square", Map.of("yunet", 1.1, "opencv-cascade", 1.1)),
        1,
        Gate.NONE,
        Manifest.JSON.createArrayNode(),
        "as the checkpoint's",
        canaries(architecture.input()),
        card(architecture, request));
  }

  private static Map<String, byte[]> canaries(InputSpec input) {
    Map<String, byte[]> inputs = new LinkedHashMap<>();
    inputs.put("colour-noise.rgb", new SeededNumbers(1, "colours").bytes(0, input.bytes()));
    byte[] ramp = new byte[input.bytes()];
    for (int i = 0; i < ramp.length; i++) {
      int x = i / 3 % input.width();
      int y = i / 3 / input.width();
      ramp[i] = (byte) (255 * (i % 3 == 0 ? x : y) / input.width());
    }
    inputs.put("ramps.rgb", ramp);
    return inputs;
  }

  private static String card(Architecture architecture, Request request) {
    return """
        # %s

        Network %s, imported from the checkpoint `%s`. Labels in index order: %s.

        **An expression score is not an inner state.** The network says how much a picture resembles
        pictures that people labelled with a word.

        Licence, data and recipe are the checkpoint's; ask whoever published it. Nothing was measured
        here yet: `moodline evaluate` measures, and fits the temperature. The crop's size is an
        assumption.
        """
        .formatted(
            request.name(),
            architecture.id(),
            request.checkpoint().getFileName(),
            String.join(", ", request.labels()));
  }
}
