package io.moodline.models;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * Finds out between which values a network's activations lie on real faces: what a whole-number
 * variant needs to know. The graph itself takes the smallest and the largest, so that the values
 * never leave the runtime. Confined to one thread.
 */
final class Calibration {
  private static final String LOW = ".lowest";
  private static final String HIGH = ".highest";
  private static final int BATCH = 8;

  /** The lowest and highest value that was seen; always holds zero. */
  record Range(float low, float high) {
    private static final Range ZERO = new Range(0, 0);

    Range with(float value) {
      return new Range(Math.min(low, value), Math.max(high, value));
    }
  }

  private Calibration() {}

  /**
   * The ranges of the named values over the faces.
   *
   * @param done told how many faces are through
   */
  static Map<String, Range> ranges(
      ModelProto model,
      Set<String> values,
      List<byte[]> faces,
      InputSpec input,
      int threads,
      IntConsumer done) {
    Map<String, Range> ranges = new LinkedHashMap<>();
    values.forEach(value -> ranges.put(value, Range.ZERO));
    ByteBuffer pixels = ByteBuffer.allocateDirect(BATCH * input.bytes());
    try (OrtSession session = Session.open(reducing(model, values), threads, "calibration")) {
      for (int first = 0; first < faces.size(); first += BATCH) {
        done.accept(first);
        List<byte[]> some = faces.subList(first, Math.min(faces.size(), first + BATCH));
        pixels.clear();
        some.forEach(pixels::put);
        run(session, pixels.flip(), some.size(), input, ranges);
      }
    } catch (OrtException e) {
      throw new IllegalStateException("calibration failed: " + Session.oneLine(e), e);
    }
    return ranges;
  }

  private static void run(
      OrtSession session, ByteBuffer pixels, int faces, InputSpec input, Map<String, Range> ranges)
      throws OrtException {
    long[] shape = {faces, input.height(), input.width(), input.channels()};
    try (OnnxTensor x =
            OnnxTensor.createTensor(Session.environment(), pixels, shape, OnnxJavaType.UINT8);
        OrtSession.Result result = session.run(Map.of("faces", x))) {
      for (Map.Entry<String, OnnxValue> output : result) {
        String name = output.getKey();
        int end = name.lastIndexOf('.');
        if (name.endsWith(LOW) || name.endsWith(HIGH)) {
          float value = ((OnnxTensor) output.getValue()).getFloatBuffer().get();
          ranges.computeIfPresent(name.substring(0, end), (key, range) -> range.with(value));
        }
      }
    }
  }

  /** The model with the extremes of inner values among its outputs. */
  private static byte[] reducing(ModelProto model, Set<String> values) {
    GraphProto.Builder graph = model.getGraph().toBuilder();
    for (String value : values) {
      addExtreme(graph, "ReduceMin", value, LOW);
      addExtreme(graph, "ReduceMax", value, HIGH);
    }
    return model.toBuilder().setGraph(graph).build().toByteArray();
  }

  private static void addExtreme(
      GraphProto.Builder graph, String type, String value, String ending) {
    String name = value + ending;
    graph.addNode(
        NodeProto.newBuilder()
            .setOpType(type)
            .setName(name)
            .addInput(value)
            .addOutput(name)
            .addAttribute(GraphBuilder.attribute("keepdims", 0)));
    TypeProto.Tensor number =
        TypeProto.Tensor.newBuilder()
            .setElemType(DataType.FLOAT.getNumber())
            .setShape(TensorShapeProto.getDefaultInstance())
            .build();
    graph.addOutput(
        ValueInfoProto.newBuilder()
            .setName(name)
            .setType(TypeProto.newBuilder().setTensorType(number)));
  }
}
