package io.moodline.models;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Where eyes, nose and mouth lie in a data set's crops: the mean of the landmarks of its pictures.
 * Confined to one thread.
 */
public final class FoundTemplate {
  private static final int COORDINATES = 10;
  private static final int LEAST_FACES = 20;
  private static final String SECTION = "## Crop";
  private static final List<String> NAMES =
      List.of("right eye", "left eye", "nose", "right corner of the mouth", "left corner");

  private final double[] sums = new double[COORDINATES];
  private final double[] squares = new double[COORDINATES];
  private int pictures;
  private int faces;

  /** A picture in which no face was found. */
  public void addUnseen() {
    pictures++;
  }

  /** A picture's landmarks in its pixels: x0, y0, x1, y1, ... */
  public void add(float[] landmarks, int width, int height) {
    if (landmarks.length != COORDINATES) {
      throw new IllegalArgumentException(landmarks.length + " numbers");
    }
    pictures++;
    faces++;
    for (int i = 0; i < COORDINATES; i++) {
      double share = landmarks[i] / (double) (i % 2 == 0 ? width : height);
      sums[i] += share;
      squares[i] += share * share;
    }
  }

  /** Faces that were found. */
  public int faces() {
    return faces;
  }

  /** Mean of each coordinate in shares of the picture, rounded to a ten-thousandth. */
  public List<Double> points() {
    if (faces < LEAST_FACES) {
      throw new BundleException(
          "a face was found in "
              + faces
              + " of "
              + pictures
              + " pictures; a template needs "
              + LEAST_FACES
              + ", so give more of the data set's crops");
    }
    List<Double> points = new ArrayList<>();
    for (double sum : sums) {
      points.add(Math.round(1e4 * sum / faces) / 1e4);
    }
    return points;
  }

  /** How far faces lie from the mean, by coordinate: standard deviations, as shares. */
  private double deviation(int i) {
    double mean = sums[i] / faces;
    return Math.sqrt(Math.max(0, squares[i] / faces - mean * mean));
  }

  /** The points and their deviation, as lines of Markdown. */
  public String text() {
    List<Double> points = points();
    StringBuilder text = new StringBuilder();
    text.append("| point | x | y | deviation of x | of y |\n|---|---|---|---|---|\n");
    for (int i = 0; i < NAMES.size(); i++) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %.4f | %.4f | %.3f | %.3f |%n",
              NAMES.get(i),
              points.get(2 * i),
              points.get(2 * i + 1),
              deviation(2 * i),
              deviation(2 * i + 1)));
    }
    return text.toString();
  }

  /**
   * Writes the bundle {@code bundles/<name>} again with this template, its square kept for
   * detectors without landmarks, and loads it. Network and canaries stay as they are; the digest
   * changes.
   *
   * @param dataSet what the pictures are, for people
   */
  public Bundle store(Path bundles, String name, String dataSet) {
    Bundle bundle = new Bundles(bundles).installed(name);
    BundleWriter.Contents before = bundle.contents();
    String foundOn = dataSet + ": " + faces + " of " + pictures + " pictures";
    CropTemplate crop = before.crop().withPoints(points(), foundOn);
    String section =
        SECTION
            + "\nFive points in shares of the input, the mean of the detector's landmarks on "
            + foundOn
            + ".\n\n"
            + text();
    String card = GateReport.withSection(before.modelCard(), SECTION, section);
    return BundleWriter.replace(bundles, before.cropped(crop, card), bundle.model());
  }
}
