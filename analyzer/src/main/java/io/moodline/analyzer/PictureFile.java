package io.moodline.analyzer;

import io.moodline.runtime.UserException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Pictures that a user hands in: JPEG, PNG, BMP and WebP. Size and kind are read from the header
 * and judged before a decoder sees the bytes. Thread-safe.
 */
final class PictureFile {
  /** Photographs from cameras have up to some 50 million pixels. */
  static final long MOST_PIXELS = 64_000_000;

  static final int LONGEST_SIDE = 16_000;
  static final int MOST_BYTES = 64 * 1024 * 1024;

  /** Passes over the picture; each costs a decoder as much as the whole picture. */
  private static final int MOST_SCANS = 100;

  private static final byte[] PNG = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  private PictureFile() {}

  private record Size(long width, long height) {}

  /**
   * Decodes a picture, turned upright as its EXIF orientation says.
   *
   * @throws UserException naming the file and what is wrong with it
   */
  static Picture read(byte[] file, String name) {
    try {
      if (file.length > MOST_BYTES) {
        throw new UserException(
            name + " is larger than " + (MOST_BYTES >> 20) + " MB: give a smaller picture");
      }
      checkSize(size(file), name);
      return PictureDecoder.decodeUpright(file);
    } catch (UnusablePictureException e) {
      throw new UserException(name + " is not a picture that can be read: " + e.getMessage(), e);
    }
  }

  private static void checkSize(Size size, String name) {
    long longest = Math.max(size.width(), size.height());
    if (longest > LONGEST_SIDE || size.width() * size.height() > MOST_PIXELS) {
      throw new UserException(
          name
              + " has "
              + size.width()
              + " x "
              + size.height()
              + " pixels: at most "
              + MOST_PIXELS / 1_000_000
              + " million and "
              + LONGEST_SIDE
              + " on a side are read, so make it smaller");
    }
  }

  private static Size size(byte[] file) throws UnusablePictureException {
    if (startsWith(file, 0, new byte[] {(byte) 0xFF, (byte) 0xD8})) {
      return jpeg(file);
    }
    if (startsWith(file, 0, PNG)) {
      return png(file);
    }
    if (startsWith(file, 0, "BM".getBytes(StandardCharsets.US_ASCII))) {
      return bmp(file);
    }
    if (startsWith(file, 0, "RIFF".getBytes(StandardCharsets.US_ASCII))
        && startsWith(file, 8, "WEBP".getBytes(StandardCharsets.US_ASCII))) {
      return webp(file);
    }
    throw broken("it is no JPEG, PNG, BMP or WebP");
  }

  private static Size jpeg(byte[] file) throws UnusablePictureException {
    JpegHeader header = JpegHeader.read(file);
    if (header.scans() > MOST_SCANS) {
      throw broken("it is coded in too many passes");
    }
    return new Size(header.width(), header.height());
  }

  /** Signature, then the IHDR chunk: length, name, width, height. */
  private static Size png(byte[] file) throws UnusablePictureException {
    need(file, 24);
    if (!startsWith(file, 12, "IHDR".getBytes(StandardCharsets.US_ASCII))) {
      throw broken("its header is missing");
    }
    ByteBuffer bytes = ByteBuffer.wrap(file);
    return sized(bytes.getInt(16), bytes.getInt(20));
  }

  /** File header of 14 bytes, then size of the next header, width, height (negative: top down). */
  private static Size bmp(byte[] file) throws UnusablePictureException {
    need(file, 26);
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.getInt(14) < 40) {
      throw broken("it is a BMP of a kind that is not supported");
    }
    return sized(bytes.getInt(18), Math.abs((long) bytes.getInt(22)));
  }

  /** RIFF header of 12 bytes, then a chunk: VP8 (lossy), VP8L (lossless) or VP8X (extended). */
  private static Size webp(byte[] file) throws UnusablePictureException {
    need(file, 30);
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    return switch (new String(file, 12, 4, StandardCharsets.US_ASCII)) {
      case "VP8 " -> sized(bytes.getShort(26) & 0x3FFF, bytes.getShort(28) & 0x3FFF);
      case "VP8L" -> {
        int bits = bytes.getInt(21);
        yield sized((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
      }
      case "VP8X" ->
          sized((bytes.getInt(24) & 0xFFFFFF) + 1, (bytes.getInt(26) >>> 8 & 0xFFFFFF) + 1);
      default -> throw broken("it is a WebP of a kind that is not supported");
    };
  }

  private static Size sized(long width, long height) throws UnusablePictureException {
    if (width <= 0 || height <= 0) {
      throw broken("it has no size");
    }
    return new Size(width, height);
  }

  private static void need(byte[] file, int bytes) throws UnusablePictureException {
    if (file.length < bytes) {
      throw broken("it is cut off");
    }
  }

  private static boolean startsWith(byte[] file, int at, byte[] start) {
    return file.length >= at + start.length
        && Arrays.equals(file, at, at + start.length, start, 0, start.length);
  }

  private static UnusablePictureException broken(String why) {
    return new UnusablePictureException(FailReason.DECODE_ERROR, why);
  }
}
