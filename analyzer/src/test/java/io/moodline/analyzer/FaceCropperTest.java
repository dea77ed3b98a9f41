package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.Bundle;
import io.moodline.models.MaskKind;
import org.junit.jupiter.api.Test;

class FaceCropperTest {
  /** The reference: an antialiased triangle filter over the square, computed the plain way. */
  @Test
  void theCropEqualsTheReferencePreprocessingWithinAGreyLevel() {
    Picture picture = TestPictures.astronaut();
    FaceCropper cropper = FaceCropper.of(Bundle.builtIn("lite-ferplus"), CascadeDetector.NAME);
    assertThat(cropper.sideFactor()).isEqualTo(1.03);
    PixelBox[] boxes = {TestPictures.ASTRONAUT_FACE, new PixelBox(-20, 400, 180, 180)};
    for (PixelBox box : boxes) {
      int side = (int) Math.round(1.03 * box.height());
      int left = (int) Math.round(box.centreX() - side / 2.0);
      int top = (int) Math.round(box.centreY() - side / 2.0);
      byte[] crop = cropper.crop(picture, box);
      assertThat(crop).hasSize(48 * 48 * 3);
      for (int y = 0; y < 48; y++) {
        for (int x = 0; x < 48; x++) {
          for (int channel = 0; channel < 3; channel++) {
            double expected = reference(picture, left, top, side, x, y, channel);
            int actual = crop[3 * (48 * y + x) + channel] & 0xFF;
            assertThat(Math.abs(actual - expected)).isLessThanOrEqualTo(1.0);
          }
        }
      }
    }
  }

  @Test
  void theMaskIsMadeOfTheLandmarksWhereTheyAreInTheCrop() {
    Picture picture = TestPictures.astronaut();
    PixelBox box = new PixelBox(170, 60, 100, 100);
    float[] landmarks = {200, 95, 240, 95, 220, 115, 205, 135, 235, 135};
    LocatedFace face = new LocatedFace(box, landmarks, 1);
    FaceCropper cropper = new FaceCropper(1.12, 224, 224, MaskKind.FIVE_POINT);
    CroppedFace crop = cropper.crop(picture, face);
    assertThat(crop.mask()).hasSize(224 * 224);
    // The square is 164..276 by 54..166 and twice enlarged: a stamp's middle is 1.
    assertThat(crop.mask()[224 * 2 * (95 - 54) + 2 * (200 - 164)]).isEqualTo(1f);
    assertThat(crop.mask()[224 * 2 * (135 - 54) + 2 * (235 - 164)]).isEqualTo(1f);
    assertThat(new FaceCropper(1.12, 224, 224, MaskKind.NONE).crop(picture, face).mask()).isEmpty();
  }

  private static double reference(
      Picture picture, int left, int top, int side, int x, int y, int channel) {
    double scale = Math.max(1, side / 48.0);
    double centreX = (x + 0.5) * side / 48.0;
    double centreY = (y + 0.5) * side / 48.0;
    double sum = 0;
    double weights = 0;
    for (int row = 0; row < side; row++) {
      double down = Math.max(0, 1 - Math.abs(row + 0.5 - centreY) / scale);
      for (int column = 0; down > 0 && column < side; column++) {
        double weight = down * Math.max(0, 1 - Math.abs(column + 0.5 - centreX) / scale);
        sum += weight * level(picture, left + column, top + row, channel);
        weights += weight;
      }
    }
    return sum / weights;
  }

  /** Outside the picture its edge is continued. */
  private static int level(Picture picture, int x, int y, int channel) {
    int column = Math.max(0, Math.min(picture.width() - 1, x));
    int row = Math.max(0, Math.min(picture.height() - 1, y));
    return picture.rgb()[3 * (row * picture.width() + column) + channel] & 0xFF;
  }
}
