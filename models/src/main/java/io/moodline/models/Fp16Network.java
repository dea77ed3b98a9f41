package io.moodline.models;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Rewrites a network to half precision for GPUs: from the first convolution on, weights and values
 * are float16. The normalisation of pixels, layer norms, softmaxes and the logits stay float32,
 * because sums over many values lose most. Confined to one thread.
 */
final class Fp16Network {
  /** Layers that begin the half-precision part, and what may stay in it behind them. */
  private static final Set<String> BEGINS = Set.of("Conv", "ConvTranspose", "MatMul");

  private static final Set<String> KEEPS =
      Set.of(
          "Add",
          "Sub",
          "Mul",
          "Div",
          "Erf",
          "Relu",
          "PRelu",
          "Clip",
          "Sigmoid",
          "MaxPool",
          "GlobalAveragePool",
          "BatchNormalization",
          "Concat",
          "Reshape",
          "Transpose",
          "Slice",
          "Pad");

  private final ModelProto model;
  private final Map<String, TensorProto> weights = new HashMap<>();
  private final Set<String> halves = new HashSet<>();
  private final Set<String> cast = new HashSet<>();
  private final GraphProto.Builder graph;

  private Fp16Network(byte[] onnx, String where) {
    model = GraphCheck.parse(onnx, where);
    graph = model.getGraph().toBuilder().clearNode().clearInitializer().clearValueInfo();
    model.getGraph().getInitializerList().forEach(tensor -> weights.put(tensor.getName(), tensor));
  }

  static byte[] rewrite(byte[] onnx, String where) {
    return new Fp16Network(onnx, where).rewrite();
  }

  private byte[] rewrite() {
    for (NodeProto node : model.getGraph().getNodeList()) {
      boolean half = isHalf(node);
      NodeProto.Builder copy = node.toBuilder();
      for (int i = 0; i < node.getInputCount(); i++) {
        copy.setInput(i, input(node.getInput(i), half));
      }
      if (half) {
        halves.addAll(node.getOutputList());
      }
      graph.addNode(copy);
    }
    for (ValueInfoProto info : model.getGraph().getValueInfoList()) {
      graph.addValueInfo(halves.contains(info.getName()) ? asHalf(info) : info);
    }
    Set<String> read = new HashSet<>();
    graph.getNodeList().forEach(node -> read.addAll(node.getInputList()));
    for (TensorProto tensor : model.getGraph().getInitializerList()) {
      if (read.contains(tensor.getName())) {
        graph.addInitializer(tensor);
      }
    }
    return model.toBuilder().setGraph(graph).build().toByteArray();
  }

  private boolean isHalf(NodeProto node) {
    return BEGINS.contains(node.getOpType())
        || (KEEPS.contains(node.getOpType())
            && node.getInputList().stream().anyMatch(halves::contains));
  }

  /** The name under which a node of that precision reads a value; adds what is needed for it. */
  private String input(String name, boolean half) {
    TensorProto tensor = weights.get(name);
    if (tensor != null) {
      boolean converts = half && tensor.getDataType() == DataType.FLOAT.getNumber();
      return converts ? halfWeight(tensor) : name;
    }
    if (half == halves.contains(name)) {
      return name;
    }
    String converted = name + (half ? ".half" : ".float");
    if (cast.add(converted)) {
      DataType to = half ? DataType.FLOAT16 : DataType.FLOAT;
      graph.addNode(
          NodeProto.newBuilder()
              .setOpType("Cast")
              .setName(converted)
              .addInput(name)
              .addOutput(converted)
              .addAttribute(GraphBuilder.attribute("to", to.getNumber())));
    }
    return converted;
  }

  private String halfWeight(TensorProto tensor) {
    String name = tensor.getName() + ".half";
    if (cast.add(name)) {
      float[] values = Int8Network.floats(tensor);
      ByteBuffer raw = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : values) {
        raw.putShort(HalfFloats.fromFloat(value));
      }
      graph.addInitializer(
          tensor.toBuilder()
              .setName(name)
              .setDataType(DataType.FLOAT16.getNumber())
              .setRawData(ByteString.copyFrom(raw.flip())));
    }
    return name;
  }

  private static ValueInfoProto asHalf(ValueInfoProto info) {
    ValueInfoProto.Builder half = info.toBuilder();
    half.getTypeBuilder().getTensorTypeBuilder().setElemType(DataType.FLOAT16.getNumber());
    return half.build();
  }
}
