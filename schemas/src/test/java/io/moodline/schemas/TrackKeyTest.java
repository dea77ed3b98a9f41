package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrackKeyTest {
  @Test
  void bytesSortByStreamStepTrackAndStart() {
    List<TrackKey> inOrder =
        List.of(
            TrackKey.whole("a", 9),
            TrackKey.whole("a", 10),
            second("a", 9, "2026-11-21T10:00:00Z"),
            second("a", 10, "1969-12-31T23:59:58Z"),
            second("a", 10, "2026-11-21T10:00:00Z"),
            second("a", 100, "1931-01-01T00:00:00Z"),
            TrackKey.whole("b", 1));
    for (int i = 1; i < inOrder.size(); i++) {
      assertThat(Arrays.compareUnsigned(inOrder.get(i - 1).encode(), inOrder.get(i).encode()))
          .isNegative();
    }
    assertThat(inOrder).allSatisfy(k -> assertThat(TrackKey.decode(k.encode())).isEqualTo(k));
  }

  @Test
  void refusesBytesThatAreNoKey() {
    byte[] bytes = second("lobby", 1, "2026-01-01T00:00:00Z").encode();
    assertThatThrownBy(() -> TrackKey.decode(Arrays.copyOf(bytes, bytes.length - 1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TrackKey.decode(new byte[] {1}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static TrackKey second(String stream, long track, String start) {
    return new TrackKey(stream, Duration.ofSeconds(1), track, Instant.parse(start));
  }
}
