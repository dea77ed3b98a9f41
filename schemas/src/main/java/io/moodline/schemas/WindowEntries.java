package io.moodline.schemas;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The entries of a map in a window's bytes: where each name stands, and a number for its value.
 * Confined to one thread.
 */
public final class WindowEntries {
  /** Of more entries than this it is only checked that they are in order. */
  private static final int MANY = 1000;

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private int[] from = new int[16];
  private int[] to = new int[16];
  private long[] values = new long[16];

  /** The first eight bytes of each name, which mostly tell how names are ordered. */
  private long[] fronts = new long[16];

  private int size;

  WindowEntries() {}

  void clear() {
    size = 0;
  }

  void add(int nameFrom, int nameTo, long value) {
    if (size == from.length) {
      from = Arrays.copyOf(from, 2 * size);
      to = Arrays.copyOf(to, 2 * size);
      values = Arrays.copyOf(values, 2 * size);
      fronts = Arrays.copyOf(fronts, 2 * size);
    }
    from[size] = nameFrom;
    to[size] = nameTo;
    values[size++] = value;
  }

  /** Sorts by name; false when a name is there twice, or when there are very many, not in order. */
  boolean sort(byte[] bytes) {
    for (int i = 0; i < size; i++) {
      fronts[i] = front(bytes, from[i], to[i]);
      int order = i == 0 ? -1 : compare(bytes, i - 1, i);
      if (order == 0 || (order > 0 && (size > MANY || !insert(bytes, i)))) {
        return false;
      }
    }
    return true;
  }

  /** Brings an entry to its place among those before it. */
  private boolean insert(byte[] bytes, int entry) {
    int place = entry - 1; // it belongs before that one, as was seen
    int order = 1;
    while (place > 0 && (order = compare(bytes, place - 1, entry)) > 0) {
      place--;
    }
    if (order == 0) {
      return false;
    }
    move(from, entry, place);
    move(to, entry, place);
    move(values, entry, place);
    move(fronts, entry, place);
    return true;
  }

  private static void move(int[] array, int source, int place) {
    int moved = array[source];
    System.arraycopy(array, place, array, place + 1, source - place);
    array[place] = moved;
  }

  private static void move(long[] array, int source, int place) {
    long moved = array[source];
    System.arraycopy(array, place, array, place + 1, source - place);
    array[place] = moved;
  }

  private int compare(byte[] bytes, int one, int other) {
    return fronts[one] == fronts[other]
        ? Arrays.compareUnsigned(bytes, from[one], to[one], bytes, from[other], to[other])
        : Long.compareUnsigned(fronts[one], fronts[other]);
  }

  /** Zeros stand behind a shorter name. */
  private static long front(byte[] bytes, int from, int to) {
    if (bytes.length - from >= Long.BYTES) {
      long front = (long) LONGS.get(bytes, from);
      int missing = Long.BYTES - (to - from);
      return missing <= 0
          ? front
          : missing == Long.BYTES ? 0 : front >>> 8 * missing << 8 * missing;
    }
    long front = 0;
    for (int i = from; i < from + Long.BYTES; i++) {
      front = front << 8 | (i < to ? bytes[i] & 0xff : 0);
    }
    return front;
  }

  public int size() {
    return size;
  }

  /** Where a name begins. */
  public int from(int entry) {
    return from[entry];
  }

  /** The first byte behind it. */
  public int to(int entry) {
    return to[entry];
  }

  public long value(int entry) {
    return values[entry];
  }

  /** All values added up. */
  public long sum() {
    long sum = 0;
    for (int i = 0; i < size; i++) {
      sum += values[i];
    }
    return sum;
  }
}
