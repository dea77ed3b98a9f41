package io.moodline.models;

import java.util.Arrays;

/**
 * The mask that OAENet looks through: four bands weighted by how much the face's edges there run
 * like the whole face's, and small pyramids stamped onto landmarks.
 *
 * <p>The published code measures its four strips side by side and lays the bands one above the
 * other. Weights trained with it expect that, so it is kept. Thread-safe.
 */
public final class OaenetMask {
  static final int SIDE = OaenetNetwork.SIDE;
  private static final int STRIPS = 4;
  private static final int STRIP = SIDE / STRIPS;
  private static final int DIRECTIONS = 8;
  private static final double DIRECTION_DEGREES = 180.0 / DIRECTIONS;
  private static final int STAMP = 15;
  private static final int REACH = STAMP / 2;

  private OaenetMask() {}

  /**
   * The mask of a face.
   *
   * @param face uint8 [224, 224, 3], RGB
   * @param landmarks x and y of each point in the face's pixels: the 68 of the published code, or
   *     the five (eyes, nose, mouth corners) that a detector gives; later ones cover earlier ones
   * @return float [224, 224]
   */
  public static float[] of(byte[] face, float[][] landmarks) {
    float[] mask = new float[SIDE * SIDE];
    double[] correlations = correlations(face);
    for (int band = 0; band < STRIPS; band++) {
      int from = band * STRIP * SIDE;
      Arrays.fill(mask, from, from + STRIP * SIDE, (float) correlations[band]);
    }
    for (float[] landmark : landmarks) {
      stamp(mask, (int) landmark[0], (int) landmark[1]);
    }
    return mask;
  }

  private static void stamp(float[] mask, int x, int y) {
    // The published code pads by seven and leaves out what would reach beyond that: 0 to 222.
    int limit = SIDE + 2 * REACH - STAMP;
    if (x < 0 || y < 0 || x >= limit || y >= limit) {
      return;
    }
    for (int dy = -REACH; dy <= REACH; dy++) {
      for (int dx = -REACH; dx <= REACH; dx++) {
        int row = y + dy;
        int column = x + dx;
        if (row >= 0 && row < SIDE && column >= 0 && column < SIDE) {
          double far = (double) Math.abs(dy) / STAMP + (double) Math.abs(dx) / STAMP;
          mask[row * SIDE + column] = (float) (1 - far);
        }
      }
    }
  }

  /** How alike the edge directions of each vertical strip and of the whole face are, -1 to 1. */
  static double[] correlations(byte[] face) {
    double[][] strips = new double[STRIPS][DIRECTIONS];
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        addEdge(face, x, y, strips[x / STRIP]);
      }
    }
    double[] whole = new double[DIRECTIONS];
    for (double[] strip : strips) {
      for (int k = 0; k < DIRECTIONS; k++) {
        whole[k] += strip[k];
      }
    }
    double[] of = normalised(whole, SIDE * SIDE);
    return Arrays.stream(strips)
        .mapToDouble(strip -> correlation(normalised(strip, SIDE * STRIP), of))
        .toArray();
  }

  /** Adds the strength of the edge at a pixel, in its strongest colour, to its direction. */
  private static void addEdge(byte[] face, int x, int y, double[] histogram) {
    double strongest = -1;
    double down = 0;
    double across = 0;
    // Blue first, as the published code's pictures are: on ties the first colour counts.
    for (int colour = 2; colour >= 0; colour--) {
      double rows = y == 0 || y == SIDE - 1 ? 0 : difference(face, x, y, 0, 1, colour);
      double columns = x == 0 || x == SIDE - 1 ? 0 : difference(face, x, y, 1, 0, colour);
      double strength = Math.hypot(rows, columns);
      if (strength > strongest) {
        strongest = strength;
        down = rows;
        across = columns;
      }
    }
    double degrees = Math.toDegrees(Math.atan2(down, across)) % 180;
    if (degrees < 0) {
      degrees += 180;
    }
    int direction = (int) (degrees / DIRECTION_DEGREES);
    // An angle a hair below 0 becomes 180 when it is turned round; it lies in no direction's range.
    if (direction < DIRECTIONS) {
      histogram[direction] += strongest;
    }
  }

  private static double difference(byte[] face, int x, int y, int dx, int dy, int colour) {
    int after = ((y + dy) * SIDE + x + dx) * 3 + colour;
    int before = ((y - dy) * SIDE + x - dx) * 3 + colour;
    return (face[after] & 0xff) - (face[before] & 0xff);
  }

  private static double[] normalised(double[] histogram, int pixels) {
    double[] mean = Arrays.stream(histogram).map(value -> value / pixels).toArray();
    double sum = Arrays.stream(mean).sum() + 1e-5;
    return Arrays.stream(mean).map(value -> value / sum).toArray();
  }

  /** Pearson's; where it does not exist, or rounding carries it beyond 1: 1. */
  private static double correlation(double[] a, double[] b) {
    double meanA = Arrays.stream(a).average().orElse(0);
    double meanB = Arrays.stream(b).average().orElse(0);
    double both = 0;
    double squaresA = 0;
    double squaresB = 0;
    for (int i = 0; i < a.length; i++) {
      both += (a[i] - meanA) * (b[i] - meanB);
      squaresA += (a[i] - meanA) * (a[i] - meanA);
      squaresB += (b[i] - meanB) * (b[i] - meanB);
    }
    double correlation = both / Math.sqrt(squaresA * squaresB);
    return correlation >= -1 && correlation <= 1 ? correlation : 1;
  }
}
