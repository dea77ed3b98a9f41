package io.moodline.models;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moodline.models.GraphBuilder.Value;
import java.util.List;

/**
 * OAENet (Wang et al., 2021): one branch keeps the face, one learns from the face under a mask that
 * stresses landmarks where to look, and a MobileNetV2 reads their product.
 *
 * <p>Inputs: {@code faces}, uint8 [batch, 224, 224, 3], NHWC, RGB, and {@code mask}, float [batch,
 * 224, 224], the weight of each pixel. The published code feeds the masked picture as a second
 * picture; it is the first one times the mask, so the graph multiplies, and a caller hands over
 * each pixel once. The published network was trained on blue-green-red pictures: the graph turns
 * the colours. Output {@code logits}: float [batch, labels].
 */
final class OaenetNetwork {
  static final String ARCHITECTURE = "oaenet";
  static final int SIDE = 224;

  private static final float MEAN = 0.456f;
  private static final float STD = 0.225f;

  /** The backbone's groups of inverted residuals: expansion, channels, units, stride. */
  private static final int[][] BACKBONE = {
    {1, 16, 1, 1},
    {6, 24, 2, 2},
    {6, 32, 3, 2},
    {6, 64, 4, 2},
    {6, 96, 3, 1},
    {6, 160, 3, 2},
    {6, 320, 1, 1}
  };

  private final GraphBuilder g;

  private OaenetNetwork(GraphBuilder g) {
    this.g = g;
  }

  static void write(GraphBuilder g, int labels) {
    Value faces = g.input("faces", DataType.UINT8, SIDE, SIDE, 3);
    Value mask = g.input("mask", DataType.FLOAT, SIDE, SIDE);
    Value rgb = g.transpose("rgb", g.cast("pixels", faces, DataType.FLOAT), 0, 3, 1, 2);
    Value turned = g.constantInts("turned", 2, 1, 0);
    Value bgr =
        g.op("Gather", "bgr", rgb.shape(), List.of(rgb, turned), GraphBuilder.attribute("axis", 1));
    Value masked = g.zip("Mul", "masked", bgr, g.reshape("mask_plane", mask, 1, SIDE, SIDE));
    Value white = g.constant("white", GraphBuilder.scalar(255));
    Value mean = g.constant("mean", GraphBuilder.scalar(MEAN));
    Value std = g.constant("std", GraphBuilder.scalar(STD));
    writeFrom(
        g,
        normalise(g, "image", bgr, white, mean, std),
        normalise(g, "weighted", masked, white, mean, std),
        labels);
  }

  private static Value normalise(
      GraphBuilder g, String name, Value x, Value white, Value mean, Value std) {
    Value centred = g.zip("Sub", name + ".centred", g.zip("Div", name + ".unit", x, white), mean);
    return g.zip("Div", name, centred, std);
  }

  /** The network behind the normalisation: both float [batch, 3, 224, 224], BGR. */
  static void writeFrom(GraphBuilder g, Value image, Value weighted, int labels) {
    OaenetNetwork network = new OaenetNetwork(g);
    Value kept = network.maintenanceBranch(image);
    Value attention = network.attentionBranch(weighted);
    Value stressed = g.zip("Add", "stress", attention, g.constant("keep", GraphBuilder.scalar(1)));
    Value features = network.backbone(g.zip("Mul", "fusion", kept, stressed));
    g.output(g.classifier("classifier", g.globalMean("mean_feature", features), labels));
  }

  private Value maintenanceBranch(Value x) {
    String key = "maintenance_branch.features.";
    x = convNormRelu6(key + "0.0", key + "0.1", x, 32, 3, 2, 1);
    g.probe("maintenance_branch.features.0", x);
    x = invertedResidual(key + "1", x, 16, 1, 1);
    x = invertedResidual(key + "2", x, 24, 2, 6);
    x = invertedResidual(key + "3", x, 24, 1, 6);
    x = convNormRelu6(key + "4.0", key + "4.1", x, 32, 1, 1, 1);
    g.probe("maintenance_branch", x);
    return x;
  }

  private Value attentionBranch(Value x) {
    String key = "attention_branch.";
    Value e1 = convNormRelu(key + "layer1", x, 64, 7, 2, 3);
    Value e2 = convNormRelu(key + "layer2", e1, 128, 4, 2, 1);
    Value e3 = convNormRelu(key + "layer3", e2, 256, 4, 2, 1);
    Value f = e3;
    for (int i = 0; i < 6; i++) {
      f = basicBlock(key + "resblock." + i, f, i == 0 ? 2 : 1);
    }
    g.probe("attention_branch.resblock", f);
    Value d3 = up(key + "layer4", f, e3, 128);
    Value d2 = up(key + "layer5", d3, e2, 64);
    return convNormRelu(key + "layer6", d2, 32, 1, 1, 0);
  }

  private Value convNormRelu(String key, Value x, int out, int k, int stride, int padding) {
    Value y = g.convNorm(key + ".0", key + ".1", x, out, k, stride, padding, 1);
    y = g.map("Relu", key + ".relu", y);
    g.probe(key, y);
    return y;
  }

  private Value basicBlock(String key, Value x, int stride) {
    Value y = g.convNorm(key + ".conv1", key + ".bn1", x, 256, 3, stride);
    y = g.map("Relu", key + ".relu1", y);
    y = g.convNorm(key + ".conv2", key + ".bn2", y, 256, 3, 1);
    Value shortcut = stride == 1 ? x : g.maxPool(key + ".pooled", x, 2, 2);
    return g.map("Relu", key + ".relu2", g.zip("Add", key + ".sum", y, shortcut));
  }

  /** Twice the size by a transposed convolution, then the encoder's map of that size beside it. */
  private Value up(String key, Value x, Value encoder, int out) {
    Tensor kernel = g.weight(key + ".up.weight", x.extent(1), out, 4, 4);
    Value bias = g.constant(key + ".up.b", g.weight(key + ".up.bias", out));
    Value larger =
        g.op(
            "ConvTranspose",
            key + ".up",
            new int[] {-1, out, 2 * x.extent(2), 2 * x.extent(3)},
            List.of(x, g.constant(key + ".up.w", kernel), bias),
            square("kernel_shape", 4),
            square("strides", 2),
            GraphBuilder.attribute("pads", 1, 1, 1, 1));
    Value both = g.concat(key + ".both", 1, larger, encoder);
    Value y = g.map("Relu", key + ".relu", g.conv(key + ".conv_relu.0", both, out, 3, 1));
    g.probe(key, y);
    return y;
  }

  private static AttributeProto square(String name, int value) {
    return GraphBuilder.attribute(name, value, value);
  }

  private Value backbone(Value x) {
    String key = "backbone.features.";
    int index = 0;
    for (int[] group : BACKBONE) {
      for (int unit = 0; unit < group[2]; unit++) {
        int stride = unit == 0 ? group[3] : 1;
        x = invertedResidual(key + index++, x, group[1], stride, group[0]);
      }
    }
    x = convNormRelu6(key + index + ".0", key + index + ".1", x, 1280, 1, 1, 1);
    g.probe("backbone", x);
    return x;
  }

  private Value invertedResidual(String key, Value x, int out, int stride, int expansion) {
    int middle = x.extent(1) * expansion;
    String conv = key + ".conv.";
    int next = 0;
    Value y = x;
    if (expansion > 1) {
      y = convNormRelu6(conv + next + ".0", conv + next + ".1", y, middle, 1, 1, 1);
      next++;
    }
    y = convNormRelu6(conv + next + ".0", conv + next + ".1", y, middle, 3, stride, middle);
    y = g.convNorm(conv + (next + 1), conv + (next + 2), y, out, 1, 1);
    return stride == 1 && x.extent(1) == out ? g.zip("Add", key, x, y) : y;
  }

  private Value convNormRelu6(
      String conv, String norm, Value x, int out, int k, int stride, int groups) {
    Value y = g.convNorm(conv, norm, x, out, k, stride, (k - 1) / 2, groups);
    return g.relu6(conv + ".relu6", y);
  }
}
