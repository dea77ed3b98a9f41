package io.moodline.models;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes an ONNX graph over named weights: the one way in which this project describes a network.
 *
 * <p>A value's first dimension is the batch, which stays free ({@code batch} in the file); every
 * other extent is known when the graph is written, so no graph holds shape arithmetic. Each value's
 * shape is stored in the file, so that {@link GraphCost} can count without running it.
 *
 * <p>A weight that is missing or has another shape does not stop the writing: all of them are
 * collected, and {@link #build} names them. Confined to one thread.
 */
final class GraphBuilder {
  static final int OPSET = 17;
  private static final int IR_VERSION = 8;
  private static final int MOST_NAMED = 6;

  /** A value in the graph. The batch, where there is one, is a first extent of -1. */
  static final class Value {
    private final String name;
    private final DataType type;
    private final int[] shape;

    private Value(String name, DataType type, int[] shape) {
      this.name = name;
      this.type = type;
      this.shape = shape;
    }

    String name() {
      return name;
    }

    int extent(int axis) {
      return shape[axis];
    }

    int[] shape() {
      return shape.clone();
    }
  }

  private final GraphProto.Builder graph;
  private final Weights weights;
  private final Map<String, String> metadata = new TreeMap<>();
  private final Set<String> taken = new HashSet<>();
  private final Map<String, int[]> wanted = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final boolean withProbes;

  GraphBuilder(String name, Weights weights) {
    this(name, weights, false);
  }

  /** With probes, every value given to {@link #probe} becomes an output too: for parity tests. */
  GraphBuilder(String name, Weights weights, boolean withProbes) {
    this.graph = GraphProto.newBuilder().setName(name);
    this.weights = weights;
    this.withProbes = withProbes;
  }

  Value input(String name, DataType type, int... perPicture) {
    Value value = value(name, type, batched(perPicture));
    graph.addInput(info(value));
    return value;
  }

  void output(Value value) {
    graph.addOutput(info(value));
  }

  void probe(String name, Value value) {
    if (withProbes) {
      output(op("Identity", name, value.shape, List.of(value)));
    }
  }

  void describe(String key, String value) {
    metadata.put(key, value);
  }

  /** A weight of the state dict in the shape the network needs. */
  Tensor weight(String name, int... shape) {
    wanted.put(name, shape);
    Tensor tensor = weights.find(name);
    if (tensor == null) {
      problems.add(name + " is missing");
    } else if (!tensor.hasShape(shape)) {
      problems.add(
          name
              + " has shape "
              + Arrays.toString(tensor.shape())
              + " instead of "
              + Arrays.toString(shape));
    } else {
      return tensor;
    }
    return Tensor.zeros(shape);
  }

  /** The weights that were asked for so far, with the shapes the network needs. */
  Map<String, int[]> wantedShapes() {
    return Collections.unmodifiableMap(wanted);
  }

  Value constant(String name, Tensor tensor) {
    Value value = value(name, DataType.FLOAT, tensor.shape());
    ByteBuffer raw = ByteBuffer.allocate(tensor.values().length * Float.BYTES);
    raw.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(tensor.values());
    addInitializer(value, raw);
    return value;
  }

  Value constantInts(String name, long... values) {
    Value value = value(name, DataType.INT64, new int[] {values.length});
    ByteBuffer raw = ByteBuffer.allocate(values.length * Long.BYTES);
    raw.order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().put(values);
    addInitializer(value, raw);
    return value;
  }

  private void addInitializer(Value value, ByteBuffer raw) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName(value.name)
            .setDataType(value.type.getNumber())
            .setRawData(ByteString.copyFrom(raw));
    for (int extent : value.shape) {
      tensor.addDims(extent);
    }
    graph.addInitializer(tensor);
  }

  /** A node with one float output of the given shape, the batch being -1. */
  Value op(
      String type, String name, int[] shape, List<Value> inputs, AttributeProto... attributes) {
    return op(type, name, DataType.FLOAT, shape, inputs, attributes);
  }

  Value op(
      String type,
      String name,
      DataType resultType,
      int[] shape,
      List<Value> inputs,
      AttributeProto... attributes) {
    Value value = value(name, resultType, shape);
    NodeProto.Builder node = NodeProto.newBuilder().setOpType(type).setName(name).addOutput(name);
    inputs.forEach(input -> node.addInput(input.name));
    node.addAllAttribute(List.of(attributes));
    graph.addNode(node);
    if (!type.equals("Identity")) {
      graph.addValueInfo(info(value));
    }
    return value;
  }

  /** An element-wise node of one input: Relu, Sigmoid, Sqrt, ... */
  Value map(String type, String name, Value x) {
    return op(type, name, x.shape, List.of(x));
  }

  /** An element-wise node of two inputs; the result has the shape of the first. */
  Value zip(String type, String name, Value a, Value b) {
    return op(type, name, a.shape, List.of(a, b));
  }

  Value cast(String name, Value x, DataType to) {
    return op("Cast", name, to, x.shape, List.of(x), attribute("to", to.getNumber()));
  }

  /** The same numbers in another shape per picture. */
  Value reshape(String name, Value x, int... perPicture) {
    long[] target = new long[perPicture.length + 1];
    for (int i = 0; i < perPicture.length; i++) {
      target[i + 1] = perPicture[i];
    }
    Value shape = constantInts(name + ".shape", target);
    return op("Reshape", name, batched(perPicture), List.of(x, shape));
  }

  Value transpose(String name, Value x, int... order) {
    int[] shape = Arrays.stream(order).map(axis -> x.shape[axis]).toArray();
    return op("Transpose", name, shape, List.of(x), attribute("perm", order));
  }

  /**
   * A convolution with square kernels. {@code kernel} is [out, in / groups, k, k].
   *
   * @param bias one number per output channel; an empty tensor for none
   */
  Value conv(
      String name, Value x, Tensor kernel, Tensor bias, int stride, int padding, int groups) {
    int[] k = kernel.shape();
    int height = (x.shape[2] + 2 * padding - k[2]) / stride + 1;
    int width = (x.shape[3] + 2 * padding - k[3]) / stride + 1;
    List<Value> inputs = new ArrayList<>(List.of(x, constant(name + ".w", kernel)));
    if (bias.values().length > 0) {
      inputs.add(constant(name + ".b", bias));
    }
    return op(
        "Conv",
        name,
        new int[] {-1, k[0], height, width},
        inputs,
        attribute("kernel_shape", k[2], k[3]),
        attribute("strides", stride, stride),
        attribute("pads", padding, padding, padding, padding),
        attribute("group", groups));
  }

  /** A convolution whose weights are {@code key.weight} and {@code key.bias}; padding (k-1)/2. */
  Value conv(String key, Value x, int out, int k, int stride) {
    Tensor kernel = weight(key + ".weight", out, x.shape[1], k, k);
    return conv(key, x, kernel, weight(key + ".bias", out), stride, (k - 1) / 2, 1);
  }

  /**
   * A convolution without bias and the batch norm behind it, as one convolution: the norm is folded
   * into the kernel in double precision. Keys {@code conv.weight} and {@code norm.*}.
   */
  Value convNorm(
      String conv, String norm, Value x, int out, int k, int stride, int padding, int groups) {
    Tensor kernel = weight(conv + ".weight", out, x.shape[1] / groups, k, k);
    BatchNorm bn = batchNorm(norm, out);
    return conv(conv, x, bn.foldInto(kernel), bn.bias(), stride, padding, groups);
  }

  Value convNorm(String conv, String norm, Value x, int out, int k, int stride) {
    return convNorm(conv, norm, x, out, k, stride, (k - 1) / 2, 1);
  }

  BatchNorm batchNorm(String key, int channels) {
    return new BatchNorm(
        weight(key + ".weight", channels).values(),
        weight(key + ".bias", channels).values(),
        weight(key + ".running_mean", channels).values(),
        weight(key + ".running_var", channels).values());
  }

  /** The mean over a channel's map: [batch, channels, 1, 1]. */
  Value globalMean(String name, Value x) {
    return op("GlobalAveragePool", name, new int[] {-1, x.shape[1], 1, 1}, List.of(x));
  }

  /**
   * A linear layer on [batch, channels, 1, 1] with {@code key.weight} and {@code key.bias}, written
   * as a 1x1 convolution: it is computed picture by picture, so a face's logits cannot depend on
   * how many faces share the batch, which a matrix product's blocking over the batch does not
   * promise.
   */
  Value classifier(String key, Value x, int labels) {
    Tensor matrix = weight(key + ".weight", labels, x.shape[1]);
    Tensor kernel = matrix.reshape(labels, x.shape[1], 1, 1);
    Value y = conv(key, x, kernel, weight(key + ".bias", labels), 1, 0, 1);
    return op("Flatten", "logits", batched(labels), List.of(y), attribute("axis", 1));
  }

  /** The model file. Throws when weights were missing or misshapen, naming them. */
  byte[] build() {
    if (!problems.isEmpty()) {
      List<String> named = problems.subList(0, Math.min(problems.size(), MOST_NAMED));
      String rest =
          problems.size() > named.size()
              ? " and " + (problems.size() - named.size()) + " more"
              : "";
      throw new BundleException(
          weights.origin()
              + " does not fit "
              + graph.getName()
              + ": "
              + String.join("; ", named)
              + rest
              + ". Check --arch and --labels against where the weights come from.");
    }
    ModelProto.Builder model =
        ModelProto.newBuilder()
            .setIrVersion(IR_VERSION)
            .setProducerName("moodline")
            .setGraph(graph)
            .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPSET));
    metadata.forEach(
        (key, value) ->
            model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    return model.build().toByteArray();
  }

  static AttributeProto attribute(String name, int value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  static AttributeProto attribute(String name, int first, int second, int... rest) {
    AttributeProto.Builder builder = ints(name).addInts(first).addInts(second);
    for (int value : rest) {
      builder.addInts(value);
    }
    return builder.build();
  }

  static AttributeProto attribute(String name, int[] values) {
    AttributeProto.Builder builder = ints(name);
    for (int value : values) {
      builder.addInts(value);
    }
    return builder.build();
  }

  static AttributeProto attribute(String name, float value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.FLOAT)
        .setF(value)
        .build();
  }

  private static AttributeProto.Builder ints(String name) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeProto.AttributeType.INTS);
  }

  private Value value(String name, DataType type, int[] shape) {
    if (!taken.add(name)) {
      throw new IllegalArgumentException("two values of the graph are named " + name);
    }
    return new Value(name, type, shape.clone());
  }

  private static int[] batched(int... perPicture) {
    int[] shape = new int[perPicture.length + 1];
    shape[0] = -1;
    System.arraycopy(perPicture, 0, shape, 1, perPicture.length);
    return shape;
  }

  private static ValueInfoProto info(Value value) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (int extent : value.shape) {
      TensorShapeProto.Dimension.Builder dimension = shape.addDimBuilder();
      if (extent < 0) {
        dimension.setDimParam("batch");
      } else {
        dimension.setDimValue(extent);
      }
    }
    return ValueInfoProto.newBuilder()
        .setName(value.name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(value.type.getNumber())
                        .setShape(shape)))
        .build();
  }
}
