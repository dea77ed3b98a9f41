package io.moodline.analyzer;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_AREA;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.resize;

import io.moodline.models.BundleException;
import io.moodline.models.FloatModel;
import io.moodline.runtime.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
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
 * <p>Input: float [n, 3, height, width], NCHW, BGR 0 to 255; the picture stands in the upper left
 * corner. The file of OpenCV Zoo takes one picture in 640 x 640; the trainer's own ("dynamic")
 * takes several of one shape, whose sides are multiples of 32: no time goes into the empty part
 * below a wide frame, and frames of one size are looked at together. For each stride of 8, 16 and
 * 32 it answers, per cell of the grid of that stride, with a class score and an objectness (a
 * face's score is the root of their product), a box as offset of its centre and logarithm of its
 * size in strides, and five points in strides.
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

  /** The trainer's file, of free batch and size. */
  static final Path DYNAMIC_FILE = Path.of("bundles", "yunet-dynamic", "yunet_n_dynamic.onnx");

  static final String DYNAMIC_SHA256 =
      "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12";

  /** Most pictures at once: their input takes 5 MB each. */
  static final int LARGEST_BATCH = 8;

  private static final int SIDE = 640;
  private static final int GRID = 32;
  private static final int[] STRIDES = {8, 16, 32};
  private static final int LANDMARKS = 5;
  private static final float LOWEST_SCORE = 0.6f;
  private static final double MOST_OVERLAP = 0.3;

  private final FloatModel model;
  private final boolean dynamic;
  private float[] input = new float[0];

  private YunetDetector(FloatModel model, boolean dynamic) {
    this.model = model;
    this.dynamic = dynamic;
  }

  /**
   * Opens the network, the dynamic one where it is there; the caller closes it.
   *
   * @throws UserException when the file is missing or is not the one that was published
   */
  static YunetDetector open(Path home) {
    boolean dynamic = Files.exists(home.resolve(DYNAMIC_FILE));
    Path file = home.resolve(dynamic ? DYNAMIC_FILE : FILE);
    OpenCv.load();
    try {
      return new YunetDetector(
          FloatModel.open(file, dynamic ? DYNAMIC_SHA256 : SHA256, 1), dynamic);
    } catch (BundleException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  /** Whether one of the files is there. */
  static boolean isThere(Path home) {
    return Files.exists(home.resolve(DYNAMIC_FILE)) || Files.exists(home.resolve(FILE));
  }

  @Override
  public int largestBatch() {
    return dynamic ? LARGEST_BATCH : 1;
  }

  @Override
  public List<LocatedFace> detect(Picture picture) {
    return detectAlike(List.of(picture)).get(0);
  }

  /** Pictures of one size go through the network together. */
  @Override
  public List<List<LocatedFace>> detectAll(List<Picture> pictures) {
    Map<List<Integer>, List<Integer>> bySize = new LinkedHashMap<>();
    for (int i = 0; i < pictures.size(); i++) {
      List<Integer> size = List.of(pictures.get(i).width(), pictures.get(i).height());
      bySize.computeIfAbsent(size, key -> new ArrayList<>()).add(i);
    }
    List<List<LocatedFace>> found =
        new ArrayList<>(Collections.nCopies(pictures.size(), List.of()));
    for (List<Integer> alike : bySize.values()) {
      for (int from = 0; from < alike.size(); from += largestBatch()) {
        List<Integer> some = alike.subList(from, Math.min(alike.size(), from + largestBatch()));
        List<List<LocatedFace>> faces = detectAlike(some.stream().map(pictures::get).toList());
        for (int i = 0; i < some.size(); i++) {
          found.set(some.get(i), faces.get(i));
        }
      }
    }
    return found;
  }

  /** What a picture is scaled by, and the size of the input that it then stands in. */
  private record Shape(double scale, int width, int height) {
    int cells(int stride) {
      return (width / stride) * (height / stride);
    }
  }

  private Shape shape(Picture picture) {
    double scale = Math.min((double) SIDE / picture.width(), (double) SIDE / picture.height());
    return dynamic
        ? new Shape(scale, onGrid(picture.width() * scale), onGrid(picture.height() * scale))
        : new Shape(scale, SIDE, SIDE);
  }

  private static int onGrid(double side) {
    return Math.max(GRID, (int) Math.ceil(Math.round(side) / (double) GRID) * GRID);
  }

  private List<List<LocatedFace>> detectAlike(List<Picture> pictures) {
    Shape shape = shape(pictures.get(0));
    int floats = 3 * shape.width() * shape.height();
    if (input.length != pictures.size() * floats) {
      input = new float[pictures.size() * floats];
    }
    for (int i = 0; i < pictures.size(); i++) {
      fillInput(pictures.get(i), shape, i * floats);
    }
    Map<String, float[]> heads =
        model.run(input, new long[] {pictures.size(), 3, shape.height(), shape.width()});
    List<List<LocatedFace>> found = new ArrayList<>();
    for (int i = 0; i < pictures.size(); i++) {
      Picture picture = pictures.get(i);
      List<LocatedFace> candidates = new ArrayList<>();
      for (int stride : STRIDES) {
        collect(heads, stride, shape, i, candidates);
      }
      candidates.removeIf(face -> !isIn(picture, face.box()));
      candidates.sort(LocatedFace.ORDER);
      found.add(strongest(candidates));
    }
    return found;
  }

  private void fillInput(Picture picture, Shape shape, int offset) {
    int width =
        Math.min(shape.width(), Math.max(1, (int) Math.round(picture.width() * shape.scale())));
    int height =
        Math.min(shape.height(), Math.max(1, (int) Math.round(picture.height() * shape.scale())));
    byte[] rgb = scaled(picture, width, height);
    int plane = shape.width() * shape.height();
    Arrays.fill(input, offset, offset + 3 * plane, 0);
    for (int y = 0; y < height; y++) {
      int from = 3 * y * width;
      int to = offset + y * shape.width();
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
      Map<String, float[]> heads, int stride, Shape shape, int number, List<LocatedFace> faces) {
    float[] classes = head(heads, "cls_", stride);
    float[] objects = head(heads, "obj_", stride);
    float[] boxes = head(heads, "bbox_", stride);
    float[] points = head(heads, "kps_", stride);
    int columns = shape.width() / stride;
    int cells = shape.cells(stride);
    double pixels = stride / shape.scale();
    for (int place = 0; place < cells; place++) {
      int cell = number * cells + place;
      double score = Math.sqrt(share(classes[cell]) * share(objects[cell]));
      if (score < LOWEST_SCORE) {
        continue;
      }
      int column = place % columns;
      int row = place / columns;
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
