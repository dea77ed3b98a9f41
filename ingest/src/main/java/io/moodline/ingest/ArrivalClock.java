package io.moodline.ingest;

import io.moodline.ingest.ClockLine.Point;
import io.moodline.schemas.v1.TimeSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The time of the wall that belongs to a media clock, as arrivals tell it. A network only ever
 * delays, so the arrivals that were delayed least show where the two clocks meet, and how fast the
 * one runs beside the other; a delay that all of them share can not be seen from here. Remembers
 * the least delayed arrival of each two seconds for two minutes. Confined to one thread.
 */
final class ArrivalClock {
  private static final long BUCKET_MICROS = 2_000_000;
  private static final int MOST_BUCKETS = 60;

  /** How many of the newest buckets have to agree with the line. */
  private static final int RECENT = 5;

  /** What comes so early shows that all before came late. */
  private static final long EARLY_MICROS = 50_000;

  /** What comes so late shows that the media clock stood still. */
  private static final long LATE_MICROS = 30_000_000;

  /** Where all of the newest buckets are later than this, the delay itself has become longer. */
  private static final long LONGER_MICROS = 1_000_000;

  /** How much a network of which nothing is known may delay. */
  private static final double UNKNOWN_MICROS = 1_000_000;

  private final List<Point> least = new ArrayList<>();
  private @Nullable ClockLine line;

  /** The line of all buckets but the newest; null without. */
  private @Nullable ClockLine settled;

  private long lastMicros;
  private long seen;

  /** Something of this media time has arrived. */
  void arrived(long mediaMicros, long epochMicros) {
    Point point = new Point(mediaMicros, epochMicros - mediaMicros);
    ClockLine before = settled;
    boolean early = before != null && before.residual(point) < -EARLY_MICROS;
    if (early || !least.isEmpty() && line().residual(point) > LATE_MICROS) {
      forget();
    }
    if (seen == 0 || mediaMicros != lastMicros) {
      seen++; // the packets of one picture come together and count once
    }
    lastMicros = mediaMicros;
    remember(point);
  }

  private void remember(Point point) {
    int last = least.size() - 1;
    long bucket = Math.floorDiv(point.mediaMicros(), BUCKET_MICROS);
    long newest = last < 0 ? bucket - 1 : bucket(least.get(last));
    if (bucket > newest) {
      forgetShorterDelay();
      settled = least.isEmpty() ? null : line();
      least.add(point);
      if (least.size() > MOST_BUCKETS) {
        least.remove(0);
      }
      line = null;
    } else if (bucket == newest && point.offsetMicros() < least.get(last).offsetMicros()) {
      least.set(last, point);
      line = null;
    }
  }

  private void forgetShorterDelay() {
    int old = least.size() - RECENT;
    if (old <= 0) {
      return;
    }
    ClockLine known = line();
    if (least.stream().skip(old).allMatch(point -> known.residual(point) > LONGER_MICROS)) {
      least.subList(0, old).clear();
      seen = RECENT;
      line = null;
    }
  }

  private static long bucket(Point point) {
    return Math.floorDiv(point.mediaMicros(), BUCKET_MICROS);
  }

  /** Begins anew: the media clock was set. */
  void forget() {
    least.clear();
    seen = 0;
    line = null;
    settled = null;
  }

  boolean knowsNothing() {
    return least.isEmpty();
  }

  /**
   * The time of the wall at a media time.
   *
   * @throws IllegalStateException when nothing has arrived yet
   */
  ClockReading read(long mediaMicros) {
    ClockLine known = line();
    return new ClockReading(
        mediaMicros + known.offsetAt(mediaMicros),
        TimeSource.ARRIVAL,
        uncertainty(known),
        ClockLine.isShort(least) ? null : Double.valueOf(known.fastPpm()),
        null);
  }

  /**
   * How far the least delay may lie below what is taken for it: few arrivals tell little, and the
   * newest ones have to come back to the line.
   */
  private long uncertainty(ClockLine known) {
    double[] recent =
        least.subList(Math.max(0, least.size() - RECENT), least.size()).stream()
            .mapToDouble(known::residual)
            .toArray();
    return Math.round(Math.max(UNKNOWN_MICROS / (seen + 1), 2 * ClockLine.median(recent)));
  }

  private ClockLine line() {
    ClockLine known = line;
    if (known == null) {
      if (least.isEmpty()) {
        throw new IllegalStateException("nothing has arrived");
      }
      known = ClockLine.under(least);
      line = known;
    }
    return known;
  }
}
