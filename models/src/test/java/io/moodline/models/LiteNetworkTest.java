package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moodline.models.GraphBuilder.Value;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LiteNetworkTest {

  @Test
  void namesEveryWeightThatIsMissing() {
    GraphBuilder graph =
        new GraphBuilder("lite", new Weights("empty.pth", Map.of("stem.weight", Tensor.of(1))));
    LiteNetwork.write(graph, 8);
    assertThatThrownBy(graph::build)
        .isInstanceOf(BundleException.class)
        .hasMessageContaining("empty.pth does not fit lite")
        .hasMessageContaining("stem.weight has shape [1] instead of [32, 1, 3, 3]")
        .hasMessageContaining("stem_bn.weight is missing")
        .hasMessageContaining("and 100 more");
  }

  @Test
  void greyPicturesComeThroughTheColourConversionUnchanged() {
    // Three channels of one level must be that level after Rec. 601, or grey data sets would shift.
    byte[] levels = new byte[48 * 48];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = (byte) (i % 256);
    }
    float[] grey = luma(LiteBundle.greyToRgb(levels));
    for (int i = 0; i < levels.length; i++) {
      assertThat(grey[i]).isEqualTo(levels[i] & 0xff);
    }
  }

  @Test
  void colourBecomesGreyByRec601RoundedToTheNearestLevel() {
    byte[] colours = new SeededNumbers(3, "colours").bytes(0, 48 * 48 * 3);
    float[] grey = luma(colours);
    for (int i = 0; i < grey.length; i++) {
      int r = colours[3 * i] & 0xff;
      int g = colours[3 * i + 1] & 0xff;
      int b = colours[3 * i + 2] & 0xff;
      assertThat(grey[i]).isEqualTo((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
    }
  }

  /** The graph's own grey picture, read as if it were logits. */
  private static float[] luma(byte[] face) {
    GraphBuilder g = new GraphBuilder("grey", new Weights("none", Map.of()));
    Value faces = g.input("faces", DataType.UINT8, 48, 48, 3);
    Value grey = LiteNetwork.grey(g, faces);
    g.output(g.reshape("logits", grey, 48 * 48));
    try (Classifier classifier =
        Classifier.open(g.build(), new InputSpec(48, 48, 3), 48 * 48, 1, 1, "grey")) {
      return classifier.logits(java.nio.ByteBuffer.wrap(face), 1)[0];
    }
  }
}
