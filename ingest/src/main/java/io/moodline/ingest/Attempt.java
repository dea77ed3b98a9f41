package io.moodline.ingest;

import io.moodline.ingest.DecodeListener.DecodedFrame;
import io.moodline.ingest.Decoders.Decoding;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/**
 * One try at a source: what its decoder has told so far. Written by the decoder's thread, read by
 * the reader's. {@link #end} is set after the last frame was queued, so whoever sees it and then
 * drains the queue has seen all. Thread-safe.
 */
final class Attempt implements DecodeListener, AutoCloseable {
  /** How decoding ended; the failure is null where it ended well. */
  record End(@Nullable DecodeFailure failure) {}

  private final FrameQueue queue;
  private final Clock clock;
  private volatile boolean begun;
  private volatile @Nullable SourceInfo info;
  private volatile @Nullable DecodedBy decoder;
  private volatile @Nullable End end;
  private volatile long lastSignNanos = System.nanoTime();
  private @Nullable Decoding decoding;

  Attempt(FrameQueue queue, Clock clock) {
    this.queue = queue;
    this.clock = clock;
  }

  /** Starts to decode. */
  void start(Decoders decoders, DecodeOrder order) {
    decoding = decoders.open(order, this);
  }

  FrameQueue queue() {
    return queue;
  }

  @Nullable SourceInfo info() {
    return info;
  }

  @Nullable DecodedBy decoder() {
    return decoder;
  }

  @Nullable End end() {
    return end;
  }

  /** For how long the source has given no sign of life, since a decoder has taken it up. */
  long silentNanos() {
    return begun ? System.nanoTime() - lastSignNanos : 0;
  }

  void grant(int frames) {
    if (decoding != null) {
      decoding.grant(frames);
    }
  }

  @Override
  public void begun() {
    lastSignNanos = System.nanoTime();
    begun = true;
  }

  @Override
  public void opened(SourceInfo opened) {
    begun();
    info = opened;
  }

  @Override
  public void decodedBy(DecodedBy now) {
    decoder = now;
  }

  @Override
  public void alive(int silentMillis) {
    long sign = System.nanoTime() - silentMillis * 1_000_000L;
    if (sign - lastSignNanos > 0) {
      lastSignNanos = sign;
    }
  }

  @Override
  public void frame(DecodedFrame frame) {
    lastSignNanos = System.nanoTime();
    queue.add(frame, clock.instant());
  }

  @Override
  public void ended() {
    end = new End(null);
  }

  @Override
  public void failed(DecodeFailure failure) {
    end = new End(failure);
  }

  @Override
  public void close() {
    if (decoding != null) {
      decoding.close();
    }
  }
}
