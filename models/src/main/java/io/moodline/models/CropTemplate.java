package io.moodline.models;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How to cut a face out for a model, always resampled once, with antialiasing, from the full
 * picture to the model's input.
 *
 * <p>{@code square}: a square centred on the detector's box. Detectors draw their boxes
 * differently, so the square's side is given per detector, as a factor of the box's height.
 *
 * <p>{@code five-point}: turned, scaled and moved so that eyes, nose and mouth lie as close as can
 * be to where they lie in the data set that the model was trained on. A detector that finds no
 * landmarks gets the square instead, if there is a side for it.
 *
 * @param kind {@code square} or {@code five-point}
 * @param side factor of the box's height by detector: {@code yunet}, {@code opencv-cascade}
 * @param points for {@code five-point}: x and y of right eye, left eye, nose tip, right and left
 *     corner of the mouth, as the person has them, in shares of the input's width and height; else
 *     empty
 * @param foundOn what the points were found on, for people; empty where that is not known
 */
public record CropTemplate(
    String kind, Map<String, Double> side, List<Double> points, String foundOn) {
  static final String SQUARE = "square";
  static final String FIVE_POINT = "five-point";
  private static final int COORDINATES = 10;

  public CropTemplate {
    if (!kind.equals(SQUARE) && !kind.equals(FIVE_POINT)) {
      throw new BundleException("crop kind " + kind + " is not known; square and five-point are");
    }
    if (points.size() != (kind.equals(FIVE_POINT) ? COORDINATES : 0)
        || !points.stream().allMatch(share -> share > -1 && share < 2)) {
      throw new BundleException(
          "crop points of "
              + kind
              + " are "
              + points
              + "; five-point has five, each x and y from 0 to 1");
    }
    side.forEach(
        (detector, factor) -> {
          if (!(factor > 0.1 && factor < 10)) {
            throw new BundleException(
                "crop side of " + factor + " for " + detector + "; must lie between 0.1 and 10");
          }
        });
    side = Map.copyOf(new TreeMap<>(side));
    points = List.copyOf(points);
  }

  /** A square. */
  public CropTemplate(String kind, Map<String, Double> side) {
    this(kind, side, List.of());
  }

  /** Points of which nobody says where they come from. */
  public CropTemplate(String kind, Map<String, Double> side, List<Double> points) {
    this(kind, side, points, "");
  }

  /** The same square for detectors without landmarks; five points for those that find them. */
  CropTemplate withPoints(List<Double> newPoints, String data) {
    return new CropTemplate(FIVE_POINT, side, newPoints, data);
  }

  /** Whether faces are turned upright by their landmarks. */
  public boolean followsLandmarks() {
    return kind.equals(FIVE_POINT);
  }

  /** The square's side as a factor of the box's height; a bundle that names no such detector: 1. */
  public double sideFor(String detector) {
    return side.getOrDefault(detector, 1.0);
  }

  /**
   * From the input's pixels to those of the picture.
   *
   * @param landmarks x0, y0, x1, y1, ... of the five points in the picture
   * @throws IllegalArgumentException when they all lie on one another
   */
  public Similarity toPicture(float[] landmarks, int width, int height) {
    double[] from = new double[COORDINATES];
    double[] to = new double[COORDINATES];
    for (int i = 0; i < COORDINATES; i++) {
      from[i] = points.get(i) * (i % 2 == 0 ? width : height);
      to[i] = landmarks[i];
    }
    return Similarity.fit(from, to);
  }
}
