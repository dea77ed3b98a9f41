package io.moodline.analyzer;

/**
 * What a JPEG says of itself, read by walking its markers from the first byte to the end mark and
 * decoding nothing: a few hundred bytes can claim gigabytes of pixels, and a decoder fills what is
 * missing from a cut-off file with grey and calls it a picture.
 *
 * @param components 1 grey, 3 colour, 4 CMYK
 * @param scans passes over the picture; a baseline JPEG has 1 to 3
 */
record JpegHeader(int width, int height, int components, boolean progressive, int scans) {
  private static final int MOST_SEGMENTS = 1000;

  /** Reads the markers; the file must be whole, but bytes after its end mark are nobody's. */
  static JpegHeader read(byte[] jpeg) throws UnusablePictureException {
    return new Walk(jpeg).toEnd();
  }

  /** The way through the segments. Confined to one thread. */
  private static final class Walk {
    private static final int START_OF_PICTURE = 0xD8;
    private static final int END_OF_PICTURE = 0xD9;
    private static final int START_OF_SCAN = 0xDA;

    private final byte[] bytes;
    private int at;
    private int width;
    private int height;
    private int components;
    private boolean progressive;
    private int scans;

    Walk(byte[] bytes) {
      this.bytes = bytes;
    }

    JpegHeader toEnd() throws UnusablePictureException {
      check(next() == 0xFF && next() == START_OF_PICTURE, "it does not start as a JPEG");
      for (int segments = 0; segments < MOST_SEGMENTS; segments++) {
        int marker = marker();
        if (marker == END_OF_PICTURE) {
          check(scans > 0, "it ends before its pixels");
          return new JpegHeader(width, height, components, progressive, scans);
        }
        check(marker >= 0xC0 && !isRestart(marker), "it has a marker in a wrong place");
        check(marker != START_OF_PICTURE, "it starts twice");
        int end = at + segmentLength();
        if (isFrame(marker)) {
          frame(marker);
        }
        at = end;
        if (marker == START_OF_SCAN) {
          check(width > 0, "its pixels come before its size");
          scans++;
          skipPixels();
        }
      }
      throw broken("it has too many segments");
    }

    private int marker() throws UnusablePictureException {
      check(next() == 0xFF, "a segment does not start with a marker");
      int marker = next();
      while (marker == 0xFF) {
        marker = next();
      }
      return marker;
    }

    private int segmentLength() throws UnusablePictureException {
      check(at + 2 <= bytes.length, "it is cut off");
      int length = word(at);
      check(length >= 2 && at + length <= bytes.length, "a segment is cut off");
      return length;
    }

    /** Start of frame: precision, height, width, components. */
    private void frame(int marker) throws UnusablePictureException {
      check(width == 0, "it gives its size twice");
      int length = word(at);
      check(length >= 8 && length == 8 + 3 * byteAt(at + 7), "its size is cut off");
      check(byteAt(at + 2) == 8, "it does not have 8 bits per sample");
      // 0xC0 baseline, 0xC1 extended, 0xC2 progressive; the rest nobody writes: lossless,
      // arithmetic.
      check(marker <= 0xC2, "it is coded in a way that is not supported");
      progressive = marker == 0xC2;
      height = word(at + 3);
      width = word(at + 5);
      components = byteAt(at + 7);
      check(width > 0 && height > 0, "it has no size");
      check(components >= 1 && components <= 4, "it has no colours that are known");
    }

    /** In coded pixels 0xFF is followed by 0 (a value) or a restart marker; else they end. */
    private void skipPixels() throws UnusablePictureException {
      while (true) {
        check(at + 1 < bytes.length, "it is cut off");
        if (bytes[at] != (byte) 0xFF) {
          at++;
          continue;
        }
        int following = byteAt(at + 1);
        if (following == 0 || isRestart(following)) {
          at += 2;
        } else if (following == 0xFF) {
          at++;
        } else {
          return;
        }
      }
    }

    private static boolean isFrame(int marker) {
      return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    }

    private static boolean isRestart(int marker) {
      return marker >= 0xD0 && marker <= 0xD7;
    }

    private int next() throws UnusablePictureException {
      check(at < bytes.length, "it is cut off");
      return byteAt(at++);
    }

    private int byteAt(int index) {
      return bytes[index] & 0xFF;
    }

    private int word(int index) {
      return byteAt(index) << 8 | byteAt(index + 1);
    }

    private static void check(boolean holds, String otherwise) throws UnusablePictureException {
      if (!holds) {
        throw broken(otherwise);
      }
    }

    private static UnusablePictureException broken(String why) {
      return new UnusablePictureException(FailReason.DECODE_ERROR, why);
    }
  }
}
