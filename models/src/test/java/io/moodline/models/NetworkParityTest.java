package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.models.GraphBuilder.Value;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The networks compute what the published PyTorch code computes: logits and intermediate values,
 * with weights and inputs that follow from names alone.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class NetworkParityTest {
  private static final double LOGITS = 1e-4;
  private static final double INTERMEDIATES = 1e-3;
  private static final int SIDE = 224;

  @ParameterizedTest
  @ValueSource(ints = {7, 8})
  void posterV2ComputesWhatThePublishedCodeComputes(int labels) throws IOException {
    Consumer<GraphBuilder> network =
        g -> {
          int side = PosterV2Network.READ_SIDE;
          PosterV2Network.writeFrom(g, g.input("input", DataType.FLOAT, 3, side, side), labels);
        };
    JsonNode expected = fixture("poster-v2-" + labels + "-seed1.json");
    checkParity(network, expected, Map.of("input", "input"), true);
  }

  @Test
  void oaenetComputesWhatThePublishedCodeComputes() throws IOException {
    Consumer<GraphBuilder> network =
        g -> {
          Value image = g.input("image", DataType.FLOAT, 3, SIDE, SIDE);
          Value weighted = g.input("weighted", DataType.FLOAT, 3, SIDE, SIDE);
          OaenetNetwork.writeFrom(g, image, weighted, 7);
        };
    JsonNode expected = fixture("oaenet-7-seed1.json");
    checkParity(network, expected, Map.of("image", "image", "weighted", "weighted"), false);
  }

  private static void checkParity(
      Consumer<GraphBuilder> network, JsonNode expected, Map<String, String> keys, boolean decimate)
      throws IOException {
    assertThat(Long.toUnsignedString(SeededNumbers.fnv1a("1:input1")))
        .isEqualTo(expected.path("recipe_check").path("fnv1a(\"1:input1\")").asText());
    byte[] onnx = build(network, expected.path("gain").asDouble());
    try (OrtSession session = Session.open(onnx, 2, "parity")) {
      for (int batch : new int[] {1, 8}) {
        Map<String, float[]> inputs = new LinkedHashMap<>();
        keys.forEach(
            (input, key) -> {
              int count = batch * 3 * SIDE * SIDE;
              float[] values = ParityInputs.of(1, key + batch, count);
              inputs.put(input, decimate ? decimated(values) : values);
            });
        Map<String, float[]> outputs = run(session, inputs, batch);
        checkLogits(outputs.get("logits"), expected.path("logits" + batch));
        if (batch == 1) {
          checkIntermediates(outputs, expected.path("intermediates1"));
        }
      }
    } catch (OrtException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] build(Consumer<GraphBuilder> network, double gain) {
    Weights weights = RecipeWeights.of(1, RecipeWeights.shapesOf(network), gain);
    GraphBuilder graph = new GraphBuilder("parity", weights, true);
    network.accept(graph);
    return graph.build();
  }

  private static void checkLogits(float[] logits, JsonNode rows) {
    int at = 0;
    double largest = 0;
    for (JsonNode row : rows) {
      for (JsonNode value : row) {
        largest = Math.max(largest, Math.abs(logits[at++] - value.asDouble()));
      }
    }
    System.out.println("largest difference of " + rows.size() + " rows of logits: " + largest);
    assertThat(at).isEqualTo(logits.length);
    assertThat(largest).isLessThan(LOGITS);
  }

  private static void checkIntermediates(Map<String, float[]> outputs, JsonNode expected) {
    assertThat(expected.size()).isPositive();
    double worst = 0;
    for (Map.Entry<String, JsonNode> entry : expected.properties()) {
      float[] values = outputs.get(GraphBuilder.PROBE + entry.getKey());
      JsonNode fixture = entry.getValue();
      assertThat(values).as(entry.getKey()).hasSize(fixture.path("count").asInt());
      double std = fixture.path("std").asDouble();
      for (int i = 0; i < fixture.path("at").size(); i++) {
        double actual = values[fixture.path("at").get(i).asInt()];
        double difference = Math.abs(actual - fixture.path("values").get(i).asDouble()) / std;
        assertThat(difference).as(entry.getKey()).isLessThan(INTERMEDIATES);
        worst = Math.max(worst, difference);
      }
      double mean = 0;
      for (float value : values) {
        mean += value;
      }
      mean /= values.length;
      assertThat(Math.abs(mean - fixture.path("mean").asDouble()) / std)
          .as("mean of " + entry.getKey())
          .isLessThan(INTERMEDIATES);
    }
    System.out.println("largest difference of intermediates, in their std: " + worst);
  }

  private static Map<String, float[]> run(
      OrtSession session, Map<String, float[]> inputs, int batch) throws OrtException {
    Map<String, OnnxTensor> tensors = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, float[]> input : inputs.entrySet()) {
        int side = (int) Math.sqrt(input.getValue().length / 3.0 / batch);
        tensors.put(
            input.getKey(),
            OnnxTensor.createTensor(
                Session.environment(),
                FloatBuffer.wrap(input.getValue()),
                new long[] {batch, 3, side, side}));
      }
      try (OrtSession.Result result = session.run(tensors)) {
        Map<String, float[]> outputs = new LinkedHashMap<>();
        for (Map.Entry<String, OnnxValue> output : result) {
          outputs.put(output.getKey(), ((OnnxTensor) output.getValue()).getFloatBuffer().array());
        }
        return outputs;
      }
    } finally {
      tensors.values().forEach(OnnxTensor::close);
    }
  }

  /** Even rows and columns of [n, 224, 224] pictures: all that POSTER V2 reads. */
  static float[] decimated(float[] values) {
    float[] even = new float[values.length / 4];
    int at = 0;
    for (int row = 0; row < values.length / SIDE; row += 2) {
      for (int column = 0; column < SIDE; column += 2) {
        even[at++] = values[row * SIDE + column];
      }
    }
    return even;
  }

  private static JsonNode fixture(String name) throws IOException {
    return Manifest.JSON.readTree(NetworkParityTest.class.getResource("/parity/" + name));
  }
}
