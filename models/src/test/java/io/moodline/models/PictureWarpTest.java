package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.moodline.models.PictureResize.Rectangle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PictureWarpTest {
  private static final int WIDTH = 70;
  private static final int HEIGHT = 60;

  private static byte[] noise() {
    return new SeededNumbers(1, "warp").bytes(0, 3 * WIDTH * HEIGHT);
  }

  /**
   * The same filter the other way round: each pixel of the picture gives to pixels of the result.
   */
  @ParameterizedTest
  @CsvSource({"0, 1", "0, 2.5", "17, 3", "-30, 2", "45, 1.4", "90, 2", "200, 0.5", "-12, 0.31"})
  void equalsTheReferenceWithinAGreyLevel(double degrees, double scale) {
    byte[] picture = noise();
    int side = 16;
    Similarity toPicture = turned(degrees, scale, side, 33.3, 28.7);
    byte[] warped = PictureWarp.warp(picture, WIDTH, HEIGHT, toPicture, side, side);
    double[] expected = scattered(picture, toPicture, side);
    for (int i = 0; i < warped.length; i++) {
      assertThat((double) (warped[i] & 0xff)).as("value %d", i).isCloseTo(expected[i], within(1.0));
    }
  }

  private static Similarity turned(double degrees, double scale, int side, double x, double y) {
    double a = scale * Math.cos(Math.toRadians(degrees));
    double b = scale * Math.sin(Math.toRadians(degrees));
    double middle = side / 2.0;
    return new Similarity(a, b, x - a * middle + b * middle, y - b * middle - a * middle);
  }

  private static double[] scattered(byte[] picture, Similarity toPicture, int side) {
    double[] sums = new double[3 * side * side];
    double[] weights = new double[side * side];
    Similarity toResult = toPicture.inverse();
    double support = Math.max(1, 1 / toPicture.scale());
    int margin = 200;
    for (int y = -margin; y < HEIGHT + margin; y++) {
      for (int x = -margin; x < WIDTH + margin; x++) {
        double u = toResult.x(x + 0.5, y + 0.5);
        double v = toResult.y(x + 0.5, y + 0.5);
        int from =
            3
                * (Math.max(0, Math.min(HEIGHT - 1, y)) * WIDTH
                    + Math.max(0, Math.min(WIDTH - 1, x)));
        for (int row = (int) (v - support - 1); row <= v + support + 1; row++) {
          for (int column = (int) (u - support - 1); column <= u + support + 1; column++) {
            double weight =
                Math.max(0, 1 - Math.abs(u - column - 0.5) / support)
                    * Math.max(0, 1 - Math.abs(v - row - 0.5) / support);
            if (weight > 0 && row >= 0 && row < side && column >= 0 && column < side) {
              int to = row * side + column;
              weights[to] += weight;
              for (int channel = 0; channel < 3; channel++) {
                sums[3 * to + channel] += weight * (picture[from + channel] & 0xff);
              }
            }
          }
        }
      }
    }
    for (int i = 0; i < sums.length; i++) {
      sums[i] /= weights[i / 3];
    }
    return sums;
  }

  @Test
  void equalsPillowsFilterWithinAGreyLevelWhereNothingIsTurned() {
    byte[] picture = noise();
    Rectangle from = new Rectangle(9, 5, 48, 48);
    byte[] resized = PictureResize.resize(picture, WIDTH, HEIGHT, from, 16, 16);
    byte[] warped = PictureWarp.warp(picture, WIDTH, HEIGHT, new Similarity(3, 0, 9, 5), 16, 16);
    // At its rim Pillow's crop sees nothing beyond the rectangle; what is turned has no such rim.
    for (int y = 1; y < 15; y++) {
      for (int x = 3; x < 45; x++) {
        int at = 48 * y + x;
        assertThat((double) (warped[at] & 0xff)).isCloseTo(resized[at] & 0xff, within(1.0));
      }
    }
  }

  @Test
  void aSlopeStaysTheSameSlopeHoweverItIsTurned() {
    byte[] slope = new byte[3 * 200 * 200];
    for (int i = 0; i < slope.length; i++) {
      slope[i] = (byte) (i / 3 % 200 + (i % 3 == 0 ? 10 : 0));
    }
    Similarity toPicture = turned(37, 2.7, 20, 100, 100);
    byte[] warped = PictureWarp.warp(slope, 200, 200, toPicture, 20, 20);
    for (int v = 0; v < 20; v++) {
      for (int u = 0; u < 20; u++) {
        double x = toPicture.x(u + 0.5, v + 0.5) - 0.5;
        int red = warped[3 * (20 * v + u)] & 0xff;
        assertThat((double) red).isCloseTo(x + 10, within(1.0));
      }
    }
  }

  @Test
  void refusesWhatHasNoSize() {
    assertThatThrownBy(
            () -> PictureWarp.warp(noise(), WIDTH, HEIGHT, new Similarity(0, 0, 1, 1), 4, 4))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> PictureWarp.warp(new byte[5], WIDTH, HEIGHT, new Similarity(1, 0, 1, 1), 4, 4))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aSimilarityIsFoundByItsPointsAndHasAWayBack() {
    Similarity made = turned(-23, 1.7, 48, 320, 200);
    double[] from = {10, 12, 30, 11, 20, 25, 13, 36, 29, 37};
    double[] to = new double[10];
    for (int i = 0; i < 10; i += 2) {
      to[i] = made.x(from[i], from[i + 1]);
      to[i + 1] = made.y(from[i], from[i + 1]);
    }
    Similarity found = Similarity.fit(from, to);
    assertThat(found.a()).isCloseTo(made.a(), within(1e-9));
    assertThat(found.b()).isCloseTo(made.b(), within(1e-9));
    assertThat(found.left()).isCloseTo(made.left(), within(1e-9));
    Similarity back = found.inverse();
    assertThat(back.x(to[4], to[5])).isCloseTo(20, within(1e-9));
    assertThat(back.y(to[4], to[5])).isCloseTo(25, within(1e-9));
    // One point pulled away moves the whole, not the one alone: squares are least.
    to[4] += 5;
    assertThat(Similarity.fit(from, to).x(from[0], from[1]) - to[0]).isCloseTo(1, within(0.6));
    assertThatThrownBy(() -> Similarity.fit(new double[10], to))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
