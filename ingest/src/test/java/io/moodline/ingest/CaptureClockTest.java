package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.v1.TimeSource;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class CaptureClockTest {
  private static final Instant START = Instant.parse("2026-11-26T09:00:00Z");
  private static final long STEP = 100_000;

  @Test
  void countsARecordingFromItsStart() {
    CaptureClock clock = CaptureClock.recording(START);
    for (int i = 0; i < 100; i++) {
      ClockReading reading = clock.read(i * STEP, Instant.EPOCH, null);
      assertThat(CaptureClock.instant(reading)).isEqualTo(START.plus(i * STEP, ChronoUnit.MICROS));
      assertThat(reading.source()).isEqualTo(TimeSource.RECORDING);
      assertThat(reading.uncertaintyMicros()).isZero();
      assertThat(reading.driftPpm()).isNull();
    }
    assertThat(clock.start()).isEqualTo(START);
  }

  @Test
  void anchorsASourceWithoutALinkAtTheLeastDelayedArrival() {
    CaptureClock clock = CaptureClock.live();
    ClockReading reading = null;
    for (int i = 0; i < 200; i++) {
      long late = i % 7 == 3 ? 0 : 30_000 + i % 5 * 20_000;
      reading = clock.read(i * STEP, START.plus(i * STEP + late, ChronoUnit.MICROS), null);
      assertThat(reading.source()).isEqualTo(TimeSource.ARRIVAL);
    }
    assertThat(CaptureClock.instant(reading)).isEqualTo(START.plus(199 * STEP, ChronoUnit.MICROS));
    assertThat(reading.driftPpm()).isZero();
  }

  @Test
  void bendsTimeWhereItWasAheadAndSaysHowFarItIsOff() {
    CaptureClock clock = CaptureClock.live();
    ClockReading before = read(clock, 0, 500_000);
    for (int i = 1; i < 100; i++) {
      ClockReading reading = read(clock, i, 0);
      long step = reading.epochMicros() - before.epochMicros();
      assertThat(step).isBetween(STEP * 9 / 10, STEP);
      long off = reading.epochMicros() - micros(START) - i * STEP;
      assertThat(off).isBetween(0L, 500_000L);
      assertThat(reading.uncertaintyMicros()).isEqualTo(1000 + off);
      before = reading;
    }
    assertThat(before.epochMicros()).isEqualTo(micros(START) + 99 * STEP);
  }

  @Test
  void jumpsForwardOverALongWayAndNeverBack() {
    CaptureClock clock = CaptureClock.live();
    read(clock, 0, 0);
    assertThat(read(clock, 1, 3_600_000_000L).epochMicros())
        .isEqualTo(micros(START) + STEP + 3_600_000_000L);
    long before = Long.MIN_VALUE;
    for (int i = 2; i < 50; i++) {
      ClockReading reading = read(clock, i, 0);
      assertThat(reading.epochMicros()).isGreaterThan(before);
      before = reading.epochMicros();
    }
  }

  private static ClockReading read(CaptureClock clock, int number, long ahead) {
    long micros = micros(START) + number * STEP;
    return clock.read(
        number * STEP,
        START,
        new ClockReading(micros + ahead, TimeSource.SENDER_REPORT, 1000, null, 0L));
  }

  private static long micros(Instant time) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, time);
  }
}
