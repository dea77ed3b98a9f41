package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.Bundle;
import io.moodline.models.CropTemplate;
import io.moodline.models.FaceQuality;
import io.moodline.models.MaskKind;
import io.moodline.models.PictureWarp;
import io.moodline.models.Similarity;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FaceCropperTest {
  /** The reference: an antialiased triangle filter over the square, computed the plain way. */
  @Test
  void theCropEqualsTheReferencePreprocessingWithinAGreyLevel() {
    Picture picture = TestPictures.astronaut();
    FaceCropper cropper =
        FaceCropper.of(Bundle.builtIn("lite-ferplus").outline(), CascadeDetector.NAME);
    assertThat(cropper.sideFactor()).isEqualTo(1.03);
    PixelBox[] boxes = {TestPictures.ASTRONAUT_FACE, new PixelBox(-20, 400, 180, 180)};
    for (PixelBox box : boxes) {
      int side = (int) Math.round(1.03 * box.height());
      int left = (int) Math.round(box.centreX() - side / 2.0);
      int top = (int) Math.round(box.centreY() - side / 2.0);
      byte[] crop = cropper.crop(picture, new LocatedFace(box, new float[0], 1)).pixels();
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
    FaceCropper cropper = cropper(MaskKind.FIVE_POINT);
    CroppedFace crop = cropper.crop(picture, face);
    assertThat(crop.mask()).hasSize(224 * 224);
    // The square is 164..276 by 54..166 and twice enlarged: a stamp's middle is 1.
    assertThat(crop.mask()[224 * 2 * (95 - 54) + 2 * (200 - 164)]).isEqualTo(1f);
    assertThat(crop.mask()[224 * 2 * (135 - 54) + 2 * (235 - 164)]).isEqualTo(1f);
    assertThat(cropper(MaskKind.NONE).crop(picture, face).mask()).isEmpty();
  }

  /**
   * Wherever a face is, however large and turned, its points come to lie where the template says.
   */
  @ParameterizedTest
  @CsvSource({"0, 1, 0, 0", "25, 1, 3, 40", "-70, 0.7, 20, 10", "180, 0.6, 30, -20"})
  void fivePointsBringAFaceIntoTheDataSetsGeometry(
      double degrees, double scale, double right, double down) {
    Picture picture = TestPictures.astronaut();
    float[] upright = {207, 104, 242, 104, 224, 122, 209, 138, 242, 138};
    CropTemplate template =
        new CropTemplate(
            "five-point",
            Map.of(),
            List.of(0.33, 0.4, 0.67, 0.4, 0.5, 0.575, 0.35, 0.73, 0.67, 0.73));
    FaceCropper cropper = new FaceCropper(template, 1, 96, 96, MaskKind.NONE);
    PixelBox box = new PixelBox(177, 66, 97, 97);
    FaceCropper.CutOut expected = cropper.cutOut(picture, new LocatedFace(box, upright, 1));

    double a = scale * Math.cos(Math.toRadians(degrees));
    double b = scale * Math.sin(Math.toRadians(degrees));
    Similarity moved =
        new Similarity(a, b, 256 + right - a * 224 + b * 115, 200 + down - b * 224 - a * 115);
    Picture turned =
        new Picture(512, 512, PictureWarp.warp(picture.rgb(), 512, 512, moved.inverse(), 512, 512));
    float[] landmarks = new float[10];
    for (int i = 0; i < 10; i += 2) {
      landmarks[i] = (float) moved.x(upright[i], upright[i + 1]);
      landmarks[i + 1] = (float) moved.y(upright[i], upright[i + 1]);
    }
    FaceCropper.CutOut cut = cropper.cutOut(turned, new LocatedFace(box, landmarks, 1));
    double difference = 0;
    for (int i = 0; i < cut.pixels().length; i++) {
      difference += Math.abs((cut.pixels()[i] & 0xFF) - (expected.pixels()[i] & 0xFF));
    }
    assertThat(difference / cut.pixels().length).isLessThan(6);
    for (int i = 0; i < 5; i++) {
      assertThat(cut.points()[i][0]).isCloseTo(expected.points()[i][0], within(0.01f));
      assertThat(cut.points()[i][0] / 96).isCloseTo(share(template, 2 * i), within(0.04f));
      assertThat(cut.points()[i][1] / 96).isCloseTo(share(template, 2 * i + 1), within(0.04f));
    }
    assertThat(cut.quality().roll() - degrees).isCloseTo(0, within(1.5));
    assertThat(cut.quality().pixels()).isCloseTo(scale * expected.quality().pixels(), within(0.1));
    assertThat(cut.quality().inFrame()).isEqualTo(1);
  }

  private static float share(CropTemplate template, int coordinate) {
    return template.points().get(coordinate).floatValue();
  }

  @Test
  void withoutLandmarksTheBoxDecidesAndWhatLeavesThePictureIsMeasured() {
    FaceCropper cropper = cropper(MaskKind.NONE);
    LocatedFace corner = new LocatedFace(new PixelBox(-50, -50, 100, 100), new float[0], 1);
    FaceQuality quality = cropper.crop(TestPictures.astronaut(), corner).quality();
    assertThat(quality.inFrame()).isCloseTo(0.25, within(0.001));
    assertThat(quality.pixels()).isEqualTo(112);
    assertThat(quality.yaw()).isNaN();
  }

  private static FaceCropper cropper(MaskKind mask) {
    return new FaceCropper(new CropTemplate("square", Map.of()), 1.12, 224, 224, mask);
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
