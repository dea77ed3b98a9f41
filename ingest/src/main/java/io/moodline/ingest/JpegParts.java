package io.moodline.ingest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Motion JPEG as cameras send it over HTTP: a body of parts, each a picture behind a few headers.
 * The pictures go on in parts of our own. Thread-safe.
 */
final class JpegParts {
  private static final int LARGEST = 8 * 1024 * 1024;
  private static final int MOST_HEADERS = 40;

  private JpegParts() {}

  /** Whether a body starts as one of parts. */
  static boolean isOne(byte[] head) {
    String text = new String(head, StandardCharsets.ISO_8859_1).stripLeading();
    return text.startsWith("--") && text.toLowerCase(Locale.ROOT).contains("content-type");
  }

  static boolean isJpeg(byte[] head) {
    return head.length > 2 && (head[0] & 0xFF) == 0xFF && (head[1] & 0xFF) == 0xD8;
  }

  /** Passes pictures on until the body ends. */
  static void pass(InputStream in, OutputStream player) throws IOException, SourceException {
    while (true) {
      byte[] picture = next(in);
      if (!isJpeg(picture)) {
        continue; // a part of another kind, or a damaged one: it costs itself
      }
      checkSize(picture);
      player.write(
          ("--moodline\r\nContent-Type: image/jpeg\r\nContent-Length: "
                  + picture.length
                  + "\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      player.write(picture);
      player.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static byte[] next(InputStream in) throws IOException {
    String line = Wire.readLine(in);
    for (int lines = 0; !line.startsWith("--"); lines++) {
      if (lines > MOST_HEADERS) {
        throw new WireException("sends parts without a boundary");
      }
      line = Wire.readLine(in);
    }
    int length = -1;
    for (int headers = 0; !line.isEmpty(); headers++) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (headers > MOST_HEADERS) {
        throw new WireException("sends parts with headers without end");
      }
      if (lower.startsWith("content-length:")) {
        length = length(lower.substring("content-length:".length()).strip());
      }
      line = Wire.readLine(in);
    }
    return length >= 0 ? in.readNBytes(length) : upToBoundary(in);
  }

  private static int length(String text) throws IOException {
    if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) > LARGEST) {
      throw new WireException("sends pictures of more than " + LARGEST + " bytes");
    }
    return Integer.parseInt(text);
  }

  /**
   * Reads a picture whose length is not told; what ends it is a line that starts with a boundary.
   */
  private static byte[] upToBoundary(InputStream in) throws IOException {
    ByteArrayOutputStream picture = new ByteArrayOutputStream(1 << 16);
    int last = 0;
    while (true) {
      int next = in.read();
      if (next < 0) {
        return picture.toByteArray();
      }
      picture.write(next);
      if (last == 0xFF && next == 0xD9 && atBoundary(in)) {
        return picture.toByteArray();
      }
      if (picture.size() > LARGEST) {
        throw new WireException("sends pictures of more than " + LARGEST + " bytes");
      }
      last = next;
    }
  }

  private static boolean atBoundary(InputStream in) throws IOException {
    in.mark(8);
    String ahead = new String(in.readNBytes(4), StandardCharsets.ISO_8859_1);
    in.reset();
    return ahead.startsWith("\r\n--") || ahead.startsWith("\n--") || ahead.startsWith("--");
  }

  /** Looks at the size in the frame header before any decoder does. */
  private static void checkSize(byte[] jpeg) throws SourceException {
    int at = 2;
    while (at + 9 < jpeg.length && (jpeg[at] & 0xFF) == 0xFF) {
      int marker = jpeg[at + 1] & 0xFF;
      boolean frame =
          marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
      if (frame) {
        int height = (jpeg[at + 5] & 0xFF) << 8 | jpeg[at + 6] & 0xFF;
        int width = (jpeg[at + 7] & 0xFF) << 8 | jpeg[at + 8] & 0xFF;
        if ((long) width * height > VideoSource.MAX_PIXELS) {
          throw SourceException.tooLarge(width, height);
        }
        return;
      }
      at += marker == 0xFF ? 1 : 2 + ((jpeg[at + 2] & 0xFF) << 8 | jpeg[at + 3] & 0xFF);
    }
  }
}
