package io.moodline.models;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.moodline.models.GraphBuilder.Value;
import java.util.Objects;

/**
 * POSTER V2 behind its preprocessing: the part that {@code NetworkParityTest} holds against what
 * PyTorch computes, over the same weights. Pixels are normalised here as was published, not in the
 * graph, and one face goes through at a time: nothing is shared with the way through the service
 * but the layers. Confined to one thread.
 */
public final class PosterV2Reference implements AutoCloseable {
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] STD = {0.229f, 0.224f, 0.225f};

  private final FloatModel model;

  public PosterV2Reference(int labels) {
    model = FloatModel.open(body(labels), null, 2, "the reference");
  }

  private static byte[] body(int labels) {
    Weights weights = RecipeWeights.of(1, RecipeWeights.shapesOf(g -> write(g, labels)), 0.9);
    GraphBuilder graph = new GraphBuilder("reference", weights);
    write(graph, labels);
    return graph.build();
  }

  private static void write(GraphBuilder g, int labels) {
    int side = PosterV2Network.READ_SIDE;
    Value x = g.input("input", DataType.FLOAT, 3, side, side);
    PosterV2Network.writeFrom(g, x, labels);
  }

  /** Scores of a face, uint8 [224, 224, 3], RGB, at a temperature of 1. */
  public double[] scores(byte[] face) {
    int side = PosterV2Network.READ_SIDE;
    float[] input = new float[3 * side * side];
    int at = 0;
    for (int channel = 0; channel < 3; channel++) {
      for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
          int level = face[3 * (2 * y * PosterV2Network.SIDE + 2 * x) + channel] & 0xff;
          input[at++] = (level / 255f - MEAN[channel]) / STD[channel];
        }
      }
    }
    float[] logits = model.run(input, new long[] {1, 3, side, side}).get("logits");
    return softmax(Objects.requireNonNull(logits, "the only output"));
  }

  private static double[] softmax(float[] logits) {
    double[] scores = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      scores[i] = Math.exp(logits[i]);
      sum += scores[i];
    }
    for (int i = 0; i < logits.length; i++) {
      scores[i] /= sum;
    }
    return scores;
  }

  @Override
  public void close() {
    model.close();
  }
}
