package io.moodline.models;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moodline.models.GraphBuilder.Value;
import java.util.List;

/**
 * POSTER V2 (Mao et al., 2023), read beside the paper: a landmark branch and an image branch, cross
 * attention between the two at three scales in which the landmarks ask and the image answers, and a
 * small transformer over the three results. Weight names are those of the authors' checkpoints.
 *
 * <p>Input {@code faces}: uint8 [batch, 224, 224, 3], NHWC, RGB. Output {@code logits}: float
 * [batch, labels]. What the published code computes and throws away (the landmark head, the last
 * stage of the IR-50, unused layers of the transformer) is left out; nothing else differs.
 */
final class PosterV2Network {
  static final String ARCHITECTURE = "poster-v2";
  static final int SIDE = 224;

  /** Both branches begin by taking every second pixel of every second row. */
  static final int READ_SIDE = 112;

  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] STD = {0.229f, 0.224f, 0.225f};
  private static final float WINDOW_EPSILON = 1e-5f;
  private static final float TRANSFORMER_EPSILON = 1e-6f;
  private static final int WIDTH = 768;
  private static final int TOKENS = 1 + 3 * 49;
  private static final int HEADS = 8;
  private static final int HEAD_WIDTH = WIDTH / HEADS;
  private static final int WINDOW_HEAD_WIDTH = 32;

  /** Multiply-adds of one token in the query, projection and MLP of the last block. */
  private static final long LAST_BLOCK_PER_TOKEN = 2L * WIDTH * WIDTH + 8L * WIDTH * WIDTH;

  private final GraphBuilder g;

  private PosterV2Network(GraphBuilder g) {
    this.g = g;
  }

  static void write(GraphBuilder g, int labels) {
    Value faces = g.input("faces", DataType.UINT8, SIDE, SIDE, 3);
    writeFrom(g, normalise(g, faces), labels);
  }

  /** The network behind the normalisation: {@code x} is float [batch, 3, 112, 112], RGB. */
  static void writeFrom(GraphBuilder g, Value x, int labels) {
    PosterV2Network network = new PosterV2Network(g);
    Value[] landmarks = network.landmarkBranch(x);
    Value[] image = network.imageBranch(x);
    Value[] fused = new Value[3];
    for (int level = 1; level <= 3; level++) {
      fused[level - 1] = network.crossAttention(level, image[level - 1], landmarks[level - 1]);
    }
    g.output(network.transformer(network.tokens(fused), labels));
    g.describe(GraphCost.SAVED, String.valueOf((TOKENS - 1) * LAST_BLOCK_PER_TOKEN));
  }

  /** (v/255 - mean)/std per channel, in that order, as the published preprocessing does. */
  private static Value normalise(GraphBuilder g, Value faces) {
    Value pixels = g.cast("pixels", faces, DataType.FLOAT);
    Value rows = g.slice("even_rows", pixels, 1, 0, SIDE, 2);
    Value read = g.slice("even_pixels", rows, 2, 0, SIDE, 2);
    Value planes = g.transpose("planes", read, 0, 3, 1, 2);
    Value unit = g.zip("Div", "unit", planes, g.constant("white", GraphBuilder.scalar(255)));
    Tensor mean = Tensor.of(MEAN).reshape(3, 1, 1);
    Value centred = g.zip("Sub", "centred", unit, g.constant("mean", mean));
    Tensor std = Tensor.of(STD).reshape(3, 1, 1);
    return g.zip("Div", "normalised", centred, g.constant("std", std));
  }

  // The landmark branch: a MobileFaceNet.

  private Value[] landmarkBranch(Value x) {
    String key = "face_landback.";
    x = convNormPrelu(key + "conv1", x, 64, 3, 2, 1);
    x = convNormPrelu(key + "conv2_dw", x, 64, 3, 1, 64);
    x = depthwise(key + "conv_23", x, 64, 128, 2);
    Value fine = depthwiseResiduals(key + "conv_3", x, 4, 128);
    x = depthwise(key + "conv_34", fine, 128, 256, 2);
    Value middle = depthwiseResiduals(key + "conv_4", x, 6, 256);
    x = depthwise(key + "conv_45", middle, 128, 512, 2);
    x = depthwiseResiduals(key + "conv_5", x, 2, 256);
    x = convNormPrelu(key + "conv_6_sep", x, 512, 1, 1, 1);
    g.probe("face_landback[0]", fine);
    g.probe("face_landback[1]", middle);
    g.probe("face_landback[2]", x);
    Value coarse = g.conv("last_face_conv", x, 256, 3, 1);
    g.probe("last_face_conv", coarse);
    return new Value[] {fine, middle, coarse};
  }

  private Value convNormPrelu(String key, Value x, int out, int k, int stride, int groups) {
    Value y = g.convNorm(key + ".conv", key + ".bn", x, out, k, stride, (k - 1) / 2, groups);
    return g.prelu(key + ".prelu", y);
  }

  private Value depthwise(String key, Value x, int out, int middle, int stride) {
    Value y = convNormPrelu(key + ".conv", x, middle, 1, 1, 1);
    y = convNormPrelu(key + ".conv_dw", y, middle, 3, stride, middle);
    return g.convNorm(key + ".project.conv", key + ".project.bn", y, out, 1, 1);
  }

  private Value depthwiseResiduals(String key, Value x, int count, int middle) {
    for (int i = 0; i < count; i++) {
      String unit = key + ".model." + i;
      x = g.zip("Add", unit, x, depthwise(unit, x, x.extent(1), middle, 1));
    }
    return x;
  }

  // The image branch: an IR-50 without its last stage.

  private Value[] imageBranch(Value x) {
    String key = "ir_back.";
    x = g.convNorm(key + "input_layer.0", key + "input_layer.1", x, 64, 3, 1);
    x = g.prelu(key + "input_layer.2", x);
    g.probe("ir_back.input_layer", x);
    int[] channels = {64, 128, 256};
    int[] units = {3, 4, 14};
    Value[] maps = new Value[3];
    for (int stage = 0; stage < 3; stage++) {
      String body = key + "body" + (stage + 1);
      for (int i = 0; i < units[stage]; i++) {
        x = residual(body + "." + i, x, channels[stage], i == 0 ? 2 : 1);
      }
      g.probe(body, x);
      String reduce = "conv" + (stage + 1);
      maps[stage] = g.conv(reduce, x, channels[stage], 3, 2);
      g.probe(reduce, maps[stage]);
    }
    return maps;
  }

  /** Norm, convolution, PReLU, convolution with the stride, norm; nothing after the sum. */
  private Value residual(String key, Value x, int out, int stride) {
    String layer = key + ".res_layer.";
    Value y = g.norm(layer + "0", x);
    Tensor first = g.weight(layer + "1.weight", out, x.extent(1), 3, 3);
    y = g.conv(layer + "1", y, first, Tensor.of(), 1, 1, 1);
    y = g.prelu(layer + "2", y);
    y = g.convNorm(layer + "3", layer + "4", y, out, 3, stride);
    Value shortcut = x;
    if (x.extent(1) != out) {
      String own = key + ".shortcut_layer.";
      shortcut = g.convNorm(own + "0", own + "1", x, out, 1, stride);
    } else if (stride > 1) {
      shortcut = g.maxPool(key + ".decimated", x, 1, stride);
    }
    return g.zip("Add", key, y, shortcut);
  }

  // Cross attention: the window is the whole map, so a map is simply a row of tokens.

  private Value crossAttention(int level, Value image, Value landmarks) {
    int channels = image.extent(1);
    int side = image.extent(2);
    int tokens = side * side;
    int heads = channels / WINDOW_HEAD_WIDTH;
    Value sequence = toTokens("tokens" + level, image);
    // The normalised map is what attention reads and also what it is added to.
    Value t = g.layerNorm("window" + level + ".norm", sequence, WINDOW_EPSILON);

    String key = "attn" + level;
    Tensor both = g.weight(key + ".qkv.weight", 2 * channels, channels);
    Tensor bias = g.weight(key + ".qkv.bias", 2 * channels);
    double scale = 1 / Math.sqrt(WINDOW_HEAD_WIDTH);
    // The scale belongs to the query, which has no weights of its own: the key carries it.
    Tensor keyMatrix = both.rows(0, channels).times(scale);
    Value k = g.linear(key + ".k", t, keyMatrix, bias.rows(0, channels).times(scale));
    Tensor valueMatrix = both.rows(channels, channels);
    Value v = g.linear(key + ".v", t, valueMatrix, bias.rows(channels, channels));
    Value q = g.reshape(key + ".q_heads", landmarks, heads, WINDOW_HEAD_WIDTH, tokens);
    q = g.transpose(key + ".q", q, 0, 1, 3, 2);

    Value logits = g.matMul(key + ".match", q, split(key + ".k", k, heads, true));
    Value position = g.constant(key + ".position", positionBias(key, side, heads));
    Value match = g.softmax(key + ".softmax", g.zip("Add", key + ".biased", logits, position));
    Value o = g.matMul(key + ".read", match, split(key + ".v", v, heads, false));
    o = g.linear(key + ".proj", merge(key + ".o", o), channels);
    g.probe(key, o);
    return feedForward("ffn" + level, t, o, side);
  }

  private Value feedForward(String key, Value t, Value o, int side) {
    int channels = t.extent(2);
    Value gamma1 = g.constant(key + ".gamma1", g.weight(key + ".gamma1", channels));
    Value gamma2 = g.constant(key + ".gamma2", g.weight(key + ".gamma2", channels));
    Value u = g.zip("Add", key + ".u", t, g.zip("Mul", key + ".scaled1", o, gamma1));
    Value m = mlp(key + ".mlp", g.layerNorm(key + ".norm", u, WINDOW_EPSILON), 4 * channels);
    Value w = g.zip("Add", key + ".w", u, g.zip("Mul", key + ".scaled2", m, gamma2));
    g.probe(key, w);
    Value map = g.transpose(key + ".channels", w, 0, 2, 1);
    return g.reshape(key + ".map", map, channels, side, side);
  }

  private Value mlp(String key, Value x, int hidden) {
    Value y = g.gelu(key + ".gelu", g.linear(key + ".fc1", x, hidden));
    return g.linear(key + ".fc2", y, x.extent(2));
  }

  /** What a head adds to the match of a query and a key for their distance: [1, heads, N, N]. */
  private Tensor positionBias(String key, int side, int heads) {
    int span = 2 * side - 1;
    int tokens = side * side;
    float[] table = g.weight(key + ".relative_position_bias_table", span * span, heads).values();
    float[] bias = new float[heads * tokens * tokens];
    int at = 0;
    for (int head = 0; head < heads; head++) {
      for (int query = 0; query < tokens; query++) {
        for (int answer = 0; answer < tokens; answer++) {
          int rows = query / side - answer / side + side - 1;
          int columns = query % side - answer % side + side - 1;
          bias[at++] = table[(rows * span + columns) * heads + head];
        }
      }
    }
    return new Tensor(new int[] {1, heads, tokens, tokens}, bias);
  }

  // The transformer over a class token and the tokens of the three levels.

  private Value tokens(Value[] fused) {
    Value first = g.conv("embed_q.0", fused[0], WIDTH, 3, 2);
    first = g.conv("embed_q.1", first, WIDTH, 3, 2);
    Value second = g.conv("embed_k.0", fused[1], WIDTH, 3, 2);
    Value third = g.conv("embed_v.proj", fused[2], WIDTH, 1, 1);
    g.probe("embed_q", first);
    g.probe("embed_k", second);
    Value last = toTokens("embed_v.tokens", third);
    g.probe("embed_v", last);
    return g.concat(
        "levels", 1, toTokens("embed_q.tokens", first), toTokens("embed_k.tokens", second), last);
  }

  private Value transformer(Value levels, int labels) {
    Value x = withClassToken(levels);
    String block = "VIT.blocks.0";
    Value normed = g.layerNorm(block + ".norm1", x, TRANSFORMER_EPSILON);
    x = g.zip("Add", block + ".attended", x, selfAttention(block + ".attn", normed));
    normed = g.layerNorm(block + ".norm2", x, TRANSFORMER_EPSILON);
    x = g.zip("Add", block + ".out", x, mlp(block + ".mlp", normed, 4 * WIDTH));
    g.probe(block, x);

    Value f = lastBlock("VIT.blocks.1", x);
    f = vector("VIT.f", g.layerNorm("VIT.norm", f, TRANSFORMER_EPSILON));
    String se = "VIT.se_block.linear";
    Value gate = g.map("Relu", se + "1.relu", g.linearPerPicture(se + "1", f, WIDTH));
    gate = g.map("Sigmoid", se + "2.sigmoid", g.linearPerPicture(se + "2", gate, WIDTH));
    f = g.zip("Mul", "VIT.gated", f, gate);
    g.probe("VIT.se_block", f);
    return g.classifier("VIT.head.linear", f, labels);
  }

  /** A row of zeros in front, then the positions, in whose first row the class token is. */
  private Value withClassToken(Value levels) {
    Value pads = g.constantInts("class_row", 0, 1, 0, 0, 0, 0);
    int[] shape = {-1, TOKENS, WIDTH};
    Value padded = g.op("Pad", "with_class_row", shape, List.of(levels, pads));
    float[] token = g.weight("VIT.cls_token", 1, 1, WIDTH).values();
    float[] sum = g.weight("VIT.pos_embed", 1, TOKENS, WIDTH).values().clone();
    for (int i = 0; i < WIDTH; i++) {
      sum[i] += token[i];
    }
    Tensor positions = new Tensor(new int[] {1, TOKENS, WIDTH}, sum);
    return g.zip("Add", "sequence", padded, g.constant("positions", positions));
  }

  private Value selfAttention(String key, Value x) {
    Value q = split(key + ".q", g.linear(key + ".q", x, rows(key, 0), bias(key, 0)), HEADS, false);
    Value o = attend(key, q, x);
    return g.linear(key + ".proj", merge(key + ".o", o), WIDTH);
  }

  /** Softmax(q k) v for heads of queries [batch, heads, n, 96] over all tokens of {@code x}. */
  private Value attend(String key, Value q, Value x) {
    Value k = g.linear(key + ".k", x, rows(key, 1), bias(key, 1));
    Value v = g.linear(key + ".v", x, rows(key, 2), bias(key, 2));
    Value match = g.matMul(key + ".match", q, split(key + ".k", k, HEADS, true));
    Value shares = g.softmax(key + ".softmax", match);
    return g.matMul(key + ".read", shares, split(key + ".v", v, HEADS, false));
  }

  /** A third of the qkv weights; the query's carry the scale of the attention. */
  private Tensor rows(String key, int third) {
    Tensor all = g.weight(key + ".qkv.weight", 3 * WIDTH, WIDTH);
    Tensor rows = all.rows(third * WIDTH, WIDTH);
    return third == 0 ? rows.times(1 / Math.sqrt(HEAD_WIDTH)) : rows;
  }

  private Tensor bias(String key, int third) {
    Tensor rows = g.weight(key + ".qkv.bias", 3 * WIDTH).rows(third * WIDTH, WIDTH);
    return third == 0 ? rows.times(1 / Math.sqrt(HEAD_WIDTH)) : rows;
  }

  /** The last block for the class token alone, since nothing reads the others: the same result. */
  private Value lastBlock(String key, Value x) {
    Value normed = g.layerNorm(key + ".norm1", x, TRANSFORMER_EPSILON);
    Value asking = vector(key + ".asking", g.slice(key + ".normed0", normed, 1, 0, 1, 1));
    String attn = key + ".attn";
    Value q = g.linearPerPicture(attn + ".q", asking, rows(attn, 0), bias(attn, 0));
    q = g.reshape(attn + ".q_heads", q, HEADS, 1, HEAD_WIDTH);
    Value o = g.reshape(attn + ".o", attend(attn, q, normed), WIDTH, 1, 1);
    o = g.linearPerPicture(attn + ".proj", o, WIDTH);

    Value token = g.slice(key + ".token", x, 1, 0, 1, 1);
    token = g.zip("Add", key + ".attended", token, g.reshape(key + ".row", o, 1, WIDTH));
    Value m = vector(key + ".v2", g.layerNorm(key + ".norm2", token, TRANSFORMER_EPSILON));
    m = g.gelu(key + ".mlp.gelu", g.linearPerPicture(key + ".mlp.fc1", m, 4 * WIDTH));
    m = g.linearPerPicture(key + ".mlp.fc2", m, WIDTH);
    return g.zip("Add", key + ".out", token, g.reshape(key + ".mlp.row", m, 1, WIDTH));
  }

  // Shapes.

  private Value toTokens(String name, Value map) {
    int channels = map.extent(1);
    Value flat = g.reshape(name + ".flat", map, channels, map.extent(2) * map.extent(3));
    return g.transpose(name, flat, 0, 2, 1);
  }

  private Value vector(String name, Value row) {
    return g.reshape(name, row, row.extent(2), 1, 1);
  }

  /** [batch, N, heads * d] to [batch, heads, N, d], or to [batch, heads, d, N] for a key. */
  private Value split(String name, Value x, int heads, boolean forKey) {
    Value parts = g.reshape(name + ".parts", x, x.extent(1), heads, x.extent(2) / heads);
    return forKey
        ? g.transpose(name + ".heads", parts, 0, 2, 3, 1)
        : g.transpose(name + ".heads", parts, 0, 2, 1, 3);
  }

  /** [batch, heads, N, d] to [batch, N, heads * d]. */
  private Value merge(String name, Value x) {
    Value parts = g.transpose(name + ".parts", x, 0, 2, 1, 3);
    return g.reshape(name, parts, parts.extent(1), parts.extent(2) * parts.extent(3));
  }
}
