package io.moodline.ingest;

import io.moodline.ingest.DecodeListener.DecodeFailure;
import io.moodline.ingest.DecodeListener.DecodedFrame;
import io.moodline.ingest.DecodeListener.SourceInfo;
import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One source in a child: passes on what the child tells, and distrusts it. Thread-safe: the lock
 * keeps the listener's calls apart and ends them with {@link #close}.
 */
final class ChildDecoding implements Decoders.Decoding {
  private static final int LONGEST_REASON = 300;
  private static final int LARGEST_SIDE = 8192;

  private final int number;
  private final DecodeOrder order;
  private final String name;
  private final DecoderProcess child;
  private final DecodeListener listener;
  private final ReentrantLock lock = new ReentrantLock();
  private long allowed;
  private long lastMediaMicros = -1;
  private boolean begun;
  private boolean opened;
  private boolean done;

  ChildDecoding(int number, DecodeOrder order, DecoderProcess child, DecodeListener listener) {
    this.number = number;
    this.order = order;
    this.name = order.title();
    this.child = child;
    this.listener = listener;
  }

  /** Tells the child to open the source; the listener hears nothing before this returns. */
  void begin(DecoderMessage.Open open) {
    lock.lock();
    try {
      child.add(number, this, open);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void grant(int frames) {
    lock.lock();
    try {
      if (done || frames <= 0) {
        return;
      }
      allowed += frames;
    } finally {
      lock.unlock();
    }
    child.send(new DecoderMessage.Grant(number, frames));
  }

  /**
   * Takes what the child tells of this source.
   *
   * @throws IOException when no honest child would tell it
   */
  void take(DecoderMessage message) throws IOException {
    lock.lock();
    try {
      if (!done) {
        pass(message);
      }
    } finally {
      lock.unlock();
    }
  }

  private void pass(DecoderMessage message) throws IOException {
    if (message instanceof DecoderMessage.Opened known && !opened) {
      check(isSide(known.width()) && isSide(known.height()) && known.targetFramesPerSecond() > 0);
      opened = true;
      listener.opened(
          new SourceInfo(
              plain(known.codec()),
              known.width(),
              known.height(),
              known.framesPerSecond(),
              known.targetFramesPerSecond(),
              known.durationMicros() < 0
                  ? OptionalLong.empty()
                  : OptionalLong.of(known.durationMicros())));
    } else if (message instanceof DecoderMessage.Decoder told && opened) {
      check(!told.decoder().isEmpty());
      listener.decodedBy(new DecodedBy(plain(told.decoder()), plain(told.why())));
    } else if (message instanceof DecoderMessage.Picture picture && opened) {
      check(order.isLive() || allowed-- > 0);
      check(picture.mediaTimeMicros() > lastMediaMicros);
      check(picture.framesPerSecond() > 0 && picture.unmovedBefore() >= 0);
      check(isSide(picture.width()) && isSide(picture.height()) && isJpeg(picture.jpeg()));
      lastMediaMicros = picture.mediaTimeMicros();
      listener.frame(
          new DecodedFrame(
              picture.mediaTimeMicros(),
              picture.framesPerSecond(),
              picture.unmovedBefore(),
              picture.width(),
              picture.height(),
              picture.jpeg(),
              picture.stamp(),
              null));
    } else if (message instanceof DecoderMessage.Ended && opened) {
      end();
      listener.ended();
    } else if (message instanceof DecoderMessage.Failed failed) {
      end();
      listener.failed(new DecodeFailure(name + " " + plain(failed.why()), failed.retry()));
    } else {
      check(false);
    }
  }

  /**
   * The child shows that it works on this source.
   *
   * @param silentMillis for how long the source has shown nothing
   */
  void beat(int silentMillis) {
    lock.lock();
    try {
      if (!begun && !done) {
        begun = true;
        listener.begun();
      }
      if (opened && !done) {
        listener.alive(Math.max(0, silentMillis));
      }
    } finally {
      lock.unlock();
    }
  }

  /** What is decoded. */
  DecodeOrder order() {
    return order;
  }

  /**
   * Whether the child hangs in this source.
   *
   * @param busyMillis for how long the same native call has been running
   */
  boolean isHung(int busyMillis, DecoderProcess.Patience patience) {
    if (order instanceof DecodeOrder.Linked linked) {
      // It may wait for a camera, but not while there is something to read.
      return Math.min(busyMillis, linked.bytes().owedMillis()) > patience.linkedCall().toMillis();
    }
    return busyMillis > patience.call().toMillis();
  }

  /** The child is gone. */
  void childFailed(String why) {
    lock.lock();
    try {
      if (!done) {
        end();
        listener.failed(new DecodeFailure("the decoder of " + name + " " + why, true));
      }
    } finally {
      lock.unlock();
    }
  }

  private void end() {
    done = true;
    child.remove(number);
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (done) {
        return;
      }
      end();
    } finally {
      lock.unlock();
    }
    child.send(new DecoderMessage.Close(number));
  }

  private static void check(boolean holds) throws IOException {
    if (!holds) {
      throw new IOException("a decoder child tells what can not be");
    }
  }

  private static boolean isSide(int pixels) {
    return pixels > 0 && pixels <= LARGEST_SIDE;
  }

  private static boolean isJpeg(byte[] bytes) {
    return bytes.length > 4 && (bytes[0] & 0xFF) == 0xFF && (bytes[1] & 0xFF) == 0xD8;
  }

  private static String plain(String text) {
    String shown = text.length() > LONGEST_REASON ? text.substring(0, LONGEST_REASON) : text;
    return shown.replaceAll("\\p{Cntrl}", "?");
  }
}
