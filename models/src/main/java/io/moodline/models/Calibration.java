package io.moodline.models;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds out between which values a network's activations lie on real faces: what a whole-number
 * variant needs to know. Confined to one thread.
 */
final class Calibration {
  /** The lowest and highest value that was seen; always holds zero. */
  record Range(float low, float high) {
    Range with(float value) {
      return new Range(Math.min(low, value), Math.max(high, value));
    }
  }

  private Calibration() {}

  /** The ranges of the named values over the faces. */
  static Map<String, Range> ranges(
      ModelProto model, Set<String> values, List<byte[]> faces, InputSpec input) {
    Map<String, Range> ranges = new LinkedHashMap<>();
    long[] shape = {1, input.height(), input.width(), input.channels()};
    try (OrtSession session = Session.open(exposing(model, values), 2, "calibration")) {
      for (byte[] face : faces) {
        try (OnnxTensor x =
                OnnxTensor.createTensor(
                    Session.environment(), ByteBuffer.wrap(face), shape, OnnxJavaType.UINT8);
            OrtSession.Result result = session.run(Map.of("faces", x), values)) {
          for (Map.Entry<String, OnnxValue> output : result) {
            FloatBuffer floats = ((OnnxTensor) output.getValue()).getFloatBuffer();
            ranges.merge(output.getKey(), range(floats), (a, b) -> a.with(b.low).with(b.high));
          }
        }
      }
    } catch (OrtException e) {
      throw new IllegalStateException("calibration failed: " + Session.oneLine(e), e);
    }
    return ranges;
  }

  private static Range range(FloatBuffer floats) {
    float low = 0;
    float high = 0;
    while (floats.hasRemaining()) {
      float value = floats.get();
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return new Range(low, high);
  }

  /** The model with inner values among its outputs. */
  private static byte[] exposing(ModelProto model, Set<String> values) {
    GraphProto.Builder graph = model.getGraph().toBuilder();
    Map<String, ValueInfoProto> infos = new HashMap<>();
    graph.getValueInfoList().forEach(info -> infos.put(info.getName(), info));
    for (String value : values) {
      graph.addOutput(infos.get(value));
    }
    return model.toBuilder().setGraph(graph).build().toByteArray();
  }
}
