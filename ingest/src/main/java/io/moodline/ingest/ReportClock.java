package io.moodline.ingest;

import io.moodline.ingest.ClockLine.Point;
import io.moodline.schemas.v1.TimeSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The time of the wall that belongs to a media clock, as the source's sender reports tell it. One
 * report that does not fit is passed over; a second one that agrees with it shows that the source's
 * clock was set, and what was reported before is forgotten. Confined to one thread.
 */
final class ReportClock {
  private static final int MOST_REPORTS = 16;
  private static final long STEP_MICROS = 250_000;

  /** How wrong a single report may be: some are written a picture later than they say. */
  private static final double UNKNOWN_MICROS = 100_000;

  /** By how much a media clock may go astray after the newest report. */
  private static final double ASTRAY = 1e-4;

  private final List<Point> reports = new ArrayList<>();
  private @Nullable Point odd;
  private @Nullable ClockLine line;

  /** The source says what time it was. */
  void reported(long mediaMicros, long epochMicros) {
    Point point = new Point(mediaMicros, epochMicros - mediaMicros);
    ClockLine known = line;
    if (known != null && Math.abs(known.residual(point)) > STEP_MICROS) {
      Point before = odd;
      odd = point;
      if (before == null || Math.abs(before.offsetMicros() - point.offsetMicros()) > STEP_MICROS) {
        return;
      }
      reports.clear();
      reports.add(before);
    }
    odd = null;
    reports.add(point);
    if (reports.size() > MOST_REPORTS) {
      reports.remove(0);
    }
    line = ClockLine.through(reports);
  }

  /** Begins anew: the media clock was set. */
  void forget() {
    reports.clear();
    odd = null;
    line = null;
  }

  /** The time of the wall at a media time; null without reports. */
  @Nullable ClockReading read(long mediaMicros) {
    ClockLine known = line;
    if (known == null) {
      return null;
    }
    long newest = reports.get(reports.size() - 1).mediaMicros();
    double off =
        reports.stream().mapToDouble(point -> Math.abs(known.residual(point))).max().orElse(0);
    double uncertainty =
        Math.max(UNKNOWN_MICROS / (reports.size() + 1), off)
            + ASTRAY * Math.max(0, mediaMicros - newest);
    return new ClockReading(
        mediaMicros + known.offsetAt(mediaMicros),
        TimeSource.SENDER_REPORT,
        Math.round(uncertainty),
        ClockLine.isShort(reports) ? null : Double.valueOf(known.fastPpm()),
        null);
  }
}
