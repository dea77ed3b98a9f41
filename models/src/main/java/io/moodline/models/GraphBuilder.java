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
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
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

  /** What the names of probed outputs begin with. */
  static final String PROBE = "probe:";

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
  private final Set<String> problems = new LinkedHashSet<>();
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
      output(op("Identity", PROBE + name, value.shape, List.of(value)));
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
            .setRawData(UnsafeByteOperations.unsafeWrap(raw));
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

  /** A batch norm that cannot be folded, because what follows it pads with zeros. */
  Value norm(String key, Value x) {
    int channels = x.shape[1];
    List<Value> inputs = new ArrayList<>(List.of(x));
    for (String part : List.of("weight", "bias", "running_mean", "running_var")) {
      String name = key + "." + part;
      inputs.add(constant(name, weight(name, channels)));
    }
    float epsilon = (float) BatchNorm.EPSILON;
    return op("BatchNormalization", key, x.shape, inputs, attribute("epsilon", epsilon));
  }

  /** ReLU whose slope below zero is {@code key.weight}, one per channel. */
  Value prelu(String key, Value x) {
    Tensor slope = weight(key + ".weight", x.shape[1]).reshape(x.shape[1], 1, 1);
    return zip("PRelu", key, x, constant(key + ".slope", slope));
  }

  Value relu6(String name, Value x) {
    Value least = constant(name + ".least", scalar(0));
    return op("Clip", name, x.shape, List.of(x, least, constant(name + ".most", scalar(6))));
  }

  Value maxPool(String name, Value x, int kernel, int stride) {
    int[] shape = {
      -1, x.shape[1], (x.shape[2] - kernel) / stride + 1, (x.shape[3] - kernel) / stride + 1
    };
    return op(
        "MaxPool",
        name,
        shape,
        List.of(x),
        attribute("kernel_shape", kernel, kernel),
        attribute("strides", stride, stride));
  }

  Value concat(String name, int axis, Value... parts) {
    int[] shape = parts[0].shape();
    shape[axis] = Arrays.stream(parts).mapToInt(part -> part.shape[axis]).sum();
    return op("Concat", name, shape, List.of(parts), attribute("axis", axis));
  }

  /** Every {@code step}-th element of an axis, from {@code start} to before {@code end}. */
  Value slice(String name, Value x, int axis, int start, int end, int step) {
    int[] shape = x.shape();
    shape[axis] = (end - start + step - 1) / step;
    List<Value> inputs =
        List.of(
            x,
            constantInts(name + ".starts", start),
            constantInts(name + ".ends", end),
            constantInts(name + ".axes", axis),
            constantInts(name + ".steps", step));
    return op("Slice", name, shape, inputs);
  }

  /** The product of the last two axes; the other ones are equal, or missing in {@code b}. */
  Value matMul(String name, Value a, Value b) {
    int[] shape = a.shape();
    shape[shape.length - 1] = b.shape[b.shape.length - 1];
    return op("MatMul", name, shape, List.of(a, b));
  }

  /**
   * A linear layer on tokens [batch, tokens, in] with {@code key.weight} [out, in] and its bias.
   */
  Value linear(String key, Value x, int out) {
    Tensor matrix = weight(key + ".weight", out, x.shape[2]);
    return linear(key, x, matrix, weight(key + ".bias", out));
  }

  Value linear(String name, Value x, Tensor matrix, Tensor bias) {
    Value product = matMul(name + ".product", x, constant(name + ".w", matrix.transposed()));
    return zip("Add", name, product, constant(name + ".b", bias));
  }

  /**
   * A linear layer on one vector per picture, [batch, in, 1, 1], with {@code key.weight} and {@code
   * key.bias}. It is written as a 1x1 convolution, which is computed picture by picture: a matrix
   * product is blocked over the batch, and then the last bits of a face's scores would depend on
   * how many faces share its batch.
   */
  Value linearPerPicture(String key, Value x, int out) {
    Tensor matrix = weight(key + ".weight", out, x.shape[1]);
    return linearPerPicture(key, x, matrix, weight(key + ".bias", out));
  }

  Value linearPerPicture(String name, Value x, Tensor matrix, Tensor bias) {
    Tensor kernel = matrix.reshape(matrix.extent(0), matrix.extent(1), 1, 1);
    return conv(name, x, kernel, bias, 1, 0, 1);
  }

  /** The last layer: a linear layer on one vector per picture, whose result is {@code logits}. */
  Value classifier(String key, Value x, int labels) {
    Value y = linearPerPicture(key, x, labels);
    return op("Flatten", "logits", batched(labels), List.of(y), attribute("axis", 1));
  }

  /** A layer norm over the last axis. */
  Value layerNorm(String key, Value x, float epsilon) {
    int width = x.shape[x.shape.length - 1];
    Value scale = constant(key + ".weight", weight(key + ".weight", width));
    Value shift = constant(key + ".bias", weight(key + ".bias", width));
    return op(
        "LayerNormalization",
        key,
        x.shape,
        List.of(x, scale, shift),
        attribute("axis", -1),
        attribute("epsilon", epsilon));
  }

  Value softmax(String name, Value x) {
    return op("Softmax", name, x.shape, List.of(x), attribute("axis", -1));
  }

  /** x/2 (1 + erf(x / sqrt 2)), spelt so that runtimes recognise and fuse it. */
  Value gelu(String name, Value x) {
    Value root = constant(name + ".root2", scalar((float) Math.sqrt(2)));
    Value erf = map("Erf", name + ".erf", zip("Div", name + ".scaled", x, root));
    Value sum = zip("Add", name + ".sum", erf, constant(name + ".one", scalar(1)));
    Value twice = zip("Mul", name + ".twice", x, sum);
    return zip("Mul", name, twice, constant(name + ".half", scalar(0.5f)));
  }

  static Tensor scalar(float value) {
    return new Tensor(new int[0], new float[] {value});
  }

  /** The model file. Throws when weights were missing or misshapen, naming them. */
  byte[] build() {
    if (!problems.isEmpty()) {
      List<String> named = problems.stream().limit(MOST_NAMED).toList();
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
    describe(GraphCost.PARAMETERS, String.valueOf(parameters()));
    metadata.forEach(
        (key, value) ->
            model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    return model.build().toByteArray();
  }

  /** Trained numbers among the weights: all but the statistics of batch norms. */
  private long parameters() {
    return wanted.entrySet().stream()
        .filter(weight -> !weight.getKey().contains(".running_"))
        .mapToLong(weight -> Tensor.size(weight.getValue()))
        .sum();
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
