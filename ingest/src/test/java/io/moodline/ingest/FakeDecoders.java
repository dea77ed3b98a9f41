package io.moodline.ingest;

import io.moodline.ingest.DecodeListener.DecodeFailure;
import io.moodline.ingest.DecodeListener.DecodedFrame;
import io.moodline.ingest.DecodeListener.SourceInfo;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decoders without video: frame n has the media time n x 200 ms and its number as its picture.
 * Recordings obey grants as the real ones do; what a live source does is scripted. Thread-safe.
 */
final class FakeDecoders implements Decoders {
  static final long FRAME_MICROS = 200_000;

  /** Frames after which the next recordings break, one entry a try; then they run to their end. */
  final Queue<Integer> breakAfter = new ConcurrentLinkedQueue<>();

  /** Live sources that were opened, in order. */
  final Queue<DecodeListener> live = new ConcurrentLinkedQueue<>();

  /** Bytes of a recording's picture. */
  volatile int pictureBytes = 1;

  final AtomicInteger opened = new AtomicInteger();
  final AtomicInteger open = new AtomicInteger();
  private final int recordingFrames;
  private final ExecutorService thread = Executors.newSingleThreadExecutor();

  FakeDecoders(int recordingFrames) {
    this.recordingFrames = recordingFrames;
  }

  static SourceInfo info() {
    return new SourceInfo("h264", 640, 360, 25, 5, OptionalLong.of(1_000_000));
  }

  static DecodedFrame frame(int number) {
    return new DecodedFrame(number * FRAME_MICROS, 5, 0, 640, 360, new byte[] {(byte) number});
  }

  @Override
  public Decoding open(DecodeOrder order, DecodeListener listener) {
    opened.incrementAndGet();
    open.incrementAndGet();
    if (order instanceof DecodeOrder.Recording recording) {
      return new Reading(recording, listener);
    }
    live.add(listener);
    return new Decoding() {
      @Override
      public void grant(int frames) {
        throw new AssertionError("a live stream needs no grants");
      }

      @Override
      public void close() {
        open.decrementAndGet();
      }
    };
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private final class Reading implements Decoding {
    private final DecodeListener listener;
    private final int breakAt;
    private int next;
    private volatile boolean closed;

    Reading(DecodeOrder.Recording recording, DecodeListener listener) {
      this.listener = listener;
      this.next =
          (int) (recording.afterMicros() / FRAME_MICROS) + (recording.afterMicros() < 0 ? 0 : 1);
      Integer after = breakAfter.poll();
      this.breakAt = after == null ? Integer.MAX_VALUE : next + after;
      thread.execute(
          () -> {
            listener.opened(info());
            if (next == recordingFrames) {
              listener.ended();
            }
          });
    }

    @Override
    public void grant(int frames) {
      if (frames == 0) {
        return;
      }
      thread.execute(
          () -> {
            for (int i = 0; i < frames && !closed; i++) {
              if (next == breakAt) {
                listener.failed(new DecodeFailure("the decoder died", true));
                return;
              }
              if (next == recordingFrames) {
                return;
              }
              listener.frame(
                  new DecodedFrame(next * FRAME_MICROS, 5, 0, 640, 360, new byte[pictureBytes]));
              next++;
              if (next == recordingFrames) {
                listener.ended();
              }
            }
          });
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        open.decrementAndGet();
      }
    }
  }
}
