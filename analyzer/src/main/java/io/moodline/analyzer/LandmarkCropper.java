package io.moodline.analyzer;

import static org.bytedeco.opencv.global.opencv_core.BORDER_CONSTANT;
import static org.bytedeco.opencv.global.opencv_core.CV_64FC1;
import static org.bytedeco.opencv.global.opencv_core.CV_8UC3;
import static org.bytedeco.opencv.global.opencv_imgproc.INTER_LINEAR;
import static org.bytedeco.opencv.global.opencv_imgproc.resize;
import static org.bytedeco.opencv.global.opencv_imgproc.warpAffine;

import io.moodline.analyzer.FaceCrops.FaceCrop;
import io.moodline.models.FaceQuality;
import io.moodline.models.PictureResize.Rectangle;
import io.moodline.runtime.UserException;
import java.util.Arrays;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;

/**
 * Cuts a face out by its 68 landmarks as OAENet was published: turned until the eyes are level, a
 * square from brow to below the mouth, black beyond the picture, resized without antialiasing.
 * Native memory is given back before a call returns. Thread-safe.
 */
final class LandmarkCropper {
  static final int LANDMARKS = 68;
  private static final int FIRST_EYE = 36;
  private static final int SECOND_EYE = 42;
  private static final int MOUTH = 48;
  private static final int OTHER_CORNER = 54;
  private static final int NOSE = 30;
  private static final double ABOVE_EYES = 30.0 / 35;
  private static final int LARGEST_SIDE = 1 << 14;

  static {
    OpenCv.load();
  }

  private LandmarkCropper() {}

  /**
   * The face with its landmarks in the crop's pixels.
   *
   * @param points 68 of x and y in the picture's pixels
   * @throws UserException naming the file where the points are no upright face
   */
  static FaceCrop crop(Picture picture, double[][] points, int width, int height, String name) {
    double[] turn = levelEyes(points);
    double[][] level = new double[points.length][];
    for (int i = 0; i < points.length; i++) {
      double x = points[i][0];
      double y = points[i][1];
      level[i] =
          new double[] {turn[0] * x + turn[1] * y + turn[2], turn[3] * x + turn[4] * y + turn[5]};
    }
    int eyes = (int) mean(level, FIRST_EYE, MOUTH, 1);
    int mouth = (int) mean(level, MOUTH, LANDMARKS, 1);
    int mid = mouth - eyes;
    double upper = eyes - mid * ABOVE_EYES;
    double lower = mouth + mid;
    double centre =
        (Arrays.stream(level).mapToDouble(p -> p[0]).min().orElseThrow()
                + Arrays.stream(level).mapToDouble(p -> p[0]).max().orElseThrow())
            / 2;
    int left = (int) (centre - (lower - upper) / 2);
    int right = (int) (centre + (lower - upper) / 2);
    int top = (int) upper;
    int bottom = (int) lower;
    if (right <= left || bottom <= top || right - left > LARGEST_SIDE) {
      throw new UserException(name + ": its landmarks are no upright face; check their file");
    }
    byte[] pixels = cut(picture, turn, left, top, right - left, bottom - top, width, height);
    float[][] landmarks = new float[LANDMARKS][2];
    for (int i = 0; i < LANDMARKS; i++) {
      landmarks[i][0] = (float) ((level[i][0] - left) * width / (right - left));
      landmarks[i][1] = (float) ((level[i][1] - top) * height / (bottom - top));
    }
    double inFrame =
        new Rectangle(left, top, right - left, bottom - top)
            .shareIn(picture.width(), picture.height());
    FaceQuality quality =
        FaceQuality.of(pixels, width, height, right - left, inFrame, fivePoints(points));
    return new FaceCrop(pixels, landmarks, quality);
  }

  /** Eyes, nose tip and mouth corners, as a detector gives them. */
  private static float[] fivePoints(double[][] points) {
    return new float[] {
      (float) mean(points, FIRST_EYE, SECOND_EYE, 0),
      (float) mean(points, FIRST_EYE, SECOND_EYE, 1),
      (float) mean(points, SECOND_EYE, MOUTH, 0),
      (float) mean(points, SECOND_EYE, MOUTH, 1),
      (float) points[NOSE][0],
      (float) points[NOSE][1],
      (float) points[MOUTH][0],
      (float) points[MOUTH][1],
      (float) points[OTHER_CORNER][0],
      (float) points[OTHER_CORNER][1]
    };
  }

  /** The rotation about the point between the eyes, rounded, that makes them level: 2 x 3. */
  private static double[] levelEyes(double[][] points) {
    double firstX = mean(points, FIRST_EYE, SECOND_EYE, 0);
    double firstY = mean(points, FIRST_EYE, SECOND_EYE, 1);
    double secondX = mean(points, SECOND_EYE, MOUTH, 0);
    double secondY = mean(points, SECOND_EYE, MOUTH, 1);
    double angle = Math.atan2(secondY - firstY, secondX - firstX);
    double x = Math.rint((firstX + secondX) / 2);
    double y = Math.rint((firstY + secondY) / 2);
    double cos = Math.cos(angle);
    double sin = Math.sin(angle);
    return new double[] {cos, sin, (1 - cos) * x - sin * y, -sin, cos, sin * x + (1 - cos) * y};
  }

  private static double mean(double[][] points, int from, int to, int axis) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += points[i][axis];
    }
    return sum / (to - from);
  }

  private static byte[] cut(
      Picture picture,
      double[] turn,
      int left,
      int top,
      int cropWidth,
      int cropHeight,
      int width,
      int height) {
    byte[] level = new byte[picture.rgb().length];
    try (PointerScope scope = new PointerScope()) {
      Mat from =
          new Mat(picture.height(), picture.width(), CV_8UC3, new BytePointer(picture.rgb()));
      Mat matrix = new Mat(2, 3, CV_64FC1, new DoublePointer(turn));
      Mat to = new Mat();
      warpAffine(
          from, to, matrix, from.size(), INTER_LINEAR, BORDER_CONSTANT, new Scalar(0, 0, 0, 0));
      to.data().get(level);
    }
    byte[] crop = new byte[3 * cropWidth * cropHeight];
    int firstX = Math.max(0, left);
    int pastX = Math.min(picture.width(), left + cropWidth);
    for (int y = Math.max(0, top); y < Math.min(picture.height(), top + cropHeight); y++) {
      if (pastX > firstX) {
        System.arraycopy(
            level,
            3 * (y * picture.width() + firstX),
            crop,
            3 * ((y - top) * cropWidth + firstX - left),
            3 * (pastX - firstX));
      }
    }
    byte[] face = new byte[3 * width * height];
    try (PointerScope scope = new PointerScope()) {
      Mat from = new Mat(cropHeight, cropWidth, CV_8UC3, new BytePointer(crop));
      Mat to = new Mat();
      resize(from, to, new Size(width, height), 0, 0, INTER_LINEAR);
      to.data().get(face);
    }
    return face;
  }
}
