package io.moodline.models;

import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * Reads and writes NumPy's files: .npy (one array) and .npz (a zip of them). Numbers only, little
 * endian; object arrays, which are pickles, are refused. Nothing is allocated before the bytes it
 * is for have been counted, so a small file cannot ask for much memory.
 */
final class Npz {
  private static final int MOST_ENTRIES = 10_000;
  private static final int MOST_DIMENSIONS = 8;
  private static final int HEADER_GRID = 64;
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final Pattern DESCR =
      Pattern.compile("'descr'\\s*:\\s*'([<|=>][a-zA-Z]\\d{1,4})'");
  private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([0-9, L]*)\\)");

  /** One array: its NumPy type ("f4", "u1", ...), its shape and its bytes, row-major. */
  record Array(String type, int[] shape, ByteBuffer bytes) {

    /** The values as floats; integers beyond 2^24 and doubles are rounded to the nearest. */
    Tensor toTensor() {
      ByteBuffer from = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
      float[] values = new float[Math.toIntExact(Tensor.size(shape))];
      for (int i = 0; i < values.length; i++) {
        values[i] =
            switch (type) {
              case "f4" -> from.getFloat();
              case "f2" -> HalfFloats.toFloat(from.getShort());
              case "f8" -> (float) from.getDouble();
              case "i8" -> from.getLong();
              case "i4" -> from.getInt();
              case "i2" -> from.getShort();
              case "i1" -> from.get();
              case "u1", "b1" -> from.get() & 0xff;
              default -> throw new BundleException("an array of " + type + " holds no numbers");
            };
      }
      return new Tensor(shape, values);
    }
  }

  private Npz() {}

  /** The arrays of a .npz in the file's order, by name without ".npy"; at most so many bytes. */
  static Map<String, Array> read(Path file, long mostBytes) {
    Map<String, Array> arrays = new LinkedHashMap<>();
    long left = mostBytes;
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
      for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
        String name = entry.getName();
        if (!name.endsWith(".npy") || arrays.size() >= MOST_ENTRIES) {
          throw new BundleException(file + ": " + name + " does not belong in a .npz of arrays");
        }
        byte[] bytes =
            readAtMost(zip, left, file + ": more than " + mostBytes + " bytes of arrays");
        left -= bytes.length;
        String key = name.substring(0, name.length() - ".npy".length());
        if (arrays.put(key, parse(bytes, file + ": " + key)) != null) {
          throw new BundleException(file + ": " + key + " is there twice; write the file again");
        }
      }
    } catch (IOException e) {
      throw new BundleException(file + ": cannot be read as .npz: " + e.getMessage(), e);
    }
    if (arrays.isEmpty()) {
      throw new BundleException(file + ": holds no arrays; give a .npz that numpy.savez wrote");
    }
    return arrays;
  }

  /** Writes a .npz of arrays that {@link #read} or the caller made, in their order. */
  static void write(Path file, Map<String, Array> arrays) throws IOException {
    try (ZipOutputStream zip =
        new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      for (Map.Entry<String, Array> entry : arrays.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey() + ".npy"));
        Array array = entry.getValue();
        zip.write(header(array));
        ByteBuffer bytes = array.bytes().duplicate().rewind();
        byte[] block = new byte[1 << 16];
        while (bytes.hasRemaining()) {
          int count = Math.min(block.length, bytes.remaining());
          bytes.get(block, 0, count);
          zip.write(block, 0, count);
        }
        zip.closeEntry();
      }
    }
  }

  /** Magic, version 1.0, and a dictionary padded so that the values start on a round place. */
  private static byte[] header(Array array) {
    String order = array.type().endsWith("1") ? "|" : "<";
    StringBuilder shape = new StringBuilder();
    for (int extent : array.shape()) {
      shape.append(extent).append(", ");
    }
    String text =
        String.format(
            Locale.ROOT,
            "{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }",
            order,
            array.type(),
            shape);
    int before = MAGIC.length + 4;
    int length = (before + text.length() + HEADER_GRID) / HEADER_GRID * HEADER_GRID - before;
    byte[] header = new byte[before + length];
    System.arraycopy(MAGIC, 0, header, 0, MAGIC.length);
    header[MAGIC.length] = 1;
    ByteBuffer.wrap(header)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort(MAGIC.length + 2, (short) length);
    Arrays.fill(header, before, header.length - 1, (byte) ' ');
    header[header.length - 1] = '\n';
    byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(ascii, 0, header, before, ascii.length);
    return header;
  }

  static Array readNpy(Path file) {
    try {
      return parse(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw new BundleException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /** Parses one .npy; {@code where} names it in messages. */
  static Array parse(byte[] npy, String where) {
    ByteBuffer bytes = ByteBuffer.wrap(npy).order(ByteOrder.LITTLE_ENDIAN);
    if (npy.length < 12 || !startsWith(npy, MAGIC)) {
      throw new BundleException(where + ": is no .npy array");
    }
    int major = npy[6];
    bytes.position(8);
    long headerLength = major == 1 ? bytes.getShort() & 0xffff : bytes.getInt() & 0xffffffffL;
    if (headerLength > Math.min(bytes.remaining(), 64 * 1024)) {
      throw new BundleException(where + ": the header of the array is cut off");
    }
    String header =
        new String(npy, bytes.position(), (int) headerLength, StandardCharsets.ISO_8859_1);
    bytes.position(bytes.position() + (int) headerLength);

    String descr = only(DESCR, header, where, "type");
    if (descr.charAt(0) == '>') {
      throw new BundleException(where + ": must be little endian");
    }
    String type = descr.substring(1);
    int[] shape = shape(only(SHAPE, header, where, "shape"), where);
    int width = width(type, where);
    long expected = Math.multiplyExact(checkedSize(shape, where), (long) width);
    if (expected != bytes.remaining()) {
      throw new BundleException(
          where + ": holds " + bytes.remaining() + " bytes where its shape needs " + expected);
    }
    ByteBuffer values = bytes.slice();
    if (only(ORDER, header, where, "order").equals("True")) {
      values = rowMajor(values, shape, width);
    }
    return new Array(type, shape, values.asReadOnlyBuffer());
  }

  /** An array that is stored with its first index running fastest, the usual way round. */
  private static ByteBuffer rowMajor(ByteBuffer columnMajor, int[] shape, int width) {
    ByteBuffer values = ByteBuffer.allocate(columnMajor.remaining());
    int[] index = new int[shape.length];
    while (values.hasRemaining()) {
      int at = 0;
      for (int axis = shape.length - 1; axis >= 0; axis--) {
        at = at * shape[axis] + index[axis];
      }
      values.put(values.position(), columnMajor, at * width, width);
      values.position(values.position() + width);
      for (int axis = shape.length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--) {
        index[axis] = 0;
      }
    }
    return values.flip();
  }

  private static String only(Pattern pattern, String header, String where, String what) {
    Matcher matcher = pattern.matcher(header);
    if (!matcher.find()) {
      throw new BundleException(where + ": the header names no " + what + " that can be read");
    }
    return matcher.group(1);
  }

  private static int[] shape(String text, String where) {
    String[] parts = text.replace("L", "").replace(" ", "").split(",", -1);
    int[] shape = new int[parts.length];
    int dimensions = 0;
    for (String part : parts) {
      if (part.isEmpty()) {
        continue;
      }
      if (part.length() > 9 || dimensions >= MOST_DIMENSIONS) {
        throw new BundleException(where + ": the shape (" + text + ") is too large");
      }
      shape[dimensions++] = Integer.parseInt(part);
    }
    return Arrays.copyOf(shape, dimensions);
  }

  private static long checkedSize(int[] shape, String where) {
    try {
      return Math.addExact(Tensor.size(shape), 0L);
    } catch (ArithmeticException e) {
      throw new BundleException(where + ": the shape is too large", e);
    }
  }

  private static int width(String type, String where) {
    return switch (type) {
      case "f8", "i8" -> 8;
      case "f4", "i4" -> 4;
      case "i2", "f2" -> 2;
      case "i1", "u1", "b1" -> 1;
      default -> {
        // Text rides along in some files (class names); its bytes are kept, never interpreted.
        if (type.matches("[US]\\d{1,3}")) {
          yield Integer.parseInt(type.substring(1)) * (type.charAt(0) == 'U' ? 4 : 1);
        }
        throw new BundleException(where + ": arrays of type " + type + " are not read");
      }
    };
  }

  static byte[] readAtMost(InputStream in, long mostBytes, String tooMuch) throws IOException {
    byte[] bytes = in.readNBytes((int) Math.min(mostBytes, Integer.MAX_VALUE - 16));
    if (bytes.length == mostBytes && in.read() >= 0) {
      throw new BundleException(tooMuch);
    }
    return bytes;
  }

  private static boolean startsWith(byte[] bytes, byte[] prefix) {
    try (ByteArrayInputStream in = new ByteArrayInputStream(bytes)) {
      return Arrays.equals(in.readNBytes(prefix.length), prefix);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
