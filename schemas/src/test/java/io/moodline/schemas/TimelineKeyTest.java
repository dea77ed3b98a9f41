package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimelineKeyTest {
  @Test
  void bytesSortAsStepsAndInstantsDoAlsoBefore1970() {
    List<TimelineKey> inOrder =
        List.of(
            key("a", 1000, "1969-12-31T23:59:58Z"),
            key("a", 1000, "1970-01-01T00:00:00Z"),
            key("a", 1000, "2026-11-21T10:00:00Z"),
            key("a", 10000, "1969-12-31T23:59:50Z"),
            key("b", 1000, "1960-01-01T00:00:00Z"));
    for (int i = 1; i < inOrder.size(); i++) {
      assertThat(Arrays.compareUnsigned(inOrder.get(i - 1).encode(), inOrder.get(i).encode()))
          .isNegative();
    }
    assertThat(inOrder).allSatisfy(k -> assertThat(TimelineKey.decode(k.encode())).isEqualTo(k));
  }

  @Test
  void oneStreamsKeysAreNeverWithinTheRangeOfAnother() {
    byte[] low = key("ab", 0, "1600-01-01T00:00:00Z").encode();
    byte[] high = key("ab", Long.MAX_VALUE, "9999-01-01T00:00:00Z").encode();
    for (String other : List.of("a", "abc", "aa", "b", "ac")) {
      byte[] bytes = key(other, 1000, "2026-01-01T00:00:00Z").encode();
      boolean within =
          Arrays.compareUnsigned(low, bytes) <= 0 && Arrays.compareUnsigned(bytes, high) <= 0;
      assertThat(within).as(other).isFalse();
    }
  }

  @Test
  void refusesBytesThatAreNoKey() {
    byte[] bytes = key("lobby", 1000, "2026-01-01T00:00:00Z").encode();
    assertThatThrownBy(() -> TimelineKey.decode(Arrays.copyOf(bytes, bytes.length - 1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> TimelineKey.decode(new byte[] {1}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static TimelineKey key(String stream, long stepMillis, String start) {
    return new TimelineKey(stream, Duration.ofMillis(stepMillis), Instant.parse(start));
  }
}
