package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class QuarantineTest {
  private long now = 5;
  private final Quarantine quarantine = new Quarantine(() -> now);

  @Test
  void keepsASourceAloneOnceItsChildWentDown() {
    assertThat(quarantine.judge("a").isSuspect()).isFalse();
    quarantine.childDied(List.of("a", "b"));
    assertThat(quarantine.judge("a")).isEqualTo(new Quarantine.Verdict(1, 0, 1));
    assertThat(quarantine.judge("b").isSuspect()).isTrue();
    assertThat(quarantine.judge("c").isSuspect()).isFalse();
    pass(Duration.ofMinutes(11));
    assertThat(quarantine.judge("a").isSuspect()).isFalse();
  }

  @Test
  void tellsManySuspectsApartWithTwoFalls() {
    List<String> all = IntStream.range(0, 15).mapToObj(i -> "cam-" + i).toList();
    quarantine.childDied(all);
    assertThat(all).allMatch(source -> quarantine.judge(source).most() == 4);
    quarantine.childDied(all.subList(4, 8));
    assertThat(quarantine.judge("cam-3").most()).isEqualTo(4);
    assertThat(quarantine.judge("cam-4").most()).isEqualTo(1);
  }

  @Test
  void countsOneFallForStreamsThatShowTheSame() {
    quarantine.childDied(Collections.nCopies(16, "a"));
    assertThat(quarantine.judge("a")).isEqualTo(new Quarantine.Verdict(4, 0, 1));
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
