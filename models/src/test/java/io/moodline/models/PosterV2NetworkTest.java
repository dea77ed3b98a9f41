package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 10, unit = TimeUnit.MINUTES)
class PosterV2NetworkTest {
  private static final int FACE_BYTES = 224 * 224 * 3;
  private static byte[] onnx;
  private static Classifier classifier;

  @BeforeAll
  static void build() {
    onnx = build(g -> PosterV2Network.write(g, 7));
    classifier = Classifier.open(onnx, new InputSpec(224, 224, 3), 7, 1, 2, "poster");
  }

  @AfterAll
  static void close() {
    classifier.close();
    onnx = null;
  }

  static byte[] build(Consumer<GraphBuilder> network) {
    Weights weights = RecipeWeights.of(1, RecipeWeights.shapesOf(network), 0.9);
    GraphBuilder graph = new GraphBuilder("poster-v2", weights);
    network.accept(graph);
    return graph.build();
  }

  @Test
  void countsWhatThePaperCounts() {
    GraphCost cost = GraphCost.of(onnx, "poster");
    // 43.7 M and 8.4 G in the paper; the spec of the checkpoint gives every digit.
    assertThat(cost.parameters()).isEqualTo(43_753_941);
    assertThat((cost.multiplyAdds() + cost.savedMultiplyAdds()) / 1e9)
        .isCloseTo(8.435, within(0.002));
    assertThat(cost.attentionMultiplyAdds() / 1e9).isCloseTo(0.157, within(0.04));
    assertThat(cost.multiplyAdds() / 1e9).isCloseTo(7.568, within(0.002));
  }

  @Test
  void normalisesPixelsInsideTheGraphAsThePublishedPreprocessingDoes() {
    byte[] face = new SeededNumbers(2, "pixels").bytes(0, FACE_BYTES);
    float[] logits = classifier.logits(java.nio.ByteBuffer.wrap(face), 1)[0];

    float[] mean = {0.485f, 0.456f, 0.406f};
    float[] std = {0.229f, 0.224f, 0.225f};
    float[] picture = new float[FACE_BYTES];
    for (int c = 0; c < 3; c++) {
      for (int i = 0; i < 224 * 224; i++) {
        picture[c * 224 * 224 + i] = ((face[3 * i + c] & 0xff) / 255f - mean[c]) / std[c];
      }
    }
    byte[] body =
        build(g -> PosterV2Network.writeFrom(g, g.input("input", DataType.FLOAT, 3, 112, 112), 7));
    try (FloatModel model = FloatModel.open(body, null, 2, "body")) {
      Map<String, float[]> outputs =
          model.run(NetworkParityTest.decimated(picture), new long[] {1, 3, 112, 112});
      assertThat(logits).containsExactly(outputs.get("logits"), within(1e-6f));
    }
  }

  @Test
  void givesAFaceTheSameScoresWhateverSharesItsBatch() {
    byte[][] faces = new byte[7][];
    for (int i = 0; i < faces.length; i++) {
      faces[i] = new SeededNumbers(7, "face" + i).bytes(0, FACE_BYTES);
    }
    float[][] together = classifier.classify(faces);
    for (int i = 0; i < faces.length; i++) {
      assertThat(classifier.classify(new byte[][] {faces[i]})[0]).isEqualTo(together[i]);
    }
  }
}
