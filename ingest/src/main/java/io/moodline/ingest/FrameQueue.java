package io.moodline.ingest;

import io.moodline.ingest.DecodeListener.DecodedFrame;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Frames between a decoder and the publisher. A live stream's queue drops its oldest frame when it
 * is full and counts it for the frame that follows; a recording's decoder sends no more than it was
 * granted, so nothing is ever dropped. Thread-safe.
 */
final class FrameQueue {
  /**
   * A frame with what happened before it.
   *
   * @param droppedBefore frames dropped between the frame before and this one
   * @param unmovedBefore pictures between the two that were left out because nothing had moved
   */
  record Queued(DecodedFrame frame, Instant arrival, long droppedBefore, long unmovedBefore) {
    Queued(DecodedFrame frame, Instant arrival) {
      this(frame, arrival, 0, frame.unmovedBefore());
    }
  }

  private final int capacity;
  private final boolean dropsOldest;
  private final Deque<Queued> frames = new ArrayDeque<>();

  /** A queue of a live stream, which holds at most {@code capacity} frames. */
  static FrameQueue live(int capacity) {
    return new FrameQueue(capacity, true);
  }

  /** A queue of a recording, whose decoder was granted at most {@code capacity} frames. */
  static FrameQueue recording(int capacity) {
    return new FrameQueue(capacity, false);
  }

  private FrameQueue(int capacity, boolean dropsOldest) {
    this.capacity = capacity;
    this.dropsOldest = dropsOldest;
  }

  /**
   * Adds a frame.
   *
   * @throws IllegalStateException when a recording's decoder sends more than it may
   */
  synchronized void add(DecodedFrame frame, Instant arrival) {
    if (frames.size() < capacity) {
      frames.add(new Queued(frame, arrival));
      return;
    }
    if (!dropsOldest) {
      throw new IllegalStateException("the decoder sent more frames than it was granted");
    }
    // What the dropped frame knew of those before it goes on to the frame that is now the oldest.
    Queued dropped = frames.remove();
    frames.add(new Queued(frame, arrival));
    Queued oldest = frames.remove();
    frames.addFirst(
        new Queued(
            oldest.frame(),
            oldest.arrival(),
            oldest.droppedBefore() + dropped.droppedBefore() + 1,
            oldest.unmovedBefore() + dropped.unmovedBefore()));
  }

  /** Takes the oldest frame; null when there is none. */
  synchronized @Nullable Queued poll() {
    return frames.poll();
  }

  synchronized int size() {
    return frames.size();
  }
}
