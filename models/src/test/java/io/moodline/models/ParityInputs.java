package io.moodline.models;

/** Float pictures as the parity fixtures were made with. */
final class ParityInputs {
  private ParityInputs() {}

  /** So many numbers, 4 u - 2. */
  static float[] of(int seed, String key, int count) {
    SeededNumbers numbers = new SeededNumbers(seed, key);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (4 * numbers.uniform(i) - 2);
    }
    return values;
  }
}
