package io.moodline.models;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import io.moodline.models.Calibration.Range;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rewrites a network so that its convolutions and linear layers compute with 8-bit whole numbers:
 * weights with one scale per output channel, activations with one scale each, found on real faces.
 * The graph keeps its operators and says by QuantizeLinear and DequantizeLinear where whole numbers
 * are; the runtime fuses them into the processor's dot products (VNNI, AMX). Confined to one
 * thread.
 */
final class Int8Network {
  private static final int LARGEST_WEIGHT = 127;
  private static final int LEVELS = 255;
  private static final Set<String> FOLLOWS = Set.of("Relu", "Clip");

  private final ModelProto model;
  private final Map<String, TensorProto> weights = new HashMap<>();
  private final Map<String, List<NodeProto>> readers = new HashMap<>();
  private final Map<String, NodeProto> layers = new LinkedHashMap<>();

  Int8Network(byte[] onnx, String where) {
    model = GraphCheck.parse(onnx, where);
    GraphProto graph = model.getGraph();
    graph.getInitializerList().forEach(tensor -> weights.put(tensor.getName(), tensor));
    for (NodeProto node : graph.getNodeList()) {
      for (String input : new HashSet<>(node.getInputList())) {
        readers.computeIfAbsent(input, name -> new ArrayList<>()).add(node);
      }
      if ((node.getOpType().equals("Conv") || node.getOpType().equals("MatMul"))
          && weights.containsKey(node.getInput(1))
          && !weights.containsKey(node.getInput(0))) {
        layers.put(node.getName(), node);
      }
    }
  }

  /** Names of the layers that can be computed in whole numbers, in the graph's order. */
  Set<String> layers() {
    return layers.keySet();
  }

  ModelProto model() {
    return model;
  }

  /** Whether the network is not in float32 any more. */
  boolean isVariant() {
    return model.getGraph().getNodeList().stream()
            .anyMatch(node -> node.getOpType().equals("QuantizeLinear"))
        || weights.values().stream()
            .anyMatch(tensor -> tensor.getDataType() == DataType.FLOAT16.getNumber());
  }

  /** The values whose ranges {@link #rewrite} needs, for all layers. */
  Set<String> activations() {
    return activations(layers.keySet());
  }

  /**
   * What a layer reads; and what comes out of a convolution, behind its ReLU: only between whole
   * numbers on both sides can the runtime stay in them.
   */
  private Set<String> activations(Set<String> chosen) {
    Set<String> values = new LinkedHashSet<>();
    for (String name : chosen) {
      NodeProto layer = layers.get(name);
      if (layer != null) {
        values.add(layer.getInput(0));
        if (layer.getOpType().equals("Conv")) {
          values.add(behindActivation(layer.getOutput(0)));
        }
      }
    }
    values.remove("logits");
    return values;
  }

  private String behindActivation(String value) {
    List<NodeProto> next = readers.getOrDefault(value, List.of());
    return next.size() == 1 && FOLLOWS.contains(next.get(0).getOpType())
        ? next.get(0).getOutput(0)
        : value;
  }

  /** The model with the chosen layers in whole numbers. */
  byte[] rewrite(Set<String> chosen, Map<String, Range> ranges) {
    GraphProto.Builder graph = model.getGraph().toBuilder();
    graph.clearNode().clearInitializer().clearValueInfo();
    Set<String> values = activations(chosen);
    Set<String> whole = new HashSet<>(values);
    model
        .getGraph()
        .getInputList()
        .forEach(input -> addPair(graph, input.getName(), whole, ranges));
    for (NodeProto node : model.getGraph().getNodeList()) {
      NodeProto.Builder copy = node.toBuilder();
      for (int i = 0; i < node.getInputCount(); i++) {
        if (values.contains(node.getInput(i))) {
          copy.setInput(i, node.getInput(i) + ".dq");
        }
      }
      if (chosen.contains(node.getName())) {
        quantizeWeights(graph, node, copy, ranges);
      }
      graph.addNode(copy);
      addPair(graph, node.getOutput(0), whole, ranges);
    }
    Set<String> read = new HashSet<>();
    graph.getNodeList().forEach(node -> read.addAll(node.getInputList()));
    for (TensorProto tensor : model.getGraph().getInitializerList()) {
      if (read.contains(tensor.getName())) {
        graph.addInitializer(tensor);
      }
    }
    for (ValueInfoProto info : model.getGraph().getValueInfoList()) {
      graph.addValueInfo(info);
      if (values.contains(info.getName())) {
        graph.addValueInfo(info.toBuilder().setName(info.getName() + ".dq"));
      }
    }
    return model.toBuilder().setGraph(graph).build().toByteArray();
  }

  /** Behind the node that makes an activation: into whole numbers and back. */
  private static void addPair(
      GraphProto.Builder graph, String value, Set<String> whole, Map<String, Range> ranges) {
    if (!whole.remove(value)) {
      return;
    }
    Range range = ranges.get(value);
    if (range == null) {
      throw new IllegalArgumentException("no range was measured for " + value);
    }
    float scale = scale(range);
    int zero = Math.round(-range.low() / scale);
    graph.addInitializer(floats(value + ".scale", new float[] {scale}, false));
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName(value + ".zero")
            .setDataType(DataType.UINT8.getNumber())
            .setRawData(ByteString.copyFrom(new byte[] {(byte) zero})));
    graph.addNode(
        pairNode("QuantizeLinear", value + ".q", value, value + ".scale", value + ".zero"));
    graph.addNode(
        pairNode(
            "DequantizeLinear", value + ".dq", value + ".q", value + ".scale", value + ".zero"));
  }

  private static float scale(Range range) {
    return Math.max((range.high() - range.low()) / LEVELS, Float.MIN_NORMAL);
  }

  private void quantizeWeights(
      GraphProto.Builder graph, NodeProto node, NodeProto.Builder copy, Map<String, Range> ranges) {
    boolean conv = node.getOpType().equals("Conv");
    String name = node.getInput(1);
    TensorProto tensor = weights.get(name);
    Range range = ranges.get(node.getInput(0));
    if (tensor == null || range == null) {
      throw new IllegalArgumentException("no weights or no range for " + node.getName());
    }
    float[] values = floats(tensor);
    int channels = (int) tensor.getDims(conv ? 0 : 1);
    float[] scales = channelScales(values, channels, conv);
    byte[] whole = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      whole[i] = (byte) Math.round(values[i] / scales[channel(i, values.length, channels, conv)]);
    }
    graph.addInitializer(floats(name + ".scale", scales, true));
    graph.addInitializer(zeros(name + ".zero", DataType.INT8, channels));
    graph.addInitializer(
        tensor.toBuilder()
            .setName(name + ".int8")
            .setDataType(DataType.INT8.getNumber())
            .setRawData(ByteString.copyFrom(whole)));
    NodeProto.Builder dequantize =
        pairNode("DequantizeLinear", name + ".dq", name + ".int8", name + ".scale", name + ".zero");
    graph.addNode(dequantize.addAttribute(GraphBuilder.attribute("axis", conv ? 0 : 1)));
    copy.setInput(1, name + ".dq");
    if (conv && node.getInputCount() > 2) {
      copy.setInput(2, quantizeBias(graph, node.getInput(2), scales, scale(range)));
    }
  }

  /** Biases are added to sums of products, so their scale is the product of the two scales. */
  private String quantizeBias(
      GraphProto.Builder graph, String name, float[] scales, float inputScale) {
    TensorProto tensor = weights.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no bias " + name);
    }
    float[] values = floats(tensor);
    float[] biasScales = new float[values.length];
    ByteBuffer whole = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < values.length; i++) {
      biasScales[i] = scales[i] * inputScale;
      whole.putInt((int) Math.rint(values[i] / (double) biasScales[i]));
    }
    graph.addInitializer(floats(name + ".scale", biasScales, true));
    graph.addInitializer(zeros(name + ".zero", DataType.INT32, values.length));
    graph.addInitializer(
        tensor.toBuilder()
            .setName(name + ".int32")
            .setDataType(DataType.INT32.getNumber())
            .setRawData(ByteString.copyFrom(whole.flip())));
    NodeProto.Builder dequantize =
        pairNode(
            "DequantizeLinear", name + ".dq", name + ".int32", name + ".scale", name + ".zero");
    graph.addNode(dequantize.addAttribute(GraphBuilder.attribute("axis", 0)));
    return name + ".dq";
  }

  private static float[] channelScales(float[] values, int channels, boolean first) {
    float[] scales = new float[channels];
    for (int i = 0; i < values.length; i++) {
      int c = channel(i, values.length, channels, first);
      scales[c] = Math.max(scales[c], Math.abs(values[i]) / LARGEST_WEIGHT);
    }
    for (int c = 0; c < channels; c++) {
      scales[c] = Math.max(scales[c], Float.MIN_NORMAL);
    }
    return scales;
  }

  private static int channel(int index, int count, int channels, boolean first) {
    return first ? index / (count / channels) : index % channels;
  }

  private static NodeProto.Builder pairNode(
      String type, String output, String value, String scale, String zero) {
    return NodeProto.newBuilder()
        .setOpType(type)
        .setName(output)
        .addInput(value)
        .addInput(scale)
        .addInput(zero)
        .addOutput(output);
  }

  static float[] floats(TensorProto tensor) {
    float[] values = new float[tensor.getRawData().size() / Float.BYTES];
    tensor
        .getRawData()
        .asReadOnlyByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  private static TensorProto floats(String name, float[] values, boolean vector) {
    ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(values);
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(DataType.FLOAT.getNumber())
            .setRawData(ByteString.copyFrom(raw));
    return vector ? tensor.addDims(values.length).build() : tensor.build();
  }

  private static TensorProto zeros(String name, DataType type, int count) {
    int width = type == DataType.INT32 ? 4 : 1;
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(type.getNumber())
        .addDims(count)
        .setRawData(ByteString.copyFrom(new byte[count * width]))
        .build();
  }
}
