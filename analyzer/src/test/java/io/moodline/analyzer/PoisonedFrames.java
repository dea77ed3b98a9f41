package io.moodline.analyzer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Bytes that claim to be the JPEG of a frame of 512 x 512 and are not. */
final class PoisonedFrames {
  private PoisonedFrames() {}

  /** By expected reason and what is wrong with it, separated by a colon. */
  static Map<String, byte[]> byReason() {
    byte[] good = TestPictures.jpeg(TestPictures.astronaut());
    Map<String, byte[]> poison = new LinkedHashMap<>();
    poison.put("DECODE_ERROR:no bytes", new byte[0]);
    poison.put("DECODE_ERROR:text", "this is no picture".getBytes(StandardCharsets.UTF_8));
    poison.put("DECODE_ERROR:zeros", new byte[20_000]);
    poison.put("DECODE_ERROR:cut in the pixels", Arrays.copyOf(good, good.length / 2));
    poison.put("DECODE_ERROR:cut in the header", Arrays.copyOf(good, 100));
    poison.put("DECODE_ERROR:flipped header", flipped(good, startOfFrame(good) + 4));
    poison.put("DECODE_ERROR:a PNG", TestPictures.astronautPng());
    poison.put("DECODE_ERROR:CMYK", withComponents(good, 4));
    poison.put("DECODE_ERROR:progressive", progressive(good));
    poison.put("TOO_LARGE:16000 x 16000", sized(good, 16_000, 16_000));
    poison.put("TOO_LARGE:65535 x 65535", sized(good, 65_535, 65_535));
    poison.put("SIZE_MISMATCH:smaller", TestPictures.jpeg(TestPictures.plain(64, 48, 90)));
    poison.put("SIZE_MISMATCH:claims to be lower", sized(good, 512, 256));
    return poison;
  }

  /** {@code jpeg} with another size in its header. */
  static byte[] sized(byte[] jpeg, int width, int height) {
    byte[] changed = jpeg.clone();
    int at = startOfFrame(jpeg) + 5;
    changed[at] = (byte) (height >> 8);
    changed[at + 1] = (byte) height;
    changed[at + 2] = (byte) (width >> 8);
    changed[at + 3] = (byte) width;
    return changed;
  }

  private static byte[] flipped(byte[] jpeg, int at) {
    byte[] changed = jpeg.clone();
    changed[at] ^= (byte) 0xFF;
    return changed;
  }

  /** A start of frame with room for four components, as CMYK has. */
  private static byte[] withComponents(byte[] jpeg, int components) {
    int at = startOfFrame(jpeg);
    int added = 3 * components - 9;
    byte[] changed = new byte[jpeg.length + added];
    System.arraycopy(jpeg, 0, changed, 0, at + 19);
    System.arraycopy(jpeg, at + 19, changed, at + 19 + added, jpeg.length - at - 19);
    changed[at + 3] = (byte) (8 + 3 * components);
    changed[at + 9] = (byte) components;
    return changed;
  }

  private static byte[] progressive(byte[] jpeg) {
    byte[] changed = jpeg.clone();
    changed[startOfFrame(jpeg) + 1] = (byte) 0xC2;
    return changed;
  }

  /** Where the marker 0xFF 0xC0 stands. */
  private static int startOfFrame(byte[] jpeg) {
    for (int i = 0; i + 1 < jpeg.length; i++) {
      if (jpeg[i] == (byte) 0xFF && jpeg[i + 1] == (byte) 0xC0) {
        return i;
      }
    }
    throw new IllegalArgumentException("not a baseline JPEG");
  }
}
