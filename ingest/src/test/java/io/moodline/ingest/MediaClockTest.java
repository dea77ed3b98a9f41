package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.ffmpeg.global.avutil;
import org.junit.jupiter.api.Test;

class MediaClockTest {
  @Test
  void goesOnWhereARecordingsClockIsSetBack() {
    MediaClock clock = recording();
    assertThat(clock.take(7000)).isTrue();
    assertThat(clock.take(7040)).isTrue();
    assertThat(clock.take(100)).isTrue();
    assertThat(clock.mediaMicros()).isEqualTo(80_000);
    assertThat(clock.stamp(100)).isEqualTo(7080);
    assertThat(clock.take(140)).isTrue();
    assertThat(clock.mediaMicros()).isEqualTo(120_000);
    assertThat(clock.stamp(140)).isEqualTo(7120);
  }

  @Test
  void leavesOutWhatIsOnlyOutOfOrder() {
    MediaClock clock = recording();
    assertThat(clock.take(0)).isTrue();
    assertThat(clock.take(1000)).isTrue();
    assertThat(clock.take(1000)).isFalse();
    assertThat(clock.take(1000 - 16 * 40)).isFalse();
    assertThat(clock.mediaMicros()).isEqualTo(1_000_000);
    assertThat(clock.take(1040)).isTrue();
    assertThat(clock.mediaMicros()).isEqualTo(1_040_000);
    assertThat(clock.stamp(1040)).isEqualTo(1040);
  }

  private static MediaClock recording() {
    return new MediaClock(avutil.av_make_q(1, 1000), 25, false, false);
  }
}
