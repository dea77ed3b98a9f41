package io.moodline.ingest;

import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The size of the pictures that an H.264 sequence parameter set announces (ITU-T H.264, 7.3.2.1.1),
 * before cropping: read in Java, so that no decoder starts on pictures that no camera has.
 * Thread-safe.
 */
record H264Size(int width, int height) {
  private static final int PARAMETER_SET = 7;
  private static final int SEVERAL_UNITS = 24;
  private static final Pattern SETS = Pattern.compile("sprop-parameter-sets=([A-Za-z0-9+/=,]+)");

  /** The size that a session description's parameters announce; empty where they do not. */
  static Optional<H264Size> ofParameters(String parameters) {
    Matcher sets = SETS.matcher(parameters);
    if (!sets.find()) {
      return Optional.empty();
    }
    for (String set : sets.group(1).split(",", -1)) {
      try {
        Optional<H264Size> size = ofUnit(Base64.getDecoder().decode(set));
        if (size.isPresent()) {
          return size;
        }
      } catch (IllegalArgumentException e) {
        // Damaged: the decoder waits for a set within the stream, which is looked at as well.
      }
    }
    return Optional.empty();
  }

  /** The size that an RTP payload announces (RFC 6184); empty where it holds no parameter set. */
  static Optional<H264Size> ofPayload(byte[] payload) {
    if (payload.length == 0 || (payload[0] & 0x1F) != SEVERAL_UNITS) {
      return ofUnit(payload);
    }
    int at = 1;
    while (at + 2 < payload.length) {
      int end = at + 2 + ((payload[at] & 0xFF) << 8 | payload[at + 1] & 0xFF);
      Optional<H264Size> size =
          ofUnit(Arrays.copyOfRange(payload, at + 2, Math.min(end, payload.length)));
      if (size.isPresent()) {
        return size;
      }
      at = end;
    }
    return Optional.empty();
  }

  private static Optional<H264Size> ofUnit(byte[] unit) {
    if (unit.length < 5 || (unit[0] & 0x1F) != PARAMETER_SET) {
      return Optional.empty();
    }
    try {
      return Optional.of(read(new Bits(unit)));
    } catch (IndexOutOfBoundsException e) {
      return Optional.empty(); // cut off or damaged: the decoder makes nothing of it either
    }
  }

  private static H264Size read(Bits bits) {
    bits.skip(8);
    int profile = bits.read(8);
    bits.skip(16);
    bits.number();
    if (hasColours(profile)) {
      readColours(bits);
    }
    bits.number();
    long order = bits.number();
    if (order == 0) {
      bits.number();
    } else if (order == 1) {
      bits.skip(1);
      bits.number();
      bits.number();
      for (long left = bits.number(); left > 0; left--) {
        bits.number();
      }
    }
    bits.number();
    bits.skip(1);
    long width = 16 * (bits.number() + 1);
    long height = 16 * (bits.number() + 1) * (bits.read(1) == 1 ? 1 : 2);
    return new H264Size(clamp(width), clamp(height));
  }

  private static boolean hasColours(int profile) {
    return switch (profile) {
      case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 -> true;
      default -> false;
    };
  }

  private static void readColours(Bits bits) {
    boolean full = bits.number() == 3;
    if (full) {
      bits.skip(1);
    }
    bits.number();
    bits.number();
    bits.skip(1);
    if (bits.read(1) == 0) {
      return;
    }
    for (int list = 0; list < (full ? 12 : 8); list++) {
      if (bits.read(1) == 1) {
        skipScaling(bits, list < 6 ? 16 : 64);
      }
    }
  }

  private static void skipScaling(Bits bits, int size) {
    long last = 8;
    for (int i = 0; i < size; i++) {
      long coded = bits.number();
      long delta = coded % 2 == 0 ? -(coded / 2) : (coded + 1) / 2;
      last = Math.floorMod(last + delta, 256L);
      if (last == 0) {
        return;
      }
    }
  }

  private static int clamp(long pixels) {
    return (int) Math.min(pixels, 1 << 20);
  }

  boolean isTooLarge() {
    return (long) width * height > VideoSource.MAX_PIXELS;
  }

  /** Bits of a unit, without the bytes that keep start codes out of it. */
  private static final class Bits {
    private final byte[] bytes;
    private int at;

    Bits(byte[] unit) {
      byte[] plain = new byte[unit.length];
      int length = 0;
      int zeros = 0;
      for (byte next : unit) {
        if (zeros >= 2 && next == 3) {
          zeros = 0;
          continue;
        }
        zeros = next == 0 ? zeros + 1 : 0;
        plain[length++] = next;
      }
      bytes = Arrays.copyOf(plain, length);
    }

    int read(int count) {
      int value = 0;
      for (int i = 0; i < count; i++) {
        value = value << 1 | bytes[at >> 3] >> (7 - (at & 7)) & 1;
        at++;
      }
      return value;
    }

    void skip(int count) {
      at += count;
    }

    /** An unsigned number in Exp-Golomb code. */
    long number() {
      int zeros = 0;
      while (read(1) == 0) {
        if (++zeros > 31) {
          throw new IndexOutOfBoundsException("no number");
        }
      }
      return (1L << zeros) - 1 + (read(zeros) & 0xFFFFFFFFL);
    }
  }
}
