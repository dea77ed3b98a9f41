package io.moodline.analyzer;

import io.moodline.models.PictureWarp;
import io.moodline.models.Similarity;
import io.moodline.runtime.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Measures a face detector on pictures whose faces are known: as they are, and as cameras also show
 * them, smaller, tilted, turned and dark. Owns the detector. Confined to one thread.
 */
public final class DetectorTrial implements AutoCloseable {
  /** Boxes that share less than this of their area are not the same face. */
  private static final double LEAST_OVERLAP = 0.3;

  /** Upper bounds of the classes of sizes, in pixels of a face's height. */
  private static final int[] SIZES = {16, 32, 64, 128, Integer.MAX_VALUE};

  /** How a picture is shown to the detector. */
  public enum Showing {
    AS_IT_IS("as it is", 1, 0, 1),
    HALF("half the size", 0.5, 0, 1),
    QUARTER("a quarter of the size", 0.25, 0, 1),
    TILTED("tilted by 20 degrees", 1, 20, 1),
    ON_ITS_SIDE("on its side", 1, 90, 1),
    DARK("a twentieth of the light", 1, 0, 0.05);

    private final String words;
    private final double scale;
    private final double degrees;
    private final double light;

    Showing(String words, double scale, double degrees, double light) {
      this.words = words;
      this.scale = scale;
      this.degrees = degrees;
      this.light = light;
    }

    /** For people. */
    public String words() {
      return words;
    }

    private Picture show(Picture picture, Similarity toShown, int width, int height) {
      if (this == AS_IT_IS) {
        return picture;
      }
      byte[] rgb =
          PictureWarp.warp(
              picture.rgb(), picture.width(), picture.height(), toShown.inverse(), width, height);
      if (light < 1) {
        for (int i = 0; i < rgb.length; i++) {
          rgb[i] = (byte) Math.round((rgb[i] & 0xFF) * light);
        }
      }
      return new Picture(width, height, rgb);
    }

    /** From the picture to what is shown: turned about its middle, so that all of it is there. */
    private Similarity toShown(Picture picture, int width, int height) {
      double a = scale * Math.cos(Math.toRadians(degrees));
      double b = scale * Math.sin(Math.toRadians(degrees));
      double x = picture.width() / 2.0;
      double y = picture.height() / 2.0;
      return new Similarity(a, b, width / 2.0 - a * x + b * y, height / 2.0 - b * x - a * y);
    }

    private int side(double along, double across) {
      double radians = Math.toRadians(degrees);
      double extent = along * Math.abs(Math.cos(radians)) + across * Math.abs(Math.sin(radians));
      return Math.max(1, (int) Math.round(scale * extent));
    }
  }

  /** Where an annotated face is, in pixels of its picture. */
  public record Annotated(double x, double y, double width, double height) {}

  /**
   * Found faces of one class of sizes.
   *
   * @param words for people
   */
  public record SizeRow(String words, int annotated, int found) {}

  /**
   * The figures of one showing.
   *
   * @param wrong boxes that are no annotated face
   * @param seconds in the detector, all pictures together
   */
  public record Figures(
      Showing showing,
      int pictures,
      int annotated,
      int found,
      int wrong,
      double seconds,
      List<SizeRow> bySize) {
    /** Share of the faces that were found; 1 where there is none. */
    public double recall() {
      return annotated == 0 ? 1 : (double) found / annotated;
    }

    /** Share of the boxes that are faces; 1 where there is none. */
    public double precision() {
      return found + wrong == 0 ? 1 : (double) found / (found + wrong);
    }
  }

  private static final class Tally {
    private int pictures;
    private int wrong;
    private long nanos;
    private final int[] annotated = new int[SIZES.length];
    private final int[] found = new int[SIZES.length];
  }

  private final Detectors detectors;
  private final FaceDetector detector;
  private final Map<Showing, Tally> tallies = new EnumMap<>(Showing.class);

  private DetectorTrial(Detectors detectors) {
    this.detectors = detectors;
    this.detector = detectors.open();
    for (Showing showing : Showing.values()) {
      tallies.put(showing, new Tally());
    }
  }

  /**
   * Opens the detector that the settings name.
   *
   * @throws io.moodline.runtime.UserException when it can not be used
   */
  public static DetectorTrial open(Path moodlineHome, Settings settings) {
    return new DetectorTrial(Detectors.choose(moodlineHome, settings));
  }

  /** The detector in use. */
  public String detectorName() {
    return detectors.name();
  }

  /**
   * Shows a picture in every way and counts what is found.
   *
   * @param fileBytes a JPEG, PNG, BMP or WebP
   * @param fileName names the file in messages
   * @throws io.moodline.runtime.UserException when it is no picture or too large
   */
  public void show(byte[] fileBytes, String fileName, List<Annotated> annotated) {
    Picture picture = PictureFile.read(fileBytes, fileName);
    tallies.forEach((showing, tally) -> show(picture, annotated, showing, tally));
  }

  private void show(Picture picture, List<Annotated> annotated, Showing showing, Tally tally) {
    int width = showing.side(picture.width(), picture.height());
    int height = showing.side(picture.height(), picture.width());
    Similarity toShown = showing.toShown(picture, width, height);
    Picture shown = showing.show(picture, toShown, width, height);
    long start = System.nanoTime();
    List<PixelBox> left =
        new ArrayList<>(detector.detect(shown).stream().map(LocatedFace::box).toList());
    tally.nanos += System.nanoTime() - start;
    tally.pictures++;
    for (Annotated face : annotated) {
      PixelBox expected = shownBox(face, toShown);
      int size = sizeClass(expected.height());
      tally.annotated[size]++;
      tally.found[size] += takeBest(left, expected) ? 1 : 0;
    }
    tally.wrong += left.size();
  }

  /** An upright square or rectangle of the same size about where the face's middle went. */
  private static PixelBox shownBox(Annotated face, Similarity toShown) {
    double x = face.x() + face.width() / 2;
    double y = face.y() + face.height() / 2;
    double width = face.width() * toShown.scale();
    double height = face.height() * toShown.scale();
    return new PixelBox(toShown.x(x, y) - width / 2, toShown.y(x, y) - height / 2, width, height);
  }

  private static boolean takeBest(List<PixelBox> boxes, PixelBox expected) {
    int best = -1;
    double most = LEAST_OVERLAP;
    for (int i = 0; i < boxes.size(); i++) {
      double overlap = boxes.get(i).overlap(expected);
      if (overlap > most) {
        most = overlap;
        best = i;
      }
    }
    if (best >= 0) {
      boxes.remove(best);
    }
    return best >= 0;
  }

  private static int sizeClass(double height) {
    int size = 0;
    while (height >= SIZES[size]) {
      size++;
    }
    return size;
  }

  /** What was found so far, for each way of showing. */
  public List<Figures> figures() {
    List<Figures> all = new ArrayList<>();
    tallies.forEach((showing, tally) -> all.add(figures(showing, tally)));
    return all;
  }

  private static Figures figures(Showing showing, Tally tally) {
    List<SizeRow> rows = new ArrayList<>();
    int annotated = 0;
    int found = 0;
    for (int i = 0; i < SIZES.length; i++) {
      annotated += tally.annotated[i];
      found += tally.found[i];
      if (tally.annotated[i] > 0) {
        rows.add(new SizeRow(words(i), tally.annotated[i], tally.found[i]));
      }
    }
    return new Figures(
        showing, tally.pictures, annotated, found, tally.wrong, tally.nanos / 1e9, rows);
  }

  private static String words(int size) {
    if (size == 0) {
      return "under " + SIZES[0] + " pixels";
    }
    return size == SIZES.length - 1
        ? SIZES[size - 1] + " pixels and more"
        : SIZES[size - 1] + " to " + SIZES[size] + " pixels";
  }

  /** Gives the natives back. */
  @Override
  public void close() {
    detector.close();
  }
}
