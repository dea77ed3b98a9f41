package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.moodline.runtime.UserException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

class LandmarkCropperTest {
  private static byte[] array(ZipFile npz, String name) throws Exception {
    byte[] npy = npz.getInputStream(npz.getEntry(name + ".npy")).readAllBytes();
    int header = 10 + ByteBuffer.wrap(npy).order(ByteOrder.LITTLE_ENDIAN).getShort(8);
    return java.util.Arrays.copyOfRange(npy, header, npy.length);
  }

  private static double[][] landmarks(Path file) throws Exception {
    return Files.readAllLines(file).stream()
        .map(line -> line.split(" "))
        .map(xy -> new double[] {Double.parseDouble(xy[0]), Double.parseDouble(xy[1])})
        .toArray(double[][]::new);
  }

  @Test
  void equalsThePublishedCrop() throws Exception {
    Path data = TestPictures.sharedData();
    assumeTrue(
        data != null && Files.exists(data.resolve("../specs/preprocess")),
        "MOODLINE_DATA is not there");
    Path fixtures = data.resolve("../specs/preprocess");
    Path image = fixtures.resolve("oaenet-pre-image.png");
    Picture picture = PictureFile.read(Files.readAllBytes(image), "image");
    double[][] points = landmarks(fixtures.resolve("oaenet-pre-landmarks.txt"));

    FaceCrops.FaceCrop crop = LandmarkCropper.crop(picture, points, 224, 224, "image");

    try (ZipFile npz = new ZipFile(fixtures.resolve("oaenet-pre-expected.npz").toFile())) {
      byte[] bgr = array(npz, "resized");
      assertThat(crop.pixels()).hasSameSizeAs(bgr);
      int largest = 0;
      for (int i = 0; i < bgr.length; i++) {
        int expected = bgr[i - i % 3 + 2 - i % 3] & 0xFF;
        largest = Math.max(largest, Math.abs(expected - (crop.pixels()[i] & 0xFF)));
      }
      assertThat(largest).isZero();
      ByteBuffer expected =
          ByteBuffer.wrap(array(npz, "landmarks224")).order(ByteOrder.LITTLE_ENDIAN);
      for (float[] landmark : crop.landmarks()) {
        assertThat((double) landmark[0]).isCloseTo(expected.getDouble(), within(1e-4));
        assertThat((double) landmark[1]).isCloseTo(expected.getDouble(), within(1e-4));
      }
    }
  }

  @Test
  void refusesAFaceUpsideDown() {
    double[][] points = new double[68][];
    for (int i = 0; i < points.length; i++) {
      points[i] = new double[] {100 + i % 6, 200 - i};
    }
    assertThatThrownBy(
            () -> LandmarkCropper.crop(TestPictures.plain(300, 300, 9), points, 224, 224, "a.png"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("a.png")
        .hasMessageContaining("upright");
  }
}
