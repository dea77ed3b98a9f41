package io.moodline.models;

import java.util.Arrays;

/**
 * A float tensor, row-major. The values are not copied: whoever makes one gives the array away.
 * Thread-safe as long as nobody writes to the array.
 */
final class Tensor {
  private final int[] shape;
  private final float[] values;

  Tensor(int[] shape, float[] values) {
    if (size(shape) != values.length) {
      throw new IllegalArgumentException(
          "a tensor of shape " + Arrays.toString(shape) + " does not hold " + values.length);
    }
    this.shape = shape.clone();
    this.values = values;
  }

  static Tensor zeros(int... shape) {
    return new Tensor(shape, new float[Math.toIntExact(size(shape))]);
  }

  static Tensor of(float... values) {
    return new Tensor(new int[] {values.length}, values);
  }

  static long size(int... shape) {
    long size = 1;
    for (int extent : shape) {
      size = Math.multiplyExact(size, (long) extent);
    }
    return size;
  }

  int[] shape() {
    return shape.clone();
  }

  float[] values() {
    return values;
  }

  boolean hasShape(int... expected) {
    return Arrays.equals(shape, expected);
  }

  int extent(int axis) {
    return shape[axis];
  }

  /** A matrix with rows and columns exchanged. */
  Tensor transposed() {
    int rows = shape[0];
    int columns = shape[1];
    float[] exchanged = new float[values.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        exchanged[c * rows + r] = values[r * columns + c];
      }
    }
    return new Tensor(new int[] {columns, rows}, exchanged);
  }

  /** Rows {@code from} to {@code from + count} of the first axis. */
  Tensor rows(int from, int count) {
    int row = values.length / shape[0];
    int[] part = shape.clone();
    part[0] = count;
    return new Tensor(part, Arrays.copyOfRange(values, from * row, (from + count) * row));
  }

  /** Every value times a factor, in double precision. */
  Tensor times(double factor) {
    float[] scaled = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      scaled[i] = (float) (values[i] * factor);
    }
    return new Tensor(shape, scaled);
  }

  Tensor reshape(int... newShape) {
    return new Tensor(newShape, values);
  }
}
