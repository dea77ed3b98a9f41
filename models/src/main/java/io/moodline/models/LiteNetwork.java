package io.moodline.models;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moodline.models.GraphBuilder.Value;
import java.util.List;

/**
 * The light network: a stem and six residual blocks with channel gates on a 48 x 48 grey face, some
 * 57 million multiply-adds. Input {@code faces}: uint8 [batch, 48, 48, 3], NHWC, RGB. Output {@code
 * logits}: float [batch, labels].
 */
final class LiteNetwork {
  static final String ARCHITECTURE = "lite";
  static final int SIDE = 48;
  private static final int[] CHANNELS = {32, 64, 128, 256};
  private static final int[] BLOCKS = {1, 2, 2, 1};
  private static final int SQUEEZE = 8;

  private LiteNetwork() {}

  static void write(GraphBuilder g, int labels) {
    Value faces = g.input("faces", DataType.UINT8, SIDE, SIDE, 3);
    Value x = standardise(g, grey(g, faces));
    x = g.map("Relu", "stem_relu", g.convNorm("stem", "stem_bn", x, 32, 3, 2));
    int layer = 0;
    for (int stage = 0; stage < CHANNELS.length; stage++) {
      for (int i = 0; i < BLOCKS[stage]; i++) {
        int stride = stage > 0 && i == 0 ? 2 : 1;
        x = block(g, "layers." + layer++, x, CHANNELS[stage], stride);
      }
    }
    g.output(g.classifier("fc", g.globalMean("mean", x), labels));
  }

  /**
   * Rec. 601 grey, rounded to a whole level: (19595 R + 38470 G + 7471 B + 2^15) / 2^16. Every step
   * is exact in float32, on a GPU too, so a grey picture comes through unchanged.
   */
  static Value grey(GraphBuilder g, Value faces) {
    Value rgb = g.cast("rgb", faces, DataType.FLOAT);
    Value sum = scalar(g, "half", 32768);
    int[] shares = {19595, 38470, 7471};
    for (int i = 0; i < shares.length; i++) {
      String colour = "colour" + i;
      Value plane = g.slice(colour, rgb, 3, i, i + 1, 1);
      Value part = g.zip("Mul", colour + ".part", plane, scalar(g, colour + ".w", shares[i]));
      sum = g.zip("Add", colour + ".sum", part, sum);
    }
    Value luma = g.zip("Mul", "luma", sum, scalar(g, "to_level", 0x1p-16f));
    // One channel: NHWC and NCHW are the same numbers in the same order.
    return g.reshape("grey", g.map("Floor", "level", luma), 1, SIDE, SIDE);
  }

  /** One number, with as many axes as a picture: ONNX Runtime is slow over fewer (25 times). */
  private static Value scalar(GraphBuilder g, String name, float value) {
    return g.constant(name, Tensor.of(value).reshape(1, 1, 1));
  }

  /** x/127.5 - 1, then minus its mean and over its standard deviation (n - 1) + 1e-3. */
  private static Value standardise(GraphBuilder g, Value grey) {
    Value scaled = g.zip("Div", "scaled", grey, scalar(g, "half_range", 127.5f));
    Value x = g.zip("Sub", "centred", scaled, scalar(g, "one", 1));
    int[] one = {-1, 1, 1, 1};
    Value mean =
        g.op(
            "ReduceMean",
            "picture_mean",
            one,
            List.of(x),
            GraphBuilder.attribute("axes", 1, 2, 3),
            GraphBuilder.attribute("keepdims", 1));
    Value off = g.zip("Sub", "deviation", x, mean);
    Value squares =
        g.op(
            "ReduceSum",
            "squares_sum",
            one,
            List.of(g.zip("Mul", "squares", off, off), g.constantInts("pixels", 1, 2, 3)),
            GraphBuilder.attribute("keepdims", 1));
    Value degrees = scalar(g, "degrees", SIDE * SIDE - 1);
    Value variance = g.zip("Div", "variance", squares, degrees);
    Value std = g.map("Sqrt", "std", variance);
    Value floor = g.zip("Add", "std_floor", std, scalar(g, "std_least", 1e-3f));
    return g.zip("Div", "standard", off, floor);
  }

  private static Value block(GraphBuilder g, String key, Value x, int out, int stride) {
    Value y = g.convNorm(key + ".conv1", key + ".bn1", x, out, 3, stride);
    y = g.map("Relu", key + ".relu1", y);
    y = gated(g, key + ".gate", g.convNorm(key + ".conv2", key + ".bn2", y, out, 3, 1));
    Value shortcut =
        stride == 1 && x.extent(1) == out
            ? x
            : g.convNorm(key + ".down.0", key + ".down.1", x, out, 1, stride);
    return g.map("Relu", key + ".relu2", g.zip("Add", key + ".sum", y, shortcut));
  }

  /** Squeeze and excite: weighs each channel by what the whole map says. */
  private static Value gated(GraphBuilder g, String key, Value x) {
    int channels = x.extent(1);
    Value squeezed = g.globalMean(key + ".mean", x);
    squeezed = g.linearPerPicture(key + ".reduce", squeezed, channels / SQUEEZE);
    squeezed = g.map("Relu", key + ".relu", squeezed);
    Value weights = g.linearPerPicture(key + ".expand", squeezed, channels);
    return g.zip("Mul", key + ".gated", x, g.map("Sigmoid", key + ".sigmoid", weights));
  }
}
