package io.moodline.models;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a network costs, counted on its graph. Thread-safe.
 *
 * @param parameters trained numbers that the logits depend on, as the state dict has them
 * @param multiplyAdds of all convolutions and linear layers, per face
 * @param attentionMultiplyAdds of the products of two computed matrices, per face
 * @param savedMultiplyAdds what the published code computes beyond {@code multiplyAdds}, although
 *     nothing reads it; papers count it
 */
public record GraphCost(
    long parameters, long multiplyAdds, long attentionMultiplyAdds, long savedMultiplyAdds) {
  static final String PARAMETERS = "parameters";
  static final String SAVED = "multiply-adds-saved";

  static GraphCost of(byte[] onnx, String where) {
    ModelProto model = GraphCheck.parse(onnx, where);
    Map<String, long[]> shapes = new HashMap<>();
    for (List<ValueInfoProto> infos :
        List.of(
            model.getGraph().getInputList(),
            model.getGraph().getOutputList(),
            model.getGraph().getValueInfoList())) {
      infos.forEach(info -> shapes.put(info.getName(), shape(info)));
    }
    Map<String, long[]> weights = new HashMap<>();
    for (TensorProto tensor : model.getGraph().getInitializerList()) {
      long[] dims = tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
      weights.put(tensor.getName(), dims);
    }
    long layers = 0;
    long attention = 0;
    for (NodeProto node : model.getGraph().getNodeList()) {
      if (node.getOpType().equals("DequantizeLinear") && weights.containsKey(node.getInput(0))) {
        weights.put(node.getOutput(0), weights.get(node.getInput(0)));
      }
      if (node.getInputCount() < 2) {
        continue;
      }
      long[] out = shapes.getOrDefault(node.getOutput(0), new long[0]);
      long[] in = shapes.getOrDefault(node.getInput(0), new long[0]);
      long[] kernel = weights.get(node.getInput(1));
      switch (node.getOpType()) {
        case "Conv" -> layers += kernel == null ? 0 : size(out) * (size(kernel) / kernel[0]);
        case "ConvTranspose" ->
            layers += kernel == null ? 0 : size(in) * (size(kernel) / kernel[0]);
        case "MatMul" -> {
          layers += kernel == null ? 0 : size(out) * kernel[0];
          attention += kernel == null && in.length > 0 ? size(out) * in[in.length - 1] : 0;
        }
        default -> {}
      }
    }
    return new GraphCost(metadata(model, PARAMETERS), layers, attention, metadata(model, SAVED));
  }

  private static long[] shape(ValueInfoProto info) {
    return info.getType().getTensorType().getShape().getDimList().stream()
        .mapToLong(Dimension::getDimValue)
        .toArray();
  }

  /** Elements per face: the batch, whose extent is not known, counts as one. */
  private static long size(long[] shape) {
    long size = 1;
    for (long extent : shape) {
      size *= Math.max(extent, 1);
    }
    return size;
  }

  private static long metadata(ModelProto model, String key) {
    for (StringStringEntryProto entry : model.getMetadataPropsList()) {
      if (entry.getKey().equals(key) && entry.getValue().matches("\\d{1,15}")) {
        return Long.parseLong(entry.getValue());
      }
    }
    return 0;
  }
}
