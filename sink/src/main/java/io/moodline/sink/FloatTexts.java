package io.moodline.sink;

import com.fasterxml.jackson.core.io.NumberOutput;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Floats as JSON spells them, kept for those that come again: quantiles have some fifty values, see
 * {@link ScoreBins}, which lie more than a thousandth apart. Confined to one thread.
 */
final class FloatTexts {
  private static final int SLOTS = 1024;

  private final int[] floats = new int[SLOTS];
  private final byte[][] texts = new byte[SLOTS][];

  FloatTexts() {
    Arrays.fill(texts, new byte[0]);
  }

  /** The text of a float that is given as its bits. */
  byte[] of(int bits) {
    float value = Float.intBitsToFloat(bits);
    int slot = (int) (value * 1000) & (SLOTS - 1);
    byte[] text = texts[slot];
    if (text.length == 0 || floats[slot] != bits) {
      text = text(value).getBytes(StandardCharsets.US_ASCII);
      floats[slot] = bits;
      texts[slot] = text;
    }
    return text;
  }

  private static String text(float value) {
    String text = NumberOutput.toString(value, true);
    return Float.isFinite(value) ? text : '"' + text + '"';
  }
}
