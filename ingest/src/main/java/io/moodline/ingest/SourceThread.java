package io.moodline.ingest;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decodes one source on a thread of its own, in a decoder child: open, take the frames that are
 * due, send them at their time, say how it ended. Thread-safe.
 */
final class SourceThread implements AutoCloseable {
  /** A source that came so late has stood still: its time is set anew. */
  private static final long LATE_NANOS = 2_000_000_000L;

  /** No burst is longer than this. */
  private static final long EARLY_NANOS = 60_000_000_000L;

  /** A source that sends pictures may show none that is due for so many times as one takes. */
  private static final double QUIET_FRAMES = 2;

  /** So long may a source that sends pictures show no key frame. */
  private static final long QUIET_KEYS_NANOS = 60_000_000_000L;

  private final DecoderMessage.Open order;
  private final Consumer<DecoderMessage> out;
  private final Consumer<Integer> done;
  private final Semaphore granted = new Semaphore(0);
  private final Thread thread;
  private volatile boolean closed;
  private volatile boolean waiting;
  private volatile long movedNanos = System.nanoTime();
  private volatile long shownNanos = System.nanoTime();
  private volatile long takenNanos = System.nanoTime();
  private long zeroNanos;
  private boolean started;

  /**
   * A thread that does not run yet.
   *
   * @param out takes what is to be told
   * @param done told the source's number when its thread ends
   */
  SourceThread(DecoderMessage.Open order, Consumer<DecoderMessage> out, Consumer<Integer> done) {
    this.order = order;
    this.out = out;
    this.done = done;
    this.thread = new Thread(this::run, "decode-" + order.stream());
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Allows so many more frames of a recording. */
  void grant(int frames) {
    granted.release(frames);
  }

  /** For how long the same native call has been running. */
  int busyMillis() {
    return waiting
        ? 0
        : (int) Math.min(Integer.MAX_VALUE, (System.nanoTime() - movedNanos) / 1_000_000);
  }

  /** For how long the source has shown nothing; what is never due counts for a while only. */
  int silentMillis() {
    long now = System.nanoTime();
    long quiet =
        order.wanted().mode() == WantedFrames.Mode.KEYFRAMES
            ? QUIET_KEYS_NANOS
            : (long) (QUIET_FRAMES * 1e9 / order.wanted().perSecond());
    long since = now - takenNanos > quiet ? takenNanos : shownNanos;
    return waiting ? 0 : (int) Math.min(Integer.MAX_VALUE, (now - since) / 1_000_000);
  }

  /** Makes it end; a native call that runs is not cut short, but counted anew. */
  @Override
  public void close() {
    movedNanos = System.nanoTime();
    closed = true;
    thread.interrupt();
  }

  private void run() {
    int stream = order.stream();
    try (PictureSource source = PictureSource.open(order, this::goesOn);
        PictureEncoder encoder = new PictureEncoder(order.maxWidth(), order.jpegQuality());
        FrameChooser chooser = new FrameChooser(order.wanted(), source.framesPerSecond())) {
      source.whileLooking(this::goesOn);
      tell(
          new DecoderMessage.Opened(
              stream,
              source.codecName(),
              source.shownWidth(),
              source.shownHeight(),
              source.framesPerSecond(),
              chooser.framesPerSecond(),
              source.durationMicros()));
      tellDecoder(source);
      decode(source, encoder, chooser);
      tell(new DecoderMessage.Ended(stream));
    } catch (SourceException e) {
      tell(new DecoderMessage.Failed(stream, e.retry(), String.valueOf(e.getMessage())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    } catch (RuntimeException | OutOfMemoryError e) {
      System.err.println("decoding failed: " + e);
      tell(new DecoderMessage.Failed(stream, true, "brought its decoder into trouble: " + e));
    } finally {
      done.accept(stream);
    }
  }

  /** Something was read on the way to the next picture: no call hangs. */
  private boolean goesOn() {
    movedNanos = System.nanoTime();
    if (order.wanted().mode() == WantedFrames.Mode.KEYFRAMES) {
      shownNanos = movedNanos; // what is left out shows nothing but that the source is there
    }
    return !closed;
  }

  private void decode(PictureSource source, PictureEncoder encoder, FrameChooser chooser)
      throws SourceException, InterruptedException {
    while (!closed) {
      movedNanos = System.nanoTime();
      if (!source.next()) {
        break;
      }
      shownNanos = System.nanoTime();
      tellDecoder(source);
      send(
          chooser.choose(source.picture(), source.mediaTimeMicros(), source.stamp()),
          source,
          encoder);
    }
    send(chooser.rest(), source, encoder);
  }

  private void send(
      FrameChooser.@Nullable Choice chosen, PictureSource source, PictureEncoder encoder)
      throws SourceException, InterruptedException {
    // What was published already is decoded again and left out: so a resume is exact.
    if (chosen == null || chosen.mediaTimeMicros() <= order.afterMicros()) {
      return;
    }
    if (order.paced()) {
      awaitTime(chosen.mediaTimeMicros());
    } else if (!order.live()) {
      awaitGrant();
    }
    int rotation = source.rotation(chosen.picture());
    tell(encoder.encode(order.stream(), chosen, rotation, source.pixelAspect()));
    takenNanos = System.nanoTime();
  }

  /** Waits until a picture is due, counted from the first one; late ones are not waited for. */
  private void awaitTime(long mediaTimeMicros) throws InterruptedException {
    long now = System.nanoTime();
    long early = zeroNanos + mediaTimeMicros * 1000 - now;
    if (!started || early < -LATE_NANOS || early > EARLY_NANOS) {
      started = true;
      zeroNanos = now - mediaTimeMicros * 1000;
      return;
    }
    waiting = true;
    try {
      TimeUnit.NANOSECONDS.sleep(early);
    } finally {
      movedNanos = System.nanoTime();
      waiting = false;
    }
  }

  private void awaitGrant() throws InterruptedException {
    waiting = true;
    try {
      granted.acquire();
    } finally {
      movedNanos = System.nanoTime();
      waiting = false;
    }
  }

  private void tellDecoder(PictureSource source) {
    source
        .decoderNews()
        .ifPresent(
            now -> tell(new DecoderMessage.Decoder(order.stream(), now.decoder(), now.why())));
  }

  private void tell(DecoderMessage message) {
    if (!closed) {
      out.accept(message);
    }
  }
}
