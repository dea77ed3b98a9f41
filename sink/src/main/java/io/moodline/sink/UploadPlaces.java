package io.moodline.sink;

import io.moodline.runtime.Settings;
import java.time.Duration;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Places for uploads, few since each holds a thread while its sender is slow. A slow sender keeps
 * its place while there are others. Where one more comes and there is none, the sender that is
 * furthest behind a least rate, if any is, loses its connection: whoever wants to hold all places
 * has to pay for them in bytes. Thread-safe.
 */
final class UploadPlaces {
  private static final int MOST = 8;

  /** How long the next one waits for a place that another had to leave. */
  private static final Duration HANDOVER = Duration.ofSeconds(10);

  private final int most;
  private final double nanosPerByte;
  private final long limitNanos;
  private final LongSupplier nanos;
  private final Semaphore free;
  private final Set<Place> senders = ConcurrentHashMap.newKeySet();

  static UploadPlaces of(Settings settings) {
    return new UploadPlaces(
        MOST,
        1000L * settings.get(SinkSettings.UPLOAD_KILOBYTES_PER_SECOND),
        settings.get(SinkSettings.SLOW_SENDER),
        System::nanoTime);
  }

  /**
   * Places.
   *
   * @param most at a time
   * @param leastBytesPerSecond what a sender has to keep up with, 0 for nothing
   * @param limit how long one may have sent nothing before it is behind
   * @param nanos a clock like {@link System#nanoTime}
   */
  UploadPlaces(int most, long leastBytesPerSecond, Duration limit, LongSupplier nanos) {
    this.most = most;
    this.nanosPerByte = leastBytesPerSecond == 0 ? 0 : 1e9 / leastBytesPerSecond;
    this.limitNanos = limit.toNanos();
    this.nanos = nanos;
    this.free = new Semaphore(most);
  }

  /** An upload's place. */
  final class Place implements AutoCloseable {
    private final Runnable cut;
    private boolean leaves; // guarded by this
    private volatile long paidUntil = nanos.getAsLong() + limitNanos;

    private Place(Runnable cut) {
      this.cut = cut;
    }

    /** So many bytes came. What is sent fast is credit for a moment only. */
    void received(int bytes) {
      long paid = paidUntil + (long) (bytes * nanosPerByte);
      paidUntil = paid - nanos.getAsLong() > limitNanos ? nanos.getAsLong() + limitNanos : paid;
    }

    /** All is here: nobody waits for the sender any more. */
    synchronized void complete() {
      leaves = true;
      senders.remove(this);
    }

    private long behindNanos() {
      return nanos.getAsLong() - paidUntil;
    }

    private synchronized boolean cut() {
      if (leaves) {
        return false;
      }
      complete();
      cut.run();
      return true;
    }

    @Override
    public void close() {
      complete();
      free.release();
    }
  }

  /**
   * Takes a place, and may take it from another.
   *
   * @param cut breaks the sender's connection; called by another thread, before {@link Place#close}
   * @throws Problem when there is none
   */
  Place take(Runnable cut) throws InterruptedException {
    if (!free.tryAcquire()
        && !(cutSlowest() && free.tryAcquire(HANDOVER.toMillis(), TimeUnit.MILLISECONDS))) {
      throw Problem.unavailable("there are " + most + " uploads already");
    }
    Place place = new Place(cut);
    senders.add(place);
    return place;
  }

  private boolean cutSlowest() {
    return nanosPerByte > 0
        && senders.stream()
            .filter(sender -> sender.behindNanos() > 0)
            .max(Comparator.comparingLong(Place::behindNanos))
            .map(Place::cut)
            .orElse(false);
  }
}
