package io.moodline.analyzer;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_AREA;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.resize;

import io.moodline.models.BundleException;
import io.moodline.models.FloatModel;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Size;

/**
 * YuNet, a small network that also sees turned and small faces and finds five landmarks. It runs
 * when the user has fetched its file.
 *
 * <p>Input: float [1, 3, 640, 640], NCHW, BGR 0 to 255; the picture stands in the upper left
 * corner. For each stride of 8, 16 and 32 it answers, per cell of the grid of that stride, with a
 * class score and an objectness (a face's score is the root of their product), a box as offset of
 * its centre and logarithm of its size in strides, and five points in strides.
 *
 * <p>Owns the network's session. Confined to the thread that opened it.
 */
final class YunetDetector implements FaceDetector {
  static final String NAME = "yunet";
  static final String LIMITS =
      "it sees frontal and turned faces; it misses those under about 10 pixels at 640 pixels of"
          + " picture width, very dark and mostly covered ones";

  /** Where its file must be, below {@code MOODLINE_HOME}. */
  static final Path FILE = Path.of("bundles", "yunet", "face_detection_yunet_2023mar.onnx");

  static final String SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4";

  private static final int SIDE = 640;
  private static final int[] STRIDES = {8, 16, 32};
  private static final int LANDMARKS = 5;
  private static final float LOWEST_SCORE = 0.6f;
  private static final double MOST_OVERLAP = 0.3;

  private final FloatModel model;
  private final float[] input = new float[3 * SIDE * SIDE];

  private YunetDetector(FloatModel model) {
    this.model = model;
  }

  /**
   * Opens the network; the caller closes it.
   *
   * @throws UserException when the file is missing or is not the one that was published
   */
  static YunetDetector open(Path home) {
    OpenCv.load();
    try {
      return new YunetDetector(FloatModel.open(home.resolve(FILE), SHA256, 1));
    } catch (BundleException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public List<LocatedFace> detect(Picture picture) {
    double scale = Math.min((double) SIDE / picture.width(), (double) SIDE / picture.height());
    fillInput(picture, scale);
    Map<String, float[]> heads = model.run(input, new long[] {1, 3, SIDE, SIDE});
    List<LocatedFace> candidates = new ArrayList<>();
    for (int stride : STRIDES) {
      collect(heads, stride, scale, candidates);
    }
    candidates.removeIf(face -> !isIn(picture, face.box()));
    candidates.sort(LocatedFace.ORDER);
    return strongest(candidates);
  }

  private void fillInput(Picture picture, double scale) {
    int width = Math.min(SIDE, Math.max(1, (int) Math.round(picture.width() * scale)));
    int height = Math.min(SIDE, Math.max(1, (int) Math.round(picture.height() * scale)));
    byte[] rgb = scaled(picture, width, height);
    Arrays.fill(input, 0);
    int plane = SIDE * SIDE;
    for (int y = 0; y < height; y++) {
      int from = 3 * y * width;
      int to = y * SIDE;
      for (int x = 0; x < width; x++, from += 3, to++) {
        input[to] = rgb[from + 2] & 0xFF;
        input[to + plane] = rgb[from + 1] & 0xFF;
        input[to + 2 * plane] = rgb[from] & 0xFF;
      }
    }
  }

  private static byte[] scaled(Picture picture, int width, int height) {
    if (picture.width() == width && picture.height() == height) {
      return picture.rgb();
    }
    try (PointerScope scope = new PointerScope();
        BytePointer pixels = new BytePointer(picture.rgb());
        Mat from = new Mat(picture.height(), picture.width(), CV_8UC3, pixels);
        Mat to = new Mat()) {
      int way = width < picture.width() ? INTER_AREA : INTER_LINEAR;
      resize(from, to, new Size(width, height), 0, 0, way);
      byte[] rgb = new byte[3 * width * height];
      to.data().get(rgb);
      return rgb;
    }
  }

  private static void collect(
      Map<String, float[]> heads, int stride, double scale, List<LocatedFace> faces) {
    float[] classes = head(heads, "cls_", stride);
    float[] objects = head(heads, "obj_", stride);
    float[] boxes = head(heads, "bbox_", stride);
    float[] points = head(heads, "kps_", stride);
    int columns = SIDE / stride;
    double pixels = stride / scale;
    for (int cell = 0; cell < columns * columns; cell++) {
      double score = Math.sqrt(share(classes[cell]) * share(objects[cell]));
      if (score < LOWEST_SCORE) {
        continue;
      }
      int column = cell % columns;
      int row = cell / columns;
      double width = Math.exp(boxes[4 * cell + 2]) * pixels;
      double height = Math.exp(boxes[4 * cell + 3]) * pixels;
      double x = (column + boxes[4 * cell]) * pixels - width / 2;
      double y = (row + boxes[4 * cell + 1]) * pixels - height / 2;
      float[] landmarks = new float[2 * LANDMARKS];
      for (int i = 0; i < landmarks.length; i += 2) {
        landmarks[i] = (float) ((column + points[2 * LANDMARKS * cell + i]) * pixels);
        landmarks[i + 1] = (float) ((row + points[2 * LANDMARKS * cell + i + 1]) * pixels);
      }
      faces.add(new LocatedFace(new PixelBox(x, y, width, height), landmarks, (float) score));
    }
  }

  private static float[] head(Map<String, float[]> heads, String name, int stride) {
    float[] values = heads.get(name + stride);
    if (values == null) {
      throw new IllegalStateException("the network has no output " + name + stride);
    }
    return values;
  }

  private static double share(float value) {
    return Math.max(0, Math.min(1, value));
  }

  /** The network may also see something in the empty part of its input, or of no sane size. */
  private static boolean isIn(Picture picture, PixelBox box) {
    return box.centreX() >= 0
        && box.centreX() < picture.width()
        && box.centreY() >= 0
        && box.centreY() < picture.height()
        && box.width() < 2.0 * picture.width()
        && box.height() < 2.0 * picture.height();
  }

  /** Of faces that lie on one another only the strongest is kept. */
  private static List<LocatedFace> strongest(List<LocatedFace> byScore) {
    List<LocatedFace> kept = new ArrayList<>();
    for (LocatedFace face : byScore) {
      if (kept.stream().noneMatch(other -> other.box().overlap(face.box()) > MOST_OVERLAP)) {
        kept.add(face);
      }
    }
    return kept;
  }

  @Override
  public void close() {
    model.close();
  }
}
