package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuarantineTest {
  private long now = 5;
  private final Quarantine quarantine = new Quarantine(() -> now);

  @Test
  void keepsASourceAloneOnceItsChildWentDown() {
    assertThat(quarantine.judge("a").alone()).isFalse();
    quarantine.childDied(List.of("a", "b"));
    assertThat(quarantine.judge("a")).isEqualTo(new Quarantine.Verdict(true, 0, 1));
    assertThat(quarantine.judge("b").alone()).isTrue();
    assertThat(quarantine.judge("c").alone()).isFalse();
    pass(Duration.ofMinutes(11));
    assertThat(quarantine.judge("a").alone()).isFalse();
  }

  @Test
  void letsASourceWaitLongerAndLongerThatFallsAgainAndAgain() {
    for (int fall = 0; fall < 5; fall++) {
      assertThat(quarantine.judge("a").waits()).isFalse();
      quarantine.childDied(List.of("a"));
    }
    assertThat(quarantine.judge("a").waitSeconds()).isEqualTo(31);
    assertThat(quarantine.judge("a").reason())
        .isEqualTo("brought its decoder down 5 times within 10 minutes: next try in 31 s");
    pass(Duration.ofSeconds(31));
    assertThat(quarantine.judge("a").waits()).isFalse();
    quarantine.childDied(List.of("a"));
    assertThat(quarantine.judge("a").waitSeconds()).isEqualTo(61);
    assertThat(quarantine.judge("b").waits()).isFalse();
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }
}
