package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SeldomLogTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void isDueAtOnceAndThenEveryTenSecondsWithTheNumberSince() {
    SeldomLog log = new SeldomLog();
    assertThat(log.count("DECODE_ERROR", 0)).isEqualTo(1);
    assertThat(log.count("DECODE_ERROR", SECOND)).isZero();
    assertThat(log.count("TOO_LARGE", SECOND)).isEqualTo(1);
    assertThat(log.count("DECODE_ERROR", 9 * SECOND)).isZero();
    assertThat(log.count("DECODE_ERROR", 10 * SECOND)).isEqualTo(3);
    assertThat(log.count("DECODE_ERROR", 11 * SECOND)).isZero();
  }
}
