package io.moodline.analyzer;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMWRITE_JPEG_QUALITY;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imencode;
import static org.bytedeco.opencv.global.opencv_imgproc.COLOR_RGB2BGR;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_AREA;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.cvtColor;
import static org.bytedeco.opencv.global.opencv_imgproc.resize;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Size;

/** Pictures that tests look at. Thread-safe. */
final class TestPictures {
  /** Where the cascade finds the astronaut's face. */
  static final PixelBox ASTRONAUT_FACE = new PixelBox(177, 66, 97, 97);

  private TestPictures() {}

  static byte[] astronautPng() {
    try (InputStream in = TestPictures.class.getResourceAsStream("/astronaut.png")) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** 512 x 512, one smiling face. */
  static Picture astronaut() {
    return PictureFile.read(astronautPng(), "astronaut.png");
  }

  static Picture plain(int width, int height, int level) {
    byte[] rgb = new byte[3 * width * height];
    java.util.Arrays.fill(rgb, (byte) level);
    return new Picture(width, height, rgb);
  }

  /** {@code small} pasted into {@code large} with its upper left corner at x, y. */
  static Picture paste(Picture large, Picture small, int x, int y) {
    byte[] rgb = large.rgb().clone();
    for (int row = 0; row < small.height(); row++) {
      System.arraycopy(
          small.rgb(),
          3 * row * small.width(),
          rgb,
          3 * ((y + row) * large.width() + x),
          3 * small.width());
    }
    return new Picture(large.width(), large.height(), rgb);
  }

  static Picture scaled(Picture picture, int width, int height) {
    OpenCv.load();
    try (PointerScope scope = new PointerScope()) {
      Mat to = new Mat();
      int way = width < picture.width() ? INTER_AREA : INTER_LINEAR;
      resize(mat(picture), to, new Size(width, height), 0, 0, way);
      byte[] rgb = new byte[3 * width * height];
      to.data().get(rgb);
      return new Picture(width, height, rgb);
    }
  }

  /** In the format of the extension, {@code .jpg} for example. */
  static byte[] encoded(Picture picture, String extension) {
    OpenCv.load();
    try (PointerScope scope = new PointerScope()) {
      Mat bgr = new Mat();
      cvtColor(mat(picture), bgr, COLOR_RGB2BGR);
      BytePointer coded = new BytePointer();
      int[] options = extension.equals(".jpg") ? new int[] {IMWRITE_JPEG_QUALITY, 90} : new int[0];
      imencode(extension, bgr, coded, new IntPointer(options));
      byte[] bytes = new byte[(int) coded.limit()];
      coded.get(bytes);
      return bytes;
    }
  }

  static byte[] jpeg(Picture picture) {
    return encoded(picture, ".jpg");
  }

  private static Mat mat(Picture picture) {
    return new Mat(picture.height(), picture.width(), CV_8UC3, new BytePointer(picture.rgb()));
  }

  /** Data that may not enter the project; null where it is not at hand. */
  static Path sharedData() {
    String given = System.getProperty("MOODLINE_DATA", System.getenv("MOODLINE_DATA"));
    Path folder = Path.of(given == null ? "../../shared/data" : given);
    return Files.isDirectory(folder) ? folder : null;
  }
}
