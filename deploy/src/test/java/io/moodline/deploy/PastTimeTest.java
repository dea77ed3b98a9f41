package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PastTimeTest {
  @ParameterizedTest
  @CsvSource({
    "90s, 2026-11-27T11:58:30Z",
    "15m, 2026-11-27T11:45:00Z",
    "2h, 2026-11-27T10:00:00Z",
    "3d, 2026-11-24T12:00:00Z",
    "2026-11-21T10:00:00Z, 2026-11-21T10:00:00Z",
    "yesterday, yesterday",
    "-2h, -2h"
  })
  void takesInstantsAndHowLongAgoTheyWere(String text, String instant) {
    assertThat(PastTime.at(text, Instant.parse("2026-11-27T12:00:00Z"))).isEqualTo(instant);
  }
}
