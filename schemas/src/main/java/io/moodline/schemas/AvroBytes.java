package io.moodline.schemas;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads Avro's binary encoding where it lies, without making objects. What leads outside of the
 * array ends in an {@link IndexOutOfBoundsException}. Confined to one thread.
 */
final class AvroBytes {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes = {};
  private int at;

  /** Reads from {@code from} on. */
  void use(byte[] array, int from) {
    bytes = array;
    at = from;
  }

  /** Where the next value begins. */
  int at() {
    return at;
  }

  void skip(long length) {
    if (length < 0 || length > bytes.length - at) {
      throw new IndexOutOfBoundsException("a value of " + length + " bytes");
    }
    at += (int) length;
  }

  /** Leaves out a string and returns where its text began; it ends where the next value begins. */
  int skipString() {
    long length = readLong();
    int from = at;
    skip(length);
    return from;
  }

  /** Bit 0 is the sign, then seven bits a byte, the lowest first. */
  long readLong() {
    long number = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      byte next = bytes[at++];
      number |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return number >>> 1 ^ -(number & 1);
      }
    }
    throw new IndexOutOfBoundsException("a number of more than ten bytes");
  }

  /** A double as its bits. */
  long readBits() {
    long bits = (long) LONGS.get(bytes, at);
    at += Double.BYTES;
    return bits;
  }

  boolean readBoolean() {
    return bytes[at++] == 1;
  }

  /** How many entries of a map follow; 0 at its end. */
  long readBlock() {
    long entries = readLong();
    if (entries < 0) {
      readLong(); // the block's length
      entries = -entries;
    }
    if (entries < 0 || entries > bytes.length - at) {
      throw new IndexOutOfBoundsException("a block of " + entries + " entries");
    }
    return entries;
  }
}
