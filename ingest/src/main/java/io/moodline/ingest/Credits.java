package io.moodline.ingest;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;

/**
 * How many more frames a recording's decoder may send, so that at most so many are anywhere between
 * it and the analyzer's commit: granted and not yet here, here and not yet committed by us,
 * committed by us and not yet by the analyzer. Confined to the reader's thread.
 */
final class Credits {
  private final int most;
  private final LongSupplier analysedOffset;
  private final Deque<Long> published = new ArrayDeque<>();
  private int granted;
  private int uncommitted;

  /**
   * @param most frames on the way at a time
   * @param analysedOffset first offset of the stream's partition that the analyzer has not
   *     committed
   */
  Credits(int most, LongSupplier analysedOffset) {
    this.most = most;
    this.analysedOffset = analysedOffset;
  }

  /** A granted frame has come and goes into the next transaction. */
  void taken() {
    granted--;
    uncommitted++;
  }

  /** A frame was committed at an offset. */
  void committed(long offset) {
    uncommitted--;
    published.add(offset);
  }

  /** Frames to grant now; 0 while enough are on the way. */
  int next() {
    long analysed = analysedOffset.getAsLong();
    while (!published.isEmpty() && published.peek() < analysed) {
      published.remove();
    }
    int more = most - granted - uncommitted - published.size();
    granted += Math.max(0, more);
    return Math.max(0, more);
  }

  /** Frames that were committed and that the analyzer has not. */
  int unanalysed() {
    return published.size();
  }
}
