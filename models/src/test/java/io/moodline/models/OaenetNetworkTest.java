package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OaenetNetworkTest {
  private static final int PIXELS = 224 * 224;

  @Test
  void countsWhatTheSpecificationCounts() {
    GraphCost cost =
        GraphCost.of(PosterV2NetworkTest.build(g -> OaenetNetwork.write(g, 7)), "oaenet");
    assertThat(cost.parameters()).isEqualTo(11_209_047);
    assertThat(cost.multiplyAdds() / 1e9).isCloseTo(3.389, within(0.002));
  }

  @Test
  void turnsColoursAndAppliesTheMaskInsideTheGraph() throws OrtException {
    byte[] face = new SeededNumbers(2, "pixels").bytes(0, 3 * PIXELS);
    float[] mask = ParityInputs.of(2, "mask", PIXELS);
    float[] image = new float[3 * PIXELS];
    float[] weighted = new float[3 * PIXELS];
    for (int c = 0; c < 3; c++) {
      for (int i = 0; i < PIXELS; i++) {
        // Blue first: the published network reads BGR.
        int level = face[3 * i + 2 - c] & 0xff;
        image[c * PIXELS + i] = (level / 255f - 0.456f) / 0.225f;
        weighted[c * PIXELS + i] = ((float) ((double) level * mask[i]) / 255f - 0.456f) / 0.225f;
      }
    }
    float[] expected =
        logits(
            PosterV2NetworkTest.build(
                g ->
                    OaenetNetwork.writeFrom(
                        g,
                        g.input("image", DataType.FLOAT, 3, 224, 224),
                        g.input("weighted", DataType.FLOAT, 3, 224, 224),
                        7)),
            Map.of(
                "image",
                floats(image, 1, 3, 224, 224),
                "weighted",
                floats(weighted, 1, 3, 224, 224)));
    OnnxTensor faces =
        OnnxTensor.createTensor(
            Session.environment(),
            ByteBuffer.wrap(face),
            new long[] {1, 224, 224, 3},
            OnnxJavaType.UINT8);
    float[] actual =
        logits(
            PosterV2NetworkTest.build(g -> OaenetNetwork.write(g, 7)),
            Map.of("faces", faces, "mask", floats(mask, 1, 224, 224)));
    assertThat(actual).containsExactly(expected, within(1e-5f));
  }

  private static OnnxTensor floats(float[] values, long... shape) throws OrtException {
    return OnnxTensor.createTensor(Session.environment(), FloatBuffer.wrap(values), shape);
  }

  private static float[] logits(byte[] onnx, Map<String, OnnxTensor> inputs) throws OrtException {
    try (OrtSession session = Session.open(onnx, 2, "oaenet");
        OrtSession.Result result = session.run(inputs)) {
      return ((OnnxTensor) result.get(0)).getFloatBuffer().array();
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }
}
