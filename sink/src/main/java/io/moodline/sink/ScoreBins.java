package io.moodline.sink;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * How often scores of each label fell into each of {@value #BINS} bins of equal width: quantiles of
 * any number of scores, and of any windows' scores together, within half a bin's width, 0.01.
 * Confined to one thread.
 */
final class ScoreBins {
  static final int BINS = 50;

  /** Counts by {@code label * BINS + bin}. */
  private final TreeMap<Integer, Long> counts = new TreeMap<>();

  /** Reads what {@link #write} wrote; the buffer stays as it is. */
  static ScoreBins read(ByteBuffer bytes) {
    ScoreBins bins = new ScoreBins();
    readAll(bytes, bins.counts::put);
    return bins;
  }

  /**
   * Adds what {@link #write} wrote.
   *
   * @param labels by the number of a label there, its number here
   */
  void addAll(ByteBuffer bytes, int[] labels) {
    readAll(
        bytes,
        (slot, count) -> counts.merge(labels[slot / BINS] * BINS + slot % BINS, count, Long::sum));
  }

  private static void readAll(ByteBuffer bytes, BiConsumer<Integer, Long> to) {
    ByteBuffer in = bytes.duplicate();
    int slot = 0;
    while (in.hasRemaining()) {
      slot += (int) readNumber(in);
      to.accept(slot, readNumber(in));
    }
  }

  /** Occupied bins in order: distance from the one before, then count, each as a varint. */
  ByteBuffer write() {
    ByteBuffer out = ByteBuffer.allocate(15 * counts.size());
    int before = 0;
    for (Map.Entry<Integer, Long> entry : counts.entrySet()) {
      writeNumber(out, entry.getKey() - before);
      writeNumber(out, entry.getValue());
      before = entry.getKey();
    }
    return out.flip();
  }

  void add(int label, float score) {
    int bin = Math.max(0, Math.min(BINS - 1, (int) (score * BINS)));
    counts.merge(label * BINS + bin, 1L, Long::sum);
  }

  /**
   * The score that a share of the label's scores does not exceed, by nearest rank.
   *
   * @param share above 0, to 1
   */
  float quantile(int label, double share) {
    Map<Integer, Long> own = counts.subMap(label * BINS, (label + 1) * BINS);
    long total = own.values().stream().mapToLong(Long::longValue).sum();
    long left = Math.max(1, (long) Math.ceil(share * total - 1e-9));
    for (Map.Entry<Integer, Long> bin : own.entrySet()) {
      left -= bin.getValue();
      if (left <= 0) {
        return (bin.getKey() % BINS + 0.5f) / BINS;
      }
    }
    return 0;
  }

  private static void writeNumber(ByteBuffer out, long number) {
    long rest = number;
    while (rest >= 0x80) {
      out.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  private static long readNumber(ByteBuffer in) {
    long number = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      number |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return number;
      }
    }
  }
}
