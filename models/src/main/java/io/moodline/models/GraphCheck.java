package io.moodline.models;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Looks through a model file before the native runtime sees it. An ONNX file may name other files
 * to read, operators from libraries, and loops; none of our models does, so all of it is refused.
 * Thread-safe.
 */
final class GraphCheck {
  private static final Set<String> CONTROL_FLOW = Set.of("If", "Loop", "Scan", "SequenceMap");

  private GraphCheck() {}

  /** Parses the file, checks it, and returns its metadata; {@code where} names it in messages. */
  static Map<String, String> check(byte[] onnx, String where) {
    ModelProto model = parse(onnx, where);
    for (OperatorSetIdProto set : model.getOpsetImportList()) {
      if (!set.getDomain().isEmpty() && !set.getDomain().equals("ai.onnx")) {
        throw refused(where, "uses operators of " + set.getDomain());
      }
    }
    if (model.getFunctionsCount() > 0 || model.getTrainingInfoCount() > 0) {
      throw refused(where, "brings functions or training steps of its own");
    }
    GraphProto graph = model.getGraph();
    if (graph.getNodeCount() == 0 || graph.getOutputCount() == 0) {
      throw refused(where, "holds no network");
    }
    if (graph.getSparseInitializerCount() > 0) {
      throw refused(where, "has sparse weights");
    }
    graph.getInitializerList().forEach(tensor -> checkTensor(tensor, where));
    graph.getNodeList().forEach(node -> checkNode(node, where));
    Map<String, String> metadata = new LinkedHashMap<>();
    for (StringStringEntryProto entry : model.getMetadataPropsList()) {
      metadata.put(entry.getKey(), entry.getValue());
    }
    return metadata;
  }

  static ModelProto parse(byte[] onnx, String where) {
    try {
      // Aliasing: the weights stay where they are instead of being copied.
      CodedInputStream in = UnsafeByteOperations.unsafeWrap(onnx).newCodedInput();
      in.enableAliasing(true);
      return ModelProto.parseFrom(in);
    } catch (IOException e) {
      throw new BundleException(
          where + " is no ONNX model or is cut off; fetch or make it again", e);
    }
  }

  private static void checkNode(NodeProto node, String where) {
    if (!node.getDomain().isEmpty() && !node.getDomain().equals("ai.onnx")) {
      throw refused(where, "has an operator of " + node.getDomain());
    }
    if (CONTROL_FLOW.contains(node.getOpType())) {
      throw refused(where, "has the control flow operator " + node.getOpType());
    }
    for (AttributeProto attribute : node.getAttributeList()) {
      if (attribute.hasG() || attribute.getGraphsCount() > 0) {
        throw refused(where, "has a graph inside " + node.getOpType());
      }
      if (attribute.hasT()) {
        checkTensor(attribute.getT(), where);
      }
      attribute.getTensorsList().forEach(tensor -> checkTensor(tensor, where));
    }
  }

  private static void checkTensor(TensorProto tensor, String where) {
    if (tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL
        || tensor.getExternalDataCount() > 0) {
      throw refused(where, "keeps weights in another file");
    }
  }

  private static BundleException refused(String where, String why) {
    return new BundleException(where + " " + why + ", which is not run; use a plain ONNX model");
  }
}
