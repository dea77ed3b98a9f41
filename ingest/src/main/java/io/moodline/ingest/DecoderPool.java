package io.moodline.ingest;

import io.moodline.ingest.DecodeListener.DecodeFailure;
import io.moodline.runtime.Failures;
import io.moodline.runtime.Worker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decoder children: several sources each, as {@link ChildChoice} says, and one warm spare without
 * any, so that the sources whose child was killed go on at once. One thread watches them all. A
 * child that hangs is killed; one that is idle beside the spare is ended. Thread-safe.
 */
final class DecoderPool implements Decoders {
  /** What is made of every picture unless settings say otherwise. */
  static final int MAX_WIDTH = 1280;

  static final int JPEG_QUALITY = 92;

  private static final long WATCH_MILLIS = 100;
  private static final Logger log = LoggerFactory.getLogger(DecoderPool.class);

  private final FfmpegOrder ffmpeg;
  private final DecoderProcess.Patience patience;
  private final ChildChoice choice;
  private final Quarantine quarantine = new Quarantine(System::nanoTime);
  private final Failures failures;
  private final boolean keepsSpare;
  private final AtomicInteger numbers = new AtomicInteger();
  private final List<DecoderProcess> children = new ArrayList<>();
  private final Worker watcher;
  private boolean closed;

  private DecoderPool(
      FfmpegOrder ffmpeg,
      DecoderProcess.Patience patience,
      ChildChoice choice,
      boolean keepsSpare,
      Failures failures) {
    this.ffmpeg = ffmpeg;
    this.choice = choice;
    this.patience = patience;
    this.keepsSpare = keepsSpare;
    this.failures = failures;
    this.watcher = Worker.start("ingest-decoder-watch", this::watch, this::wakeUp, failures);
  }

  /**
   * Starts the first child, which is ready when the first source comes.
   *
   * @param maxWidth wider pictures are scaled down to so many pixels
   * @param jpegQuality 1 to 100
   */
  static DecoderPool start(int maxWidth, int jpegQuality, Failures failures) {
    return start(
        new FfmpegOrder(maxWidth, jpegQuality), DecoderProcess.Patience.USUAL, true, failures);
  }

  static DecoderPool start(
      FfmpegOrder ffmpeg, DecoderProcess.Patience patience, boolean keepsSpare, Failures failures) {
    return start(ffmpeg, patience, ChildChoice.ofThisMachine(), keepsSpare, failures);
  }

  static DecoderPool start(
      FfmpegOrder ffmpeg,
      DecoderProcess.Patience patience,
      ChildChoice choice,
      boolean keepsSpare,
      Failures failures) {
    DecoderPool pool = new DecoderPool(ffmpeg, patience, choice, keepsSpare, failures);
    if (keepsSpare) {
      pool.startSpare();
    }
    return pool;
  }

  @Override
  public Decoding open(DecodeOrder order, DecodeListener listener) {
    int number = numbers.incrementAndGet();
    Quarantine.Verdict verdict = quarantine.judge(order.key());
    if (verdict.waits()) {
      return failedLater(
          listener, new DecodeFailure(order.title() + " " + verdict.reason(), order.isLive()));
    }
    try {
      ChildDecoding decoding;
      synchronized (this) {
        if (closed) {
          throw new IllegalStateException("the decoders are closed");
        }
        // A device's driver can hang like nothing else: no one else is to hang with it.
        int most = order instanceof DecodeOrder.Webcam ? 1 : verdict.most();
        decoding = new ChildDecoding(number, order, child(most), listener);
        decoding.begin(ffmpeg.of(number, order, verdict.isSuspect()));
      }
      return decoding;
    } catch (IOException e) {
      return failedLater(
          listener, new DecodeFailure("no decoder can be started: " + e.getMessage(), true));
    }
  }

  /**
   * A child for one more source.
   *
   * @param most so many of its kind may be together; 0 for a source that is like any other
   */
  private DecoderProcess child(int most) throws IOException {
    List<DecoderProcess> alive = children.stream().filter(DecoderProcess::isAlive).toList();
    Optional<DecoderProcess> found = most == 0 ? choice.shared(alive) : choice.apart(alive, most);
    DecoderProcess child = found.isPresent() ? found.get() : startChild();
    child.reserve(most);
    return child;
  }

  private DecoderProcess startChild() throws IOException {
    DecoderProcess child =
        DecoderProcess.start(
            "ingest-decoder-" + numbers.incrementAndGet(), patience, quarantine, failures);
    children.add(child);
    return child;
  }

  /** The listener may not be called while its source is being opened. */
  private static Decoding failedLater(DecodeListener listener, DecodeFailure failure) {
    Thread late = new Thread(() -> listener.failed(failure), "ingest-decoder-late");
    late.setDaemon(true);
    late.start();
    return new Decoding() {
      @Override
      public void grant(int frames) {}

      @Override
      public void close() {
        boolean interrupted = false;
        try {
          late.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    };
  }

  private void watch(Worker worker) throws InterruptedException {
    while (!worker.stopping()) {
      children().forEach(DecoderProcess::watch);
      tidy().forEach(DecoderProcess::close);
      if (keepsSpare && needsSpare()) {
        startSpare();
      }
      synchronized (this) {
        if (!closed) {
          wait(WATCH_MILLIS);
        }
      }
    }
  }

  private synchronized List<DecoderProcess> children() {
    return List.copyOf(children);
  }

  /** Takes dead children, and idle ones beside one that is ready, out of the pool. */
  private synchronized List<DecoderProcess> tidy() {
    List<DecoderProcess> gone = new ArrayList<>();
    children.stream().filter(child -> !child.isAlive()).forEach(gone::add);
    children.stream()
        .filter(child -> child.isAlive() && child.sourceCount() == 0 && child.isReserved())
        .forEach(gone::add);
    children.stream()
        .filter(child -> child.isAlive() && child.sourceCount() == 0 && !child.isReserved())
        .filter(child -> keepsSpare)
        .sorted(
            Comparator.comparing((DecoderProcess child) -> !child.load().ready())
                .thenComparing(DecoderProcess::age))
        .skip(1)
        .forEach(gone::add);
    children.removeAll(gone);
    return gone;
  }

  /** Only once another child is warm: at the very start the first source needs the processor. */
  private synchronized boolean needsSpare() {
    return !closed
        && children.stream().allMatch(child -> child.sourceCount() > 0 && child.hasWorked());
  }

  private synchronized void startSpare() {
    if (closed) {
      return;
    }
    try {
      startChild();
    } catch (IOException e) {
      log.atWarn().addKeyValue("cause", e.getMessage()).log("spare decoder could not be started");
    }
  }

  /** Process ids of the children that live, the spare's among them. */
  synchronized List<Long> pids() {
    return children.stream().filter(DecoderProcess::isAlive).map(DecoderProcess::pid).toList();
  }

  /** How many sources each child decodes, the spare's none among them. */
  synchronized List<Integer> sourceCounts() {
    return children.stream()
        .filter(DecoderProcess::isAlive)
        .map(DecoderProcess::sourceCount)
        .toList();
  }

  private synchronized void wakeUp() {
    notifyAll();
  }

  @Override
  public void close() {
    List<DecoderProcess> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(children);
      children.clear();
    }
    watcher.close();
    left.forEach(DecoderProcess::close);
  }
}
