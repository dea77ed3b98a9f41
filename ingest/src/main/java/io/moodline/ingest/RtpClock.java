package io.moodline.ingest;

import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * When the pictures of an RTP stream were captured: as the source's sender reports say, or, where
 * there are none or its clock can not be right, as the packets' arrivals tell. Fed by the link's
 * thread, read by another; thread-safe.
 */
final class RtpClock {
  /** Beyond such a jump the source's media clock was set anew; a picture is decoded sooner. */
  private static final int FORWARD_SECONDS = 10;

  /** The same backwards: further than packets overtake one another. */
  private static final int BACK_SECONDS = 1;

  /**
   * How far a source's clock may be from the arrivals here to be believed. Cameras that are kept in
   * time are within it, with the delay of their own that it contains; one that is not would bring
   * its frames into wrong windows.
   */
  private static final long TRUST_MICROS = 2_000_000;

  /** The same of a clock that is believed already. */
  private static final long DISTRUST_MICROS = 2_500_000;

  private final int ticksPerSecond;
  private final Clock wall;
  private final ArrivalClock arrivals = new ArrivalClock();
  private final ReportClock reports = new ReportClock();
  private @Nullable SenderReport early;
  private boolean started;
  private boolean believed;
  private int source;
  private int newest;
  private long newestTicks;

  /**
   * A clock that has seen nothing.
   *
   * @param ticksPerSecond of the RTP packets' time
   * @param wall read once for each packet
   */
  RtpClock(int ticksPerSecond, Clock wall) {
    this.ticksPerSecond = ticksPerSecond;
    this.wall = wall;
  }

  /** A packet has arrived. */
  synchronized void packet(int from, int rtpTime) {
    long now = ChronoUnit.MICROS.between(Instant.EPOCH, wall.instant());
    int step = started ? rtpTime - newest : 0;
    if (!started || from != source || !isWithin(step, BACK_SECONDS, FORWARD_SECONDS)) {
      arrivals.forget();
      reports.forget();
      source = from;
      newest = rtpTime;
      newestTicks += step;
      started = true;
    } else if (step > 0) {
      newest = rtpTime;
      newestTicks += step;
    }
    arrivals.arrived(micros(rtpTime), now);
    SenderReport waiting = early;
    early = null;
    if (waiting != null) {
      report(waiting);
    }
  }

  /** A sender report has arrived; one of another source does not count. */
  synchronized void report(SenderReport report) {
    if (!started) {
      early = report;
    } else if (report.source() == source) {
      reports.reported(micros(report.rtpTime()), report.epochMicros());
    }
  }

  /** When the picture of an RTP time was captured; null where that can not be said. */
  synchronized @Nullable ClockReading read(int rtpTime) {
    if (!started || !isWithin(rtpTime - newest, FORWARD_SECONDS, BACK_SECONDS)) {
      return null;
    }
    ClockReading arrived = arrivals.read(micros(rtpTime));
    ClockReading reported = reports.read(micros(rtpTime));
    if (reported == null) {
      return arrived;
    }
    long offset = reported.epochMicros() - arrived.epochMicros();
    believed = Math.abs(offset) <= (believed ? DISTRUST_MICROS : TRUST_MICROS);
    return (believed ? reported : arrived).withSenderOffset(offset);
  }

  private boolean isWithin(int ticks, int secondsBack, int secondsForward) {
    return ticks >= -(long) secondsBack * ticksPerSecond
        && ticks <= (long) secondsForward * ticksPerSecond;
  }

  private long micros(int rtpTime) {
    double ticks = newestTicks + (rtpTime - newest);
    return Math.round(ticks * 1e6 / ticksPerSecond);
  }
}
