package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.models.Isotonic.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class IsotonicTest {
  private static List<Point> drawn(int count, DoubleUnaryOperator probability) {
    Random random = new Random(7);
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      double x = random.nextDouble();
      points.add(new Point(x, random.nextDouble() < probability.applyAsDouble(x) ? 1 : 0));
    }
    return points;
  }

  @Test
  void findsWhereAFallingLossFallsBelowALimit() {
    assertThat(Isotonic.crossing(drawn(20_000, x -> 1 - x), 0.25)).isBetween(0.72, 0.78);
    assertThat(Isotonic.crossing(drawn(20_000, x -> x < 0.4 ? 0.8 : 0.05), 0.1))
        .isBetween(0.37, 0.43);
  }

  @Test
  void oneBadStretchAmongGoodOnesIsPooledWithItsNeighbours() {
    // Better between 0.2 and 0.3 than after it, by chance: the limit does not stop there.
    double crossing =
        Isotonic.crossing(drawn(20_000, x -> x < 0.2 ? 0.9 : x < 0.3 ? 0 : x < 0.6 ? 0.5 : 0), 0.2);
    assertThat(crossing).isBetween(0.55, 0.65);
  }

  @Test
  void hasNoLimitWhereNothingIsLostAndTheHighestWhereAllIs() {
    assertThat(Isotonic.crossing(drawn(1000, x -> 0.01), 0.1)).isNaN();
    assertThat(Isotonic.crossing(drawn(1000, x -> 1), 0.1)).isBetween(0.0, 1.0);
    assertThat(Isotonic.crossing(List.of(), 0.1)).isNaN();
  }

  @Test
  void neverPartsEqualFigures() {
    List<Point> points = new ArrayList<>();
    for (int step = 1; step <= 5; step++) {
      for (int i = 0; i < 500; i++) {
        points.add(new Point(step, i % 5 >= step ? 1 : 0));
      }
    }
    // Losses of 0.8, 0.6, 0.4, 0.2, 0: the limit stands between the steps, at the right share.
    assertThat(Isotonic.crossing(points, 0.5)).isEqualTo(2.5);
    assertThat(Isotonic.crossing(points, 0.2)).isEqualTo(4);
  }
}
