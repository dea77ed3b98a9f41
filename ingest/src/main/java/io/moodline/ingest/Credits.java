package io.moodline.ingest;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;

/**
 * How many more frames a recording's decoder may send, so that at most so many, and at most so many
 * bytes, are anywhere between it and the analyzer's commit: granted and not yet here, here and not
 * yet committed by us, committed by us and not yet by the analyzer. A frame that is granted is
 * taken to be as large as the largest so far, so the first one comes alone; one frame may always be
 * on the way, however large. Confined to the reader's thread.
 */
final class Credits {
  private final Most most;
  private final LongSupplier analysedOffset;
  private final Deque<Published> published = new ArrayDeque<>();
  private long publishedBytes;
  private int granted;
  private int uncommitted;
  private long uncommittedBytes;
  private long largestBytes;

  /** What may be on the way at a time. */
  record Most(int frames, long bytes) {}

  private record Published(long offset, int bytes) {}

  /**
   * @param analysedOffset first offset of the stream's partition that the analyzer has not
   *     committed
   */
  Credits(Most most, LongSupplier analysedOffset) {
    this.most = most;
    this.analysedOffset = analysedOffset;
  }

  /** Another decoder goes on: what was granted to the one before will not come. */
  void startOver() {
    granted = 0;
  }

  /** A granted frame has come and goes into the next transaction. */
  void taken(int bytes) {
    granted--;
    uncommitted++;
    uncommittedBytes += bytes;
    largestBytes = Math.max(largestBytes, bytes);
  }

  /** A frame was committed at an offset. */
  void committed(long offset, int bytes) {
    uncommitted--;
    uncommittedBytes -= bytes;
    published.add(new Published(offset, bytes));
    publishedBytes += bytes;
  }

  /** Frames to grant now; 0 while enough are on the way. */
  int next() {
    long analysed = analysedOffset.getAsLong();
    while (!published.isEmpty() && published.peek().offset() < analysed) {
      publishedBytes -= published.remove().bytes();
    }
    int onTheWay = granted + uncommitted + published.size();
    long room = most.bytes() - publishedBytes - uncommittedBytes - granted * largestBytes;
    long more = largestBytes == 0 ? 0 : Math.min(most.frames() - onTheWay, room / largestBytes);
    int next = (int) Math.max(onTheWay == 0 ? 1 : 0, more);
    granted += next;
    return next;
  }

  /** Frames that were committed and that the analyzer has not. */
  int unanalysedFrames() {
    return published.size();
  }

  /** Bytes of those frames. */
  long unanalysedBytes() {
    return publishedBytes;
  }
}
