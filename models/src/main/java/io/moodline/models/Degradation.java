package io.moodline.models;

import java.util.Arrays;
import java.util.Random;

/**
 * The ways in which a camera spoils a face, each in steps from mild to bad, done to clean pictures
 * of which the answer is known. Thread-safe.
 */
enum Degradation {
  /** Fewer pixels: what is left when the face is that many pixels wide. */
  SMALL(96, 80, 64, 56, 48, 40, 32, 28, 24, 20, 18, 16, 14, 12, 10, 8) {
    @Override
    Copy of(FacePicture face, double level, int number) {
      int pixels = (int) level;
      return new Copy(face.resized(pixels, pixels), WHOLE);
    }

    @Override
    boolean applies(FacePicture face, double level) {
      return level < face.side();
    }
  },
  /** Out of focus: a Gaussian blur of so many hundredths of the picture's side. */
  BLURRED(1, 2, 3, 4, 6, 8, 12) {
    @Override
    Copy of(FacePicture face, double level, int number) {
      return new Copy(blurred(face, level / 100 * face.side()), WHOLE);
    }
  },
  /** So much of the light, in hundredths, and the sensor's noise, in whole grey levels. */
  DARK(50, 25, 15, 10, 7, 5, 3, 2) {
    @Override
    Copy of(FacePicture face, double level, int number) {
      Random noise = new Random(number);
      byte[] rgb = new byte[face.rgb().length];
      for (int i = 0; i < rgb.length; i++) {
        double light = (face.rgb()[i] & 0xff) * level / 100 + SENSOR_NOISE * noise.nextGaussian();
        rgb[i] = (byte) Math.max(0, Math.min(255, Math.round(light)));
      }
      return new Copy(new FacePicture(face.width(), face.height(), rgb), WHOLE);
    }
  },
  /** So many hundredths of it beyond one of the picture's edges. */
  CUT_OFF(10, 20, 30, 40, 50, 60) {
    @Override
    Copy of(FacePicture face, double level, int number) {
      int away = (int) Math.round(level / 100 * face.side());
      int left = number % 4 == 0 ? away : 0;
      int top = number % 4 == 1 ? away : 0;
      int right = face.width() - (number % 4 == 2 ? away : 0);
      int bottom = face.height() - (number % 4 == 3 ? away : 0);
      byte[] rgb = new byte[3 * (right - left) * (bottom - top)];
      int rowBytes = 3 * (right - left);
      for (int y = top; y < bottom; y++) {
        int from = 3 * (y * face.width() + left);
        System.arraycopy(face.rgb(), from, rgb, (y - top) * rowBytes, rowBytes);
      }
      var whole = new PictureResize.Rectangle(-left, -top, face.width(), face.height());
      return new Copy(new FacePicture(right - left, bottom - top, rgb), whole);
    }
  },
  /** Tilted by so many degrees, to one side or the other. */
  TILTED(10, 20, 30, 40, 50, 60, 90) {
    @Override
    Seen spoil(FacePicture face, double level, int number, InputSpec input) {
      Seen seen = super.spoil(face, level, number, input);
      return new Seen(seen.pixels(), seen.quality().tilted(degrees(level, number)));
    }

    private static double degrees(double level, int number) {
      return number % 2 == 0 ? level : -level;
    }

    @Override
    Copy of(FacePicture face, double level, int number) {
      double degrees = degrees(level, number);
      // The face turns clockwise where the way back into the picture turns the other way.
      Similarity back = Similarity.turn(-degrees, face.width() / 2.0, face.height() / 2.0);
      byte[] turned =
          PictureWarp.warp(
              face.rgb(), face.width(), face.height(), back, face.width(), face.height());
      return new Copy(new FacePicture(face.width(), face.height(), turned), WHOLE);
    }
  };

  /** Stands for all of the picture. */
  private static final PictureResize.Rectangle WHOLE = new PictureResize.Rectangle(0, 0, 1, 1);

  /** Standard deviation in grey levels. */
  private static final double SENSOR_NOISE = 1.5;

  private final double[] levels;

  Degradation(double... levels) {
    this.levels = levels;
  }

  /** A spoilt picture and the square of it that the network gets. */
  private record Copy(FacePicture picture, PictureResize.Rectangle from) {}

  abstract Copy of(FacePicture face, double level, int number);

  boolean applies(FacePicture face, double level) {
    return true;
  }

  double[] levels() {
    return levels.clone();
  }

  /**
   * What a network sees of a spoilt face.
   *
   * @param pixels uint8 [height, width, 3], RGB
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  record Seen(byte[] pixels, FaceQuality quality) {}

  /** A clean face as a network of that input takes it. */
  static Seen clean(FacePicture face, InputSpec input) {
    return seen(new Copy(face, WHOLE), input);
  }

  /**
   * The face spoilt so far.
   *
   * @param number of the face, which decides on the side and the noise
   */
  Seen spoil(FacePicture face, double level, int number, InputSpec input) {
    return seen(of(face, level, number), input);
  }

  private static Seen seen(Copy copy, InputSpec input) {
    FacePicture picture = copy.picture();
    PictureResize.Rectangle from =
        copy.from().equals(WHOLE)
            ? new PictureResize.Rectangle(0, 0, picture.width(), picture.height())
            : copy.from();
    int width = input.width();
    int height = input.height();
    byte[] pixels =
        PictureResize.resize(picture.rgb(), picture.width(), picture.height(), from, width, height);
    double inFrame = from.shareIn(picture.width(), picture.height());
    int side = Math.min(from.width(), from.height());
    return new Seen(pixels, FaceQuality.of(pixels, width, height, side, inFrame, new float[0]));
  }

  private static FacePicture blurred(FacePicture face, double sigma) {
    int reach = (int) Math.ceil(3 * sigma);
    double[] weights = new double[2 * reach + 1];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = Math.exp(-(i - reach) * (i - reach) / (2 * sigma * sigma));
    }
    double sum = Arrays.stream(weights).sum();
    double[] across = new double[face.rgb().length];
    double[] from = new double[face.rgb().length];
    for (int i = 0; i < from.length; i++) {
      from[i] = face.rgb()[i] & 0xff;
    }
    int width = face.width();
    int height = face.height();
    filter(from, across, width, height, 3, 3 * width, weights, sum);
    filter(across, from, height, width, 3 * width, 3, weights, sum);
    byte[] rgb = new byte[from.length];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) Math.round(from[i]);
    }
    return new FacePicture(width, height, rgb);
  }

  /** Along one axis of {@code length} steps; the outermost pixels are continued. */
  private static void filter(
      double[] from,
      double[] to,
      int length,
      int lines,
      int step,
      int lineStep,
      double[] weights,
      double sum) {
    int reach = weights.length / 2;
    for (int line = 0; line < lines; line++) {
      for (int i = 0; i < length; i++) {
        for (int channel = 0; channel < 3; channel++) {
          double value = 0;
          for (int k = 0; k < weights.length; k++) {
            int at = Math.max(0, Math.min(length - 1, i + k - reach));
            value += weights[k] * from[line * lineStep + at * step + channel];
          }
          to[line * lineStep + i * step + channel] = value / sum;
        }
      }
    }
  }
}
