package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LttbTest {
  @Test
  void keepsEndsOrderAndNumberWhateverIsGiven() {
    Random random = new Random(5);
    for (int round = 0; round < 500; round++) {
      int count = 1 + random.nextInt(300);
      int most = 1 + random.nextInt(320);
      long[] times = new long[count];
      double[][] values = new double[count][3];
      for (int i = 0; i < count; i++) {
        times[i] = (i == 0 ? 0 : times[i - 1]) + 1 + random.nextInt(100);
        Arrays.setAll(values[i], s -> random.nextDouble());
      }
      int[] picked = Lttb.pick(times, values, most);
      assertThat(picked).hasSize(Math.min(count, most)).isSorted().doesNotHaveDuplicates();
      assertThat(picked[0]).isZero();
      if (most > 1) {
        assertThat(picked[picked.length - 1]).isEqualTo(count - 1);
      }
    }
  }

  @Test
  void keepsAPeakInAnySeries() {
    long[] times = IntStream.range(0, 1000).mapToLong(i -> i).toArray();
    double[][] values = new double[1000][2];
    values[333][0] = 1;
    values[777][1] = 1;
    assertThat(Lttb.pick(times, values, 20)).contains(333, 777);
  }
}
