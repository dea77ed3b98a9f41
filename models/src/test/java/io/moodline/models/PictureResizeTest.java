package io.moodline.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.models.PictureResize.Rectangle;
import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PictureResizeTest {

  static List<String> pillowCases() throws IOException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                PictureResizeTest.class.getResourceAsStream("/resize/pillow.txt"),
                StandardCharsets.UTF_8))) {
      return lines.lines().filter(line -> !line.startsWith("#")).toList();
    }
  }

  @ParameterizedTest
  @MethodSource("pillowCases")
  void equalsPillowToTheLastBit(String line) {
    String[] fields = line.split(" ");
    int[] n = Arrays.stream(fields).limit(8).mapToInt(Integer::parseInt).toArray();
    byte[] picture = new SeededNumbers(1, "picture " + n[0] + "x" + n[1]).bytes(0, n[0] * n[1] * 3);
    byte[] resized =
        PictureResize.resize(
            picture, n[0], n[1], new Rectangle(n[2], n[3], n[4], n[5]), n[6], n[7]);
    assertThat(Digests.sha256(resized)).isEqualTo(fields[8]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"up-100x100", "down-640x480", "mixed-173x311", "same-224x224"})
  void equalsTheReferencePreprocessing(String name) throws IOException {
    Path file = TestData.require("../specs/preprocess/pre-" + name + ".png");
    BufferedImage picture = ImageIO.read(file.toFile());
    Npz.Array expected = Npz.readNpy(file.resolveSibling("pre-" + name + "-resized.npy"));
    byte[] bytes = new byte[expected.bytes().remaining()];
    expected.bytes().duplicate().get(bytes);
    assertThat(
            PictureResize.resize(
                LiteBundle.rgb(picture), picture.getWidth(), picture.getHeight(), 224, 224))
        .isEqualTo(bytes);
  }

  @Test
  void continuesTheOutermostPixelsBeyondThePicture() {
    byte[] picture = {10, 20, 30, 40, 50, 60};
    byte[] wide = PictureResize.resize(picture, 2, 1, new Rectangle(-2, -1, 6, 3), 6, 3);
    for (int y = 0; y < 3; y++) {
      for (int x = 0; x < 6; x++) {
        int from = x < 3 ? 0 : 3;
        int at = (y * 6 + x) * 3;
        assertThat(Arrays.copyOfRange(wide, at, at + 3))
            .isEqualTo(Arrays.copyOfRange(picture, from, from + 3));
      }
    }
  }

  @Test
  void fillsAPlaceInsideABatch() {
    byte[] picture = new SeededNumbers(1, "p").bytes(0, 9 * 7 * 3);
    byte[] batch = new byte[2 * 48];
    PictureResize.resize(picture, 9, 7, new Rectangle(1, 1, 6, 5), batch, 48, 4, 4);
    assertThat(Arrays.copyOf(batch, 48)).containsOnly(0);
    assertThat(Arrays.copyOfRange(batch, 48, 96))
        .isEqualTo(PictureResize.resize(picture, 9, 7, new Rectangle(1, 1, 6, 5), 4, 4));
  }

  @Test
  void putsTheSquareAboutItsCentre() {
    assertThat(Rectangle.square(225.5, 114.5, 99.91)).isEqualTo(new Rectangle(176, 65, 100, 100));
    assertThat(Rectangle.square(3, 3, 0.2)).isEqualTo(new Rectangle(3, 3, 1, 1));
  }

  @Test
  void refusesARectangleThatMissesThePicture() {
    byte[] picture = new byte[2 * 2 * 3];
    for (Rectangle missed :
        List.of(new Rectangle(2, 0, 5, 5), new Rectangle(0, 2, 5, 5), new Rectangle(-5, 0, 5, 5))) {
      assertThatThrownBy(() -> PictureResize.resize(picture, 2, 2, missed, 4, 4))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> new Rectangle(0, 0, 0, 5))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> PictureResize.resize(picture, 3, 2, 4, 4))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
