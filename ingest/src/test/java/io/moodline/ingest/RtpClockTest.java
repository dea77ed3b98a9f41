package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.moodline.schemas.v1.TimeSource;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A camera of 25 pictures a second whose clocks and network are scripted. */
class RtpClockTest {
  private static final long START = micros(Instant.parse("2026-11-26T09:00:00Z"));
  private static final long STEP = 40_000;
  private static final long SECOND = 1_000_000;
  private static final int SOURCE = 77;

  private final Random random = new Random(11);
  private final Wall wall = new Wall();
  private final RtpClock clock = new RtpClock(90_000, wall);
  private final CaptureClock capture = CaptureClock.live();
  private double driftPpm;
  private int firstTick = -1_000_000; // wraps after 11 s
  private long delay;
  private long lastArrival;
  private long lastRight;
  private ClockReading last;

  @Test
  void findsTheLeastDelayAndTheDriftUnderJitter() {
    driftPpm = 150;
    List<Long> errors = new ArrayList<>();
    for (int second = 0; second < 300; second++) {
      for (Timed timed : second(second, 80_000)) {
        assertThat(timed.reading().source()).isEqualTo(TimeSource.ARRIVAL);
        if (second >= 5) {
          errors.add(Math.abs(timed.error()));
        }
      }
    }
    assertThat(last.driftPpm()).isCloseTo(150, offset(50.0));
    assertThat(last.uncertaintyMicros()).isBetween(1L, 10_000L);
    errors.sort(null);
    assertThat(errors.get(errors.size() / 2)).isLessThan(4_000);
    assertThat(errors.get(errors.size() - 1)).isLessThan(25_000);
  }

  @Test
  void saysHowUncertainItIsFromTheFirstFrameOn() {
    double all = 0;
    double honest = 0;
    for (long jitter : new long[] {0, 5_000, 20_000, 60_000}) {
      RtpClockTest fresh = new RtpClockTest();
      for (int second = 0; second < 60; second++) {
        for (Timed timed : fresh.second(second, jitter)) {
          all++;
          honest += Math.abs(timed.error()) <= timed.reading().uncertaintyMicros() ? 1 : 0;
        }
      }
      assertThat(fresh.last.uncertaintyMicros()).isLessThan(2000 + jitter / 4);
    }
    assertThat(honest / all).isGreaterThan(0.99);
  }

  @Test
  void takesTimeFromReportsWhateverTheNetworkDoes() {
    driftPpm = -60;
    for (int second = 0; second < 60; second++) {
      report(second, -130_000);
      for (Timed timed : second(second, 300_000)) {
        assertThat(timed.reading().source()).isEqualTo(TimeSource.SENDER_REPORT);
        assertThat(timed.error()).isBetween(-130_500L, -129_500L);
      }
    }
    assertThat(last.driftPpm()).isCloseTo(-60, offset(1.0));
    assertThat(last.senderOffsetMicros()).isBetween(-170_000L, -100_000L);
    assertThat(last.uncertaintyMicros()).isLessThan(10_000);
  }

  @Test
  void doesNotBelieveAClockThatCanNotBeRightAndSaysSo() {
    for (long wrong :
        new long[] {-START, -365 * 86_400 * SECOND, 3 * SECOND, -3 * SECOND, 1L << 51}) {
      RtpClockTest fresh = new RtpClockTest();
      for (int second = 0; second < 8; second++) {
        fresh.report(second, wrong);
        fresh.second(second, 0);
        assertThat(fresh.last.source()).isEqualTo(TimeSource.ARRIVAL);
        assertThat(fresh.last.epochMicros()).isEqualTo(fresh.lastRight);
        assertThat(fresh.last.senderOffsetMicros()).isCloseTo(wrong, offset(1000L));
      }
    }
  }

  @Test
  void passesOverAReportThatDoesNotFitButFollowsAClockThatWasSet() {
    run(0, 20, 0);
    report(20, 900_000);
    second(20, 0);
    assertThat(last.epochMicros()).isEqualTo(lastRight);
    run(21, 30, 0);
    for (long set : new long[] {900_000, -700_000, 30 * SECOND, 0}) {
      int from = (int) ((lastArrival - START) / SECOND) + 1;
      run(from, from + 30, set);
      boolean believed = Math.abs(set) < SECOND;
      assertThat(last.source()).isEqualTo(believed ? TimeSource.SENDER_REPORT : TimeSource.ARRIVAL);
      assertThat(last.epochMicros() - lastRight).isCloseTo(believed ? set : 0, offset(1000L));
    }
  }

  @Test
  void goesOnWhenReportsBeginLateOrEnd() {
    for (int second = 0; second < 10; second++) {
      second(second, 0);
    }
    run(10, 20, -200_000);
    assertThat(last.epochMicros() - lastRight).isCloseTo(-200_000, offset(1000L));
    long sure = last.uncertaintyMicros();
    for (int second = 20; second < 80; second++) {
      second(second, 0);
    }
    assertThat(last.source()).isEqualTo(TimeSource.SENDER_REPORT);
    assertThat(last.epochMicros() - lastRight).isCloseTo(-200_000, offset(1000L));
    assertThat(last.uncertaintyMicros()).isGreaterThan(sure);
  }

  @Test
  void hearsNoReportsOfOtherSources() {
    second(0, 0);
    clock.report(new SenderReport(SOURCE + 1, START + SECOND, firstTick));
    second(1, 0);
    assertThat(last.source()).isEqualTo(TimeSource.ARRIVAL);
    assertThat(last.senderOffsetMicros()).isNull();
  }

  @Test
  void adaptsToALongerDelayAndToAnEarlierArrival() {
    delay = 20_000;
    for (int second = 0; second < 60; second++) {
      second(second, 10_000);
    }
    delay = 5 * SECOND; // the media clock stood still, or the way has become longer
    for (int second = 60; second < 62; second++) {
      second(second, 0);
    }
    assertThat(last.uncertaintyMicros()).isLessThan(20_000);
    for (int second = 62; second < 80; second++) {
      second(second, 0);
    }
    assertThat(last.epochMicros() - lastRight).isBetween(4_900_000L, 5_000_000L);
    delay = 0;
    for (int second = 80; second < 90; second++) {
      second(second, 0);
    }
    assertThat(last.epochMicros()).isEqualTo(lastRight);
  }

  @Test
  void beginsAnewWhereTheMediaClockWasSet() {
    run(0, 12, -100_000);
    int gone = firstTick;
    for (int jump : new int[] {-2 * 90_000, 3600 * 90_000, Integer.MIN_VALUE}) {
      firstTick += jump;
      int from = (int) ((lastArrival - START) / SECOND) + 1;
      second(from, 0);
      assertThat(last.source()).isEqualTo(TimeSource.ARRIVAL);
      assertThat(last.epochMicros()).isEqualTo(lastRight);
    }
    assertThat(clock.read(gone)).as("a picture of the time before").isNull();
  }

  @Test
  void neverRunsBackwardsWhateverIsReported() {
    long before = Long.MIN_VALUE;
    for (int second = 0; second < 400; second++) {
      if (random.nextInt(3) > 0) {
        report(second, Math.round(random.nextGaussian() * SECOND));
      }
      if (random.nextInt(20) == 0) {
        firstTick += random.nextInt(40 * 90_000) - 20 * 90_000;
      }
      delay = random.nextInt(10) == 0 ? random.nextInt(8_000_000) : delay;
      for (int picture = 0; picture < 25; picture++) {
        long media = (second * 25L + picture) * STEP;
        long sent = sent(media);
        wall.micros = Math.max(wall.micros, sent + delay + jitter(100_000));
        clock.packet(SOURCE, ticks(media));
        ClockReading told = clock.read(ticks(media));
        ClockReading reading = capture.read(media, wall.instant(), told);
        assertThat(reading.epochMicros()).isGreaterThan(before);
        before = reading.epochMicros();
      }
    }
  }

  /** Seconds with a report each. */
  private void run(int from, int to, long cameraAhead) {
    for (int second = from; second < to; second++) {
      report(second, cameraAhead);
      second(second, 0);
    }
  }

  /** What was read of a picture, and what is right. */
  private record Timed(ClockReading reading, long right) {
    long error() {
      return reading.epochMicros() - right;
    }
  }

  /** Sends the pictures of a second, which overtake none, and reads the time of each. */
  private List<Timed> second(int second, long mostJitter) {
    List<Timed> readings = new ArrayList<>();
    for (int picture = 0; picture < 25; picture++) {
      long media = (second * 25L + picture) * STEP;
      lastRight = sent(media);
      lastArrival = Math.max(lastArrival, lastRight + delay + jitter(mostJitter));
      wall.micros = lastArrival;
      clock.packet(SOURCE, ticks(media));
      last = clock.read(ticks(media));
      readings.add(new Timed(last, lastRight));
    }
    return readings;
  }

  private void report(int second, long cameraAhead) {
    long media = second * SECOND;
    clock.report(new SenderReport(SOURCE, sent(media) + cameraAhead, ticks(media)));
  }

  /** When the picture of a media time left the camera, by the clock here. */
  private long sent(long media) {
    return START + Math.round(media / (1 + driftPpm / 1e6));
  }

  private int ticks(long media) {
    return firstTick + (int) Math.round(media * 0.09);
  }

  private long jitter(long most) {
    return (long) (random.nextDouble() * most);
  }

  private static long micros(Instant time) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, time);
  }

  private static final class Wall extends Clock {
    private long micros = START;

    @Override
    public Instant instant() {
      return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }
}
