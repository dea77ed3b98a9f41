package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AlertKeyTest {
  @Test
  void bytesSortByStreamStartAndRule() {
    List<AlertKey> inOrder =
        List.of(
            key("a", "0001-01-01T00:00:00Z", "z"),
            key("a", "1931-01-01T00:00:00.000001Z", "z"),
            key("a", "1970-01-01T00:00:00Z", "z"),
            key("a", "2026-11-21T10:00:00Z", ""),
            key("a", "2026-11-21T10:00:00Z", "r"),
            key("a", "2026-11-21T10:00:00Z", "s"),
            key("a", "2026-11-21T10:00:00.000001Z", "r"),
            key("a", "9999-01-01T00:00:00Z", "r"),
            key("b", "1931-01-01T00:00:00Z", "r"),
            key("aa", "1931-01-01T00:00:00Z", "r"));
    for (int i = 1; i < inOrder.size(); i++) {
      assertThat(Arrays.compareUnsigned(inOrder.get(i - 1).encode(), inOrder.get(i).encode()))
          .isNegative();
    }
    assertThat(inOrder).allSatisfy(k -> assertThat(AlertKey.decode(k.encode())).isEqualTo(k));
  }

  @Test
  void refusesBytesThatAreNoKey() {
    byte[] bytes = key("lobby", "2026-01-01T00:00:00Z", "").encode();
    assertThatThrownBy(() -> AlertKey.decode(Arrays.copyOf(bytes, bytes.length - 1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> AlertKey.decode(new byte[] {1}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static AlertKey key(String stream, String start, String rule) {
    return new AlertKey(stream, Instant.parse(start), rule);
  }
}
