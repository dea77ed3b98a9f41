package io.moodline.models;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Weights that follow from their names alone, the same in every language: what PyTorch computed
 * with them is what Java must compute, and a network's speed can be measured without a checkpoint.
 * They were trained on nothing, so their scores mean nothing. Thread-safe.
 */
public final class RecipeWeights {
  private static final int SEED = 1;
  private static final double GAIN = 0.9;

  private RecipeWeights() {}

  /**
   * Writes a checkpoint for {@code moodline model import}: a .npz of named arrays.
   *
   * @param architecture {@code lite}, {@code poster-v2}, {@code oaenet} or {@code
   *     oaenet-five-point}
   */
  public static Path write(String architecture, int labels, Path npz) {
    Architecture network = Architecture.of(architecture);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(npz));
        ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.setLevel(Deflater.NO_COMPRESSION);
      for (Map.Entry<String, int[]> weight :
          shapesOf(graph -> network.write(graph, labels)).entrySet()) {
        zip.putNextEntry(new ZipEntry(weight.getKey() + ".npy"));
        zip.write(npy(tensor(SEED, weight.getKey(), weight.getValue(), GAIN)));
      }
    } catch (IOException e) {
      throw new BundleException(npz + " cannot be written: " + e.getMessage(), e);
    }
    return npz;
  }

  /** An array in NumPy's format 1.0: a header in Python's spelling, then the numbers. */
  private static byte[] npy(Tensor tensor) {
    String shape =
        Arrays.stream(tensor.shape())
            .mapToObj(extent -> extent + ",")
            .collect(Collectors.joining());
    String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }";
    int padded = (10 + header.length() + 1 + 63) / 64 * 64;
    String line = header + " ".repeat(padded - 10 - header.length() - 1) + "\n";
    int bytes = tensor.values().length * Float.BYTES;
    ByteBuffer npy = ByteBuffer.allocate(padded + bytes).order(ByteOrder.LITTLE_ENDIAN);
    npy.put((byte) 0x93).put("NUMPY".getBytes(StandardCharsets.US_ASCII)).put((byte) 1);
    npy.put((byte) 0).putShort((short) line.length());
    npy.put(line.getBytes(StandardCharsets.US_ASCII));
    npy.asFloatBuffer().put(tensor.values());
    return npy.array();
  }

  static Weights of(int seed, Map<String, int[]> shapes, double gain) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    shapes.forEach((key, shape) -> tensors.put(key, tensor(seed, key, shape, gain)));
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

  /** The shapes a network asks for, found by letting it write itself over no weights at all. */
  static Map<String, int[]> shapesOf(Consumer<GraphBuilder> network) {
    GraphBuilder graph = new GraphBuilder("shapes", new Weights("none", Map.of()));
    network.accept(graph);
    return graph.wantedShapes();
  }
}
