package io.moodline.models;

/**
 * How well a face can be seen: what a {@link Gate} judges. Measured on what was cut out for the
 * network, so figures of bundles with other inputs do not compare.
 *
 * @param pixels side of the square that was cut out, in the picture's pixels
 * @param sharpness fine structure as a share of all structure: the mean square of the grey
 *     cut-out's Laplacian over its variance, 0 or more; contrast does not change it
 * @param brightness mean grey level, 0 to 1
 * @param inFrame share of the cut-out that lies in the picture, 0 to 1
 * @param yaw how far the head seems turned aside in degrees, above 0 to the person's left; NaN
 *     where there are no landmarks
 * @param roll how far the head is tilted in the picture in degrees, above 0 clockwise as seen; NaN
 *     where there are no landmarks
 */
public record FaceQuality(
    double pixels, double sharpness, double brightness, double inFrame, double yaw, double roll) {
  private static final int CHANNELS = 3;
  private static final double WHITE = 255;

  /** A face without structure has no sharpness: a grey level of noise is taken for its least. */
  private static final double LEAST_VARIANCE = 1;

  /** How far the tip of a nose stands before the eyes, in distances between them. */
  private static final double NOSE = 0.45;

  private static final int POINTS = 5;

  /**
   * Measures a cut-out.
   *
   * @param cutOut uint8 [height, width, 3], RGB
   * @param landmarks x and y of right eye, left eye, nose tip, right and left corner of the mouth,
   *     as the person has them, in pixels of any upright square grid; empty where none are known
   */
  public static FaceQuality of(
      byte[] cutOut, int width, int height, double pixels, double inFrame, float[] landmarks) {
    double[] grey = grey(cutOut, width * height);
    double sum = 0;
    double squares = 0;
    for (double level : grey) {
      sum += level;
      squares += level * level;
    }
    double mean = sum / grey.length;
    double variance = Math.max(squares / grey.length - mean * mean, LEAST_VARIANCE);
    boolean posed = landmarks.length == 2 * POINTS;
    return new FaceQuality(
        pixels,
        laplacian(grey, width, height) / variance,
        mean / WHITE,
        inFrame,
        posed ? yaw(landmarks) : Double.NaN,
        posed ? roll(landmarks) : Double.NaN);
  }

  /** The same face known to be turned aside by so much, where that was found out elsewhere. */
  FaceQuality turnedAside(double degrees) {
    return new FaceQuality(pixels, sharpness, brightness, inFrame, degrees, roll);
  }

  /** The same face known to be tilted by so much. */
  FaceQuality tilted(double degrees) {
    return new FaceQuality(pixels, sharpness, brightness, inFrame, yaw, degrees);
  }

  private static double[] grey(byte[] rgb, int pixels) {
    double[] grey = new double[pixels];
    for (int i = 0; i < pixels; i++) {
      int at = CHANNELS * i;
      grey[i] =
          0.299 * (rgb[at] & 0xff) + 0.587 * (rgb[at + 1] & 0xff) + 0.114 * (rgb[at + 2] & 0xff);
    }
    return grey;
  }

  private static double laplacian(double[] grey, int width, int height) {
    double squares = 0;
    for (int y = 1; y < height - 1; y++) {
      for (int x = 1; x < width - 1; x++) {
        int at = y * width + x;
        double value =
            grey[at - 1] + grey[at + 1] + grey[at - width] + grey[at + width] - 4 * grey[at];
        squares += value * value;
      }
    }
    return squares / Math.max(1, (width - 2) * (height - 2));
  }

  /** A nose beside the face's middle line: the head is a sphere, as far as this is concerned. */
  private static double yaw(float[] points) {
    double across = points[2] - points[0];
    double down = points[3] - points[1];
    double eyes = Math.max(Math.hypot(across, down), 1e-6);
    double middleX = (points[0] + points[2] + points[6] + points[8]) / 4.0;
    double middleY = (points[1] + points[3] + points[7] + points[9]) / 4.0;
    double aside = (points[4] - middleX) * across + (points[5] - middleY) * down;
    return Math.toDegrees(Math.atan(aside / (eyes * eyes) / NOSE));
  }

  private static double roll(float[] points) {
    return Math.toDegrees(Math.atan2(points[3] - points[1], points[2] - points[0]));
  }
}
