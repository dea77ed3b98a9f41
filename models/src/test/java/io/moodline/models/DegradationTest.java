package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moodline.models.Degradation.Seen;
import org.junit.jupiter.api.Test;

class DegradationTest {
  private static final InputSpec INPUT = new InputSpec(48, 48, 3);

  private static FacePicture noise() {
    return new FacePicture(60, 60, new SeededNumbers(1, "spoilt").bytes(0, 3 * 60 * 60));
  }

  /** Structure of all sizes, as a face has, not of the finest alone. */
  private static FacePicture smooth() {
    return new FacePicture(8, 8, new SeededNumbers(1, "smooth").bytes(0, 3 * 8 * 8))
        .resized(60, 60);
  }

  @Test
  void eachWayWorsensItsOwnFigureStepByStep() {
    FacePicture face = noise();
    for (int number = 0; number < 4; number++) {
      double pixels = 60;
      double sharpness = Double.MAX_VALUE;
      double brightness = 1;
      double inFrame = 1;
      for (double level : Degradation.SMALL.levels()) {
        if (Degradation.SMALL.applies(face, level)) {
          FaceQuality quality = Degradation.SMALL.spoil(face, level, number, INPUT).quality();
          assertThat(quality.pixels()).isEqualTo(level).isLessThan(pixels);
          pixels = level;
        }
      }
      for (double level : Degradation.BLURRED.levels()) {
        double now =
            Degradation.BLURRED.spoil(smooth(), level, number, INPUT).quality().sharpness();
        assertThat(now).isLessThan(sharpness);
        sharpness = now;
      }
      for (double level : Degradation.DARK.levels()) {
        double now = Degradation.DARK.spoil(face, level, number, INPUT).quality().brightness();
        assertThat(now).isLessThan(brightness).isCloseTo(level / 200, within(0.02));
        brightness = now;
      }
      for (double level : Degradation.CUT_OFF.levels()) {
        double now = Degradation.CUT_OFF.spoil(face, level, number, INPUT).quality().inFrame();
        assertThat(now).isLessThan(inFrame).isCloseTo(1 - level / 100, within(1e-9));
        inFrame = now;
      }
    }
  }

  @Test
  void tiltsClockwiseForEvenFacesAndBackForOdd() {
    byte[] rgb = new byte[3 * 48 * 48];
    for (int y = 4; y < 10; y++) {
      java.util.Arrays.fill(rgb, 3 * (48 * y + 21), 3 * (48 * y + 27), (byte) 255);
    }
    FacePicture spotAbove = new FacePicture(48, 48, rgb);
    Seen even = Degradation.TILTED.spoil(spotAbove, 90, 0, INPUT);
    Seen odd = Degradation.TILTED.spoil(spotAbove, 90, 1, INPUT);
    assertThat(even.quality().roll()).isEqualTo(90);
    assertThat(odd.quality().roll()).isEqualTo(-90);
    assertThat(even.pixels()[3 * (48 * 24 + 41)] & 0xff).isGreaterThan(250);
    assertThat(odd.pixels()[3 * (48 * 24 + 6)] & 0xff).isGreaterThan(250);
  }

  @Test
  void whatIsCutOffIsContinuedFromTheEdge() {
    FacePicture face = noise();
    Seen left = Degradation.CUT_OFF.spoil(face, 50, 0, new InputSpec(60, 60, 3));
    for (int y = 0; y < 60; y++) {
      assertThat(left.pixels()[3 * 60 * y]).isEqualTo(face.rgb()[3 * (60 * y + 30)]);
      assertThat(left.pixels()[3 * (60 * y + 59)]).isEqualTo(face.rgb()[3 * (60 * y + 59)]);
    }
  }
}
