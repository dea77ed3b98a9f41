package io.moodline.models;

/** IEEE 754 half precision, which Java 17 cannot convert by itself. Thread-safe. */
final class HalfFloats {
  private HalfFloats() {}

  static float toFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >> 10) & 0x1f;
    int fraction = half & 0x3ff;
    if (exponent == 0) {
      float tiny = fraction * 0x1p-24f;
      return sign == 0 ? tiny : -tiny;
    }
    int wide = exponent == 0x1f ? 0xff : exponent + 112;
    return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
  }

  /** To the nearest half, ties to even; what is too large becomes infinite. */
  static short fromFloat(float value) {
    int bits = Float.floatToIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fffffff;
    if (magnitude >= 0x7f800000) {
      return (short) (sign | 0x7c00 | (magnitude > 0x7f800000 ? 0x200 : 0));
    }
    if (magnitude >= 0x38800000) {
      // Halfway cases go to the even neighbour: add just less than half, and one more if odd.
      int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1);
      return (short) (sign | Math.min((rounded - 0x38000000) >>> 13, 0x7c00));
    }
    return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1p24f));
  }
}
