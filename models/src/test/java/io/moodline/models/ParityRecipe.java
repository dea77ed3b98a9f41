package io.moodline.models;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Fills a network's weights from their names, as the parity fixtures were made: what PyTorch
 * computed with these weights is what Java must compute.
 */
final class ParityRecipe {
  private ParityRecipe() {}

  static Weights weights(int seed, Supplier<Map<String, int[]>> shapes, double gain) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    shapes.get().forEach((key, shape) -> tensors.put(key, tensor(seed, key, shape, gain)));
    return new Weights("recipe " + seed, tensors);
  }

  static Tensor tensor(int seed, String key, int[] shape, double gain) {
    SeededNumbers numbers = new SeededNumbers(seed, key);
    float[] values = new float[Math.toIntExact(Tensor.size(shape))];
    String last = key.substring(key.lastIndexOf('.') + 1);
    boolean slope =
        key.contains("prelu")
            || key.endsWith("input_layer.2.weight")
            || key.endsWith("res_layer.2.weight");
    long fan = 1;
    for (int i = 1; i < shape.length; i++) {
      fan *= shape[i];
    }
    for (int i = 0; i < values.length; i++) {
      double u = numbers.uniform(i);
      double value =
          switch (last) {
            case "running_var" -> 0.5 + u;
            case "running_mean", "bias" -> 0.2 * (u - 0.5);
            case "gamma1", "gamma2" -> 0.25 + 0.5 * u;
            case "relative_position_bias_table" -> 2 * (u - 0.5);
            case "cls_token", "pos_embed" -> u - 0.5;
            default ->
                shape.length == 1
                    ? (slope ? 0.1 + 0.3 * u : 0.8 + 0.4 * u)
                    : (2 * u - 1) * Math.sqrt(3.0 / fan) * gain;
          };
      values[i] = (float) value;
    }
    return new Tensor(shape, values);
  }

  /** A float picture of the recipe, 4 u - 2. */
  static float[] input(int seed, String key, int count) {
    SeededNumbers numbers = new SeededNumbers(seed, key);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (4 * numbers.uniform(i) - 2);
    }
    return values;
  }

  /** The shapes a network asks for, found by letting it write itself over no weights at all. */
  static Map<String, int[]> shapesOf(Consumer<GraphBuilder> network) {
    GraphBuilder graph = new GraphBuilder("shapes", new Weights("none", Map.of()));
    network.accept(graph);
    return graph.wantedShapes();
  }
}
