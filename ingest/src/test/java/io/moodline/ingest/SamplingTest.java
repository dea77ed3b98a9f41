package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplingTest {
  @ParameterizedTest
  @CsvSource({
    // asked, source, frames in 4 s of the source, taken, the first four numbers
    "5,   25,    100, 20,  0 5 10 15",
    "10,  25,    100, 40,  0 3 5 8",
    "25,  25,    100, 100, 0 1 2 3",
    "60,  25,    100, 100, 0 1 2 3",
    "1,   25,    100, 4,   0 25 50 75",
    "0.5, 25,    100, 2,   0 50",
    "30,  29.97, 120, 120, 0 1 2 3",
    "10,  29.97, 120, 40,  0 3 6 9",
    "10,  0,     100, 40,  0 3 5 8",
  })
  void takesTheFirstFrameOfEachSlot(
      double asked, double source, int frames, int taken, String first) {
    Sampling sampling = new Sampling(asked, source);
    double rate = source > 0 ? source : 25;
    List<Long> numbers = new ArrayList<>();
    for (long number = 0; number < frames; number++) {
      if (sampling.takes(Math.round(number * 1e6 / rate))) {
        numbers.add(number);
      }
    }
    assertThat(numbers).hasSize(taken);
    String[] expected = first.strip().split(" ");
    for (int i = 0; i < expected.length; i++) {
      assertThat(numbers.get(i)).isEqualTo(Long.parseLong(expected[i]));
    }
  }

  @Test
  void takesEveryFrameWhoseTimeIsRoundedToMilliseconds() {
    Sampling sampling = new Sampling(60, 29.97);
    long taken =
        LongStream.range(0, 3000)
            .filter(number -> sampling.takes(Math.round(number * 1000 / 29.97) * 1000))
            .count();
    assertThat(taken).isEqualTo(3000);
  }

  @Test
  void takesOneFrameAfterAHoleAndNoneBackInTime() {
    Sampling sampling = new Sampling(5, 25);
    assertThat(sampling.takes(0)).isTrue();
    assertThat(sampling.takes(3_000_000)).isTrue();
    assertThat(sampling.takes(3_040_000)).isFalse();
    assertThat(sampling.takes(1_000_000)).isFalse();
    assertThat(sampling.takes(3_200_000)).isTrue();
  }
}
