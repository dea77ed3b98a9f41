package io.moodline.schemas;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.v1.TimelineWindow;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.TreeMap;

/**
 * A {@link TimelineWindow} read where its bytes lie, for whoever reads thousands of them: no object
 * is made of it. The fields' meaning stands in the schema. Bytes that the current schema did not
 * write, or whose maps are unusual, are decoded and encoded anew first. Confined to one thread.
 */
public final class WindowBytes {
  private static final byte[] HEADER = AvroSerde.header(TimelineWindow.getClassSchema());
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  /** Bytes of the three floats of {@code ScoreQuantiles}. */
  private static final int QUANTILES = 3 * Float.BYTES;

  private final AvroBytes in = new AvroBytes();
  private final WindowEntries skipped = new WindowEntries();
  private final WindowEntries failed = new WindowEntries();
  private final WindowEntries dropped = new WindowEntries();
  private final WindowEntries scores = new WindowEntries();
  private final WindowEntries withheld = new WindowEntries();
  private final WindowEntries quantiles = new WindowEntries();
  private byte[] bytes = {};
  private int dominantFrom;
  private int dominantTo;
  private long stepMillis;
  private long startMicros;
  private long analysed;
  private double coverage;
  private long faces;
  private boolean complete;
  private long labelled;

  /**
   * Reads all of a window; maps are in the order of their keys.
   *
   * @throws UnreadableRecordException when the bytes are no window
   */
  public void read(byte[] window) {
    try {
      int body = Serdes.TIMELINE_WINDOW.bodyOf(window, HEADER);
      if (body < 0 || !readAll(window, body)) {
        readAll(renew(window), HEADER.length);
      }
    } catch (IndexOutOfBoundsException e) {
      throw new UnreadableRecordException(e);
    }
  }

  /**
   * Reads {@link #startMillis} and {@link #scores} alone, these in the order in which they were
   * written; a label that is there twice has its last score.
   *
   * @throws UnreadableRecordException when the bytes are no window, as far as they were looked at
   */
  public void readScores(byte[] window) {
    try {
      int body = Serdes.TIMELINE_WINDOW.bodyOf(window, HEADER);
      if (body < 0) {
        readToScores(renew(window), HEADER.length);
      } else {
        readToScores(window, body);
      }
    } catch (IndexOutOfBoundsException e) {
      throw new UnreadableRecordException(e);
    }
  }

  /** The same window as the current schema writes it, its maps in order. */
  private static byte[] renew(byte[] window) {
    TimelineWindow read = Serdes.TIMELINE_WINDOW.decode(window);
    return Serdes.TIMELINE_WINDOW.encodeInside(
        TimelineWindow.newBuilder(read)
            .setDropped(new TreeMap<>(read.getDropped()))
            .setScores(new TreeMap<>(read.getScores()))
            .setWithheld(new TreeMap<>(read.getWithheld()))
            .setQuantiles(new TreeMap<>(read.getQuantiles()))
            .build());
  }

  /** False when a map is unusual. */
  private boolean readAll(byte[] window, int body) {
    readToScores(window, body);
    dominantFrom = in.readLong() == 0 ? -1 : in.skipString();
    dominantTo = in.at();
    complete = in.readBoolean();
    labelled = in.readLong();
    counts(withheld);
    readQuantiles();
    in.readLong(); // updatedAt
    return skipped.sort(bytes)
        && failed.sort(bytes)
        && dropped.sort(bytes)
        && scores.sort(bytes)
        && withheld.sort(bytes)
        && quantiles.sort(bytes);
  }

  private void readToScores(byte[] window, int body) {
    bytes = window;
    in.use(window, body);
    in.skipString(); // streamId
    stepMillis = in.readLong();
    startMicros = in.readLong();
    analysed = in.readLong();
    counts(skipped);
    counts(failed);
    counts(dropped);
    coverage = Double.longBitsToDouble(in.readBits());
    faces = in.readLong();
    scores.clear();
    for (long left = in.readBlock(); left != 0; left = in.readBlock()) {
      for (; left > 0; left--) {
        int from = in.skipString();
        int to = in.at();
        scores.add(from, to, in.readBits());
      }
    }
  }

  private void counts(WindowEntries counts) {
    counts.clear();
    for (long left = in.readBlock(); left != 0; left = in.readBlock()) {
      for (; left > 0; left--) {
        int from = in.skipString();
        int to = in.at();
        counts.add(from, to, in.readLong());
      }
    }
  }

  private void readQuantiles() {
    quantiles.clear();
    for (long left = in.readBlock(); left != 0; left = in.readBlock()) {
      for (; left > 0; left--) {
        int from = in.skipString();
        int to = in.at();
        in.skip(QUANTILES);
        quantiles.add(from, to, to);
      }
    }
  }

  /** Where names stand: in UTF-8, as {@link WindowEntries} says. */
  public byte[] bytes() {
    return bytes;
  }

  public long stepMillis() {
    return stepMillis;
  }

  /** Since 1970, rounded down. */
  public long startMillis() {
    return Math.floorDiv(startMicros, 1000L);
  }

  public long analysed() {
    return analysed;
  }

  public WindowEntries skipped() {
    return skipped;
  }

  public WindowEntries failed() {
    return failed;
  }

  public WindowEntries dropped() {
    return dropped;
  }

  public double coverage() {
    return coverage;
  }

  public long faces() {
    return faces;
  }

  /** Their values are the bits of doubles. */
  public WindowEntries scores() {
    return scores;
  }

  public boolean hasDominant() {
    return dominantFrom >= 0;
  }

  /** Where the dominant label's name begins, when there is one. */
  public int dominantFrom() {
    return dominantFrom;
  }

  /** The first byte behind it. */
  public int dominantTo() {
    return dominantTo;
  }

  public boolean complete() {
    return complete;
  }

  public long labelled() {
    return labelled;
  }

  public WindowEntries withheld() {
    return withheld;
  }

  /** Their values are for {@link #quantile}. */
  public WindowEntries quantiles() {
    return quantiles;
  }

  /**
   * A quantile's bits.
   *
   * @param which 0, 1 or 2 for p10, p50 and p90
   */
  public int quantile(int entry, int which) {
    return (int) INTS.get(bytes, (int) quantiles.value(entry) + which * Float.BYTES);
  }
}
