package io.moodline.schemas;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.IOException;
import java.util.Arrays;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.util.Utf8;

/**
 * Reads when a {@link TimelineWindow} starts, and its mean scores, from its bytes: whoever thins
 * thousands of windows needs no more of most of them. What the current schema did not write is read
 * in full. Confined to one thread.
 */
public final class WindowScores {
  private static final byte[] HEADER = AvroSerde.header(TimelineWindow.getClassSchema());

  private final Utf8 label = new Utf8();
  private BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(HEADER, null);

  /** Takes the scores of a window. */
  @FunctionalInterface
  public interface Taker {
    /**
     * One label's mean score.
     *
     * @param label valid during the call only
     */
    void take(CharSequence label, double score);
  }

  /**
   * Gives a window's scores to {@code taker} and returns when it starts, in microseconds since
   * 1970.
   *
   * @throws UnreadableRecordException when the bytes are no window; some scores may have been taken
   */
  public long read(byte[] window, Taker taker) {
    if (!Arrays.equals(
        window, 0, Math.min(HEADER.length, window.length), HEADER, 0, HEADER.length)) {
      return readInFull(window, taker);
    }
    try {
      int length = window.length - HEADER.length;
      decoder = DecoderFactory.get().binaryDecoder(window, HEADER.length, length, decoder);
      return readCurrent(taker);
    } catch (IOException | RuntimeException e) {
      throw new UnreadableRecordException(e);
    }
  }

  private static long readInFull(byte[] bytes, Taker taker) {
    TimelineWindow window = Serdes.TIMELINE_WINDOW.decode(bytes);
    window.getScores().forEach(taker::take);
    return window.getStart().toEpochMilli() * 1000;
  }

  /** The fields before the scores, in the order of the schema, and then those. */
  private long readCurrent(Taker taker) throws IOException {
    decoder.skipString(); // streamId
    decoder.readLong(); // stepMillis
    long start = decoder.readLong();
    decoder.readLong(); // analysed
    for (int counts = 0; counts < 3; counts++) { // skipped, failed, dropped
      for (long left = decoder.readMapStart(); left != 0; left = decoder.mapNext()) {
        for (long i = 0; i < left; i++) {
          decoder.skipString();
          decoder.readLong();
        }
      }
    }
    decoder.readDouble(); // coverage
    decoder.readLong(); // faces
    for (long left = decoder.readMapStart(); left != 0; left = decoder.mapNext()) {
      for (long i = 0; i < left; i++) {
        CharSequence name = decoder.readString(label);
        taker.take(name, decoder.readDouble());
      }
    }
    return start;
  }
}
