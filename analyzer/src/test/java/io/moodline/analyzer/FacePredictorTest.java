package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FacePredictorTest {
  @TempDir Path home;
  private FacePredictor predictor;

  @BeforeEach
  void open() {
    predictor = FacePredictor.open(home, settings(Map.of()));
  }

  @AfterEach
  void close() {
    predictor.close();
  }

  @Test
  void findsTheAstronautsFaceAndSaysHappiness() {
    isTheSmilingAstronaut(predictor.predict(TestPictures.astronautPng(), "astronaut.png"));
  }

  @ParameterizedTest
  @ValueSource(strings = {".png", ".jpg", ".bmp", ".webp"})
  void readsEveryKindOfPicture(String extension) {
    byte[] file = TestPictures.encoded(TestPictures.astronaut(), extension);
    isTheSmilingAstronaut(predictor.predict(file, "astronaut" + extension));
  }

  @Test
  void turnsAPictureUprightAsItsExifOrientationSays() {
    byte[] sideways = withOrientation(TestPictures.jpeg(turnedLeft(TestPictures.astronaut())), 6);
    isTheSmilingAstronaut(predictor.predict(sideways, "astronaut.jpg"));
  }

  @Test
  void namesAFileThatIsNoPicture() {
    byte[] png = TestPictures.astronautPng();
    Map<String, byte[]> files =
        Map.of(
            "notes.jpg", "not a picture".getBytes(StandardCharsets.UTF_8),
            "empty.png", new byte[0],
            "cut.jpg", Arrays.copyOf(TestPictures.jpeg(TestPictures.astronaut()), 5000),
            "header.png", Arrays.copyOf(png, 20),
            "bomb.jpg",
                PoisonedFrames.sized(
                    TestPictures.jpeg(TestPictures.plain(64, 48, 9)), 60_000, 60_000),
            "bomb.png", sizedPng(png, 100_000, 100_000),
            "bomb.bmp", sizedBmp(1 << 20, 1 << 20));
    files.forEach(
        (name, bytes) ->
            assertThatThrownBy(() -> predictor.predict(bytes, name))
                .as(name)
                .isInstanceOf(UserException.class)
                .hasMessageContaining(name)
                .message()
                .doesNotContain("\n"));
  }

  @Test
  void aPictureWithoutAFaceHasNone() {
    byte[] file = TestPictures.encoded(TestPictures.plain(320, 240, 90), ".png");
    assertThat(predictor.predict(file, "wall.png")).isEmpty();
  }

  @Test
  void predictorsGiveTheirNativeMemoryBack() {
    byte[] file = TestPictures.astronautPng();
    predictor.predict(file, "astronaut.png");
    long before = Pointer.totalBytes();
    for (int i = 0; i < 5; i++) {
      try (FacePredictor one = FacePredictor.open(home, settings(Map.of()))) {
        one.predict(file, "astronaut.png");
      }
      assertThatThrownBy(
              () -> FacePredictor.open(home, settings(Map.of("analyzer.model", "no-such-model"))))
          .isInstanceOf(UserException.class);
    }
    assertThat(Pointer.totalBytes() - before).isLessThanOrEqualTo(0);
  }

  private static void isTheSmilingAstronaut(List<PredictedFace> faces) {
    assertThat(faces).hasSize(1);
    PredictedFace face = faces.get(0);
    PredictedFace.Box box = face.box();
    assertThat(
            new PixelBox(box.x(), box.y(), box.width(), box.height())
                .overlap(TestPictures.ASTRONAUT_FACE))
        .isGreaterThan(0.85);
    assertThat(face.label()).hasValue("happiness");
    assertThat(face.scores().keySet())
        .containsExactly(
            "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt");
    assertThat(face.scores().get("happiness")).isGreaterThan(0.9f);
  }

  /** A quarter turn to the left, as a camera held on its side takes it. */
  private static Picture turnedLeft(Picture picture) {
    int width = picture.width();
    int height = picture.height();
    byte[] rgb = new byte[3 * width * height];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int to = 3 * ((width - 1 - x) * height + y);
        System.arraycopy(picture.rgb(), 3 * (y * width + x), rgb, to, 3);
      }
    }
    return new Picture(height, width, rgb);
  }

  /** Puts an EXIF segment with one entry, the orientation, behind the JPEG's first two bytes. */
  private static byte[] withOrientation(byte[] jpeg, int orientation) {
    ByteBuffer exif = ByteBuffer.allocate(36).order(ByteOrder.BIG_ENDIAN);
    exif.put((byte) 0xFF).put((byte) 0xE1).putShort((short) 34);
    exif.put("Exif\0\0".getBytes(StandardCharsets.US_ASCII));
    exif.put("MM".getBytes(StandardCharsets.US_ASCII)).putShort((short) 42).putInt(8);
    exif.putShort((short) 1);
    exif.putShort((short) 0x0112).putShort((short) 3).putInt(1);
    exif.putShort((short) orientation).putShort((short) 0).putInt(0);
    ByteBuffer all = ByteBuffer.allocate(jpeg.length + exif.capacity());
    return all.put(jpeg, 0, 2).put(exif.array()).put(jpeg, 2, jpeg.length - 2).array();
  }

  private static byte[] sizedPng(byte[] png, int width, int height) {
    byte[] changed = png.clone();
    ByteBuffer.wrap(changed).putInt(16, width).putInt(20, height);
    return changed;
  }

  private static byte[] sizedBmp(int width, int height) {
    ByteBuffer bmp = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN);
    bmp.put("BM".getBytes(StandardCharsets.US_ASCII)).putInt(14, 40);
    return bmp.putInt(18, width).putInt(22, height).array();
  }

  private Settings settings(Map<String, String> set) {
    return Settings.load(home, AnalyzerSettings.ALL, Map.of(), set);
  }
}
