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

  Tensor reshape(int... newShape) {
    return new Tensor(newShape, values);
  }
}
