package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FloatModelTest {
  static byte[] doubling() {
    GraphBuilder g = new GraphBuilder("doubling", new Weights("none", Map.of()));
    var x = g.input("x", DataType.FLOAT, 3);
    g.output(g.zip("Mul", "twice", x, g.constant("two", Tensor.of(2))));
    g.output(g.map("Relu", "positive", x));
    return g.build();
  }

  @Test
  void runsFloatsThroughANetworkInAnyBatch() {
    byte[] onnx = doubling();
    try (FloatModel model = FloatModel.open(onnx, Digests.sha256(onnx), 1, "doubling.onnx")) {
      Map<String, float[]> one = model.run(new float[] {1, -2, 3}, new long[] {1, 3});
      assertThat(one).containsOnlyKeys("twice", "positive");
      assertThat(one.get("twice")).containsExactly(2, -4, 6);
      assertThat(one.get("positive")).containsExactly(1, 0, 3);
      assertThat(model.run(new float[] {1, 2, 3, 4, 5, 6}, new long[] {2, 3}).get("twice"))
          .containsExactly(2, 4, 6, 8, 10, 12);
    }
  }

  @Test
  void refusesAnotherDigest() {
    String zeros = "0".repeat(64);
    assertThatThrownBy(() -> FloatModel.open(doubling(), zeros, 1, "doubling.onnx"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("doubling.onnx has SHA-256")
        .hasMessageContaining(zeros);
  }

  @Test
  void refusesBytesThatAreNoModel() {
    for (byte[] bytes : new byte[][] {{}, {1, 2, 3}, {'<', 'h', '>'}}) {
      assertThatThrownBy(() -> FloatModel.open(bytes, null, 1, "page.onnx"))
          .isInstanceOf(BundleException.class)
          .hasMessageContaining("page.onnx");
    }
    assertThatThrownBy(() -> FloatModel.open(Path.of("nowhere.onnx"), null, 1))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("nowhere.onnx is not there");
  }

  @Test
  void refusesWeightsInAnotherFile() throws Exception {
    ModelProto.Builder model = ModelProto.parseFrom(doubling()).toBuilder();
    model
        .getGraphBuilder()
        .getInitializerBuilder(0)
        .setDataLocation(TensorProto.DataLocation.EXTERNAL)
        .addExternalData(
            StringStringEntryProto.newBuilder().setKey("location").setValue("/etc/hostname"));
    refused(model, "keeps weights in another file");
  }

  @Test
  void refusesForeignOperatorsAndControlFlow() throws Exception {
    ModelProto.Builder foreign = ModelProto.parseFrom(doubling()).toBuilder();
    foreign.getGraphBuilder().getNodeBuilder(0).setDomain("com.example");
    refused(foreign, "operator of com.example");
    ModelProto.Builder loop = ModelProto.parseFrom(doubling()).toBuilder();
    loop.getGraphBuilder().getNodeBuilder(0).setOpType("Loop");
    refused(loop, "control flow operator Loop");
  }

  private static void refused(ModelProto.Builder model, String why) {
    assertThatThrownBy(() -> FloatModel.open(model.build().toByteArray(), null, 1, "odd.onnx"))
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("odd.onnx")
        .hasMessageContaining(why);
  }

  @Test
  void runsTheFaceDetectorWhenItIsThere() {
    Path yunet = TestData.require("detectors/face_detection_yunet_2023mar.onnx");
    try (FloatModel model = FloatModel.open(yunet, null, 1)) {
      Map<String, float[]> outputs =
          model.run(new float[3 * 640 * 640], new long[] {1, 3, 640, 640});
      assertThat(outputs.keySet()).contains("cls_8", "obj_8", "bbox_8", "kps_8", "cls_32");
      assertThat(outputs.get("bbox_8")).hasSize(80 * 80 * 4);
    }
  }
}
