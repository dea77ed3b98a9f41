package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.v1.AnalyzerLoad;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoadTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private Instant time = START;
  private final Clock clock =
      new Clock() {
        @Override
        public Instant instant() {
          return time;
        }

        @Override
        public ZoneOffset getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
          return this;
        }
      };
  private final List<AnalyzerLoad> changes = new ArrayList<>();
  private final Load load =
      new Load(Duration.ofSeconds(4), clock, state -> changes.add(state.load()));

  @Test
  void climbsTheLadderAsLiveFramesGrowOld() {
    assertThat(takeUp(900)).isFalse();
    assertThat(load.now()).isEqualTo(AnalyzerLoad.NORMAL);
    assertThat(takeUp(1_100)).isFalse();
    assertThat(load.now()).isEqualTo(AnalyzerLoad.TRIAL_PAUSED);
    assertThat(takeUp(2_100)).isFalse();
    assertThat(load.now()).isEqualTo(AnalyzerLoad.RECORDINGS_SLOWED);
    assertThat(takeUp(4_000)).isFalse();
    assertThat(takeUp(4_001)).isTrue();
    assertThat(load.now()).isEqualTo(AnalyzerLoad.FRAMES_SKIPPED);
    assertThat(load.state().stale()).isEqualTo(1);
    assertThat(load.state().oldest()).isEqualTo(Duration.ofMillis(4_001));
  }

  @Test
  void takesAStepBackWhenNothingCalledForItForTenSeconds() {
    takeUp(5_000);
    load.now();
    pass(6_000);
    takeUp(3_000);
    pass(3_999);
    assertThat(load.now()).isEqualTo(AnalyzerLoad.FRAMES_SKIPPED);
    pass(1);
    assertThat(load.now()).isEqualTo(AnalyzerLoad.RECORDINGS_SLOWED);
    assertThat(load.state().since()).isEqualTo(time);
    pass(6_000);
    takeUp(10);
    assertThat(load.now()).isEqualTo(AnalyzerLoad.NORMAL);
    assertThat(changes)
        .containsExactly(
            AnalyzerLoad.FRAMES_SKIPPED, AnalyzerLoad.RECORDINGS_SLOWED, AnalyzerLoad.NORMAL);
  }

  private boolean takeUp(long ageMillis) {
    return load.isStale(time.minusMillis(ageMillis));
  }

  private void pass(long millis) {
    time = time.plusMillis(millis);
  }
}
