package io.moodline.models;

/**
 * A batch norm as it is at inference: one scale and one shift per channel, in double precision.
 * Thread-safe.
 */
final class BatchNorm {
  static final double EPSILON = 1e-5;

  private final double[] scale;
  private final double[] shift;

  BatchNorm(float[] weight, float[] bias, float[] mean, float[] variance) {
    scale = new double[weight.length];
    shift = new double[weight.length];
    for (int c = 0; c < weight.length; c++) {
      scale[c] = weight[c] / Math.sqrt(variance[c] + EPSILON);
      shift[c] = bias[c] - mean[c] * scale[c];
    }
  }

  /** The kernel [channels, ...] of a convolution in front of this norm, with the norm in it. */
  Tensor foldInto(Tensor kernel) {
    float[] values = kernel.values().clone();
    int perChannel = values.length / scale.length;
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * scale[i / perChannel]);
    }
    return new Tensor(kernel.shape(), values);
  }

  /** The bias that the convolution has after {@link #foldInto}. */
  Tensor bias() {
    return Tensor.of(toFloats(shift));
  }

  private static float[] toFloats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
