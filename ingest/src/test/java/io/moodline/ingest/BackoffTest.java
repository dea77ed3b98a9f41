package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private final Backoff backoff = new Backoff(new Random(1));

  @Test
  void triesOftenWhatMayBeBackAtOnce() {
    assertAbout(backoff.next(), 0.5);
    assertAbout(backoff.next(), 1);
    for (int i = 0; i < 100; i++) {
      assertAbout(backoff.next(), 1.5);
    }
    assertThat(backoff.failures()).isEqualTo(102);
    backoff.reset();
    assertThat(backoff.failures()).isZero();
    assertAbout(backoff.next(), 0.5);
  }

  @Test
  void asksSeldomFromTheFirstTimeOnWhereMoreCouldLockAnAccount() {
    backoff.next();
    for (double seconds : new double[] {30, 60, 120, 240, 300, 300}) {
      assertAbout(backoff.nextSlow(), seconds);
    }
    assertThat(backoff.failures()).isEqualTo(1);
    backoff.reset();
    assertAbout(backoff.nextSlow(), 30);
  }

  private static void assertAbout(Duration pause, double seconds) {
    assertThat(pause.toMillis() / 1000.0).isBetween(0.75 * seconds - 0.001, 1.25 * seconds + 0.001);
  }
}
