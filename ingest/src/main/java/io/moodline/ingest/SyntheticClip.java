package io.moodline.ingest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacv.FFmpegFrameRecorder;
import org.bytedeco.javacv.Frame;

/**
 * A video whose faces are known: one public-domain portrait, moved, scaled, mirrored, dimmed and
 * warped by a script. The same script makes the same pictures everywhere. Thread-safe.
 *
 * @param width of the picture in pixels, even
 * @param height of the picture in pixels, even
 * @param framesPerSecond 1 to 60
 * @param seconds how long it is
 * @param numbered whether each frame's number is burnt in as a row of black and white squares
 * @param faces the script; later faces are drawn over earlier ones
 */
public record SyntheticClip(
    int width,
    int height,
    int framesPerSecond,
    double seconds,
    boolean numbered,
    List<ScriptedFace> faces) {
  private static final int NUMBER_BITS = 16;
  private static final int DARK = 16;
  private static final int LIGHT = 235;

  public SyntheticClip {
    if (width < 64 || height < 64 || width % 2 != 0 || height % 2 != 0) {
      throw new IllegalArgumentException("a clip's sides are even and at least 64 pixels");
    }
    faces = List.copyOf(faces);
  }

  /** What the face shows. The words are those that the lite bundle says of it. */
  public enum Look {
    /** The photograph as it is. */
    HAPPINESS(Expression.NONE),
    NEUTRAL(new Expression(13, 0.5, 2, 0.55, 2, -1, 1.8, 0.12)),
    SURPRISE(new Expression(9, 0.5, -0.3, 0.34, 12, -1.02, -1.22, -0.32)),
    SADNESS(new Expression(7.43, 0.07, -0.3, 0.77, 1.82, -3.92, 3.59, 0.23)),
    ANGER(new Expression(9, 0.5, -0.3, 0, 2.61, 5, -4.05, 0.5));

    private final Expression expression;

    Look(Expression expression) {
      this.expression = expression;
    }
  }

  /**
   * Where a face is and how it is lit.
   *
   * @param x middle of the face, pixels
   * @param y middle of the face, pixels
   * @param side side of the face's box, pixels
   * @param brightness 1 is the photograph's
   * @param strength 0 to 1: how far the look is taken, from the photograph's smile
   */
  public record Pose(double x, double y, double side, double brightness, double strength) {
    /** A face in full light whose look is complete. */
    public static Pose at(double x, double y, double side) {
      return new Pose(x, y, side, 1, 1);
    }

    /** The same place in other light. */
    public Pose lit(double otherBrightness) {
      return new Pose(x, y, side, otherBrightness, strength);
    }

    /** The same place with the look taken to a part. */
    public Pose showing(double otherStrength) {
      return new Pose(x, y, side, brightness, otherStrength);
    }

    Pose towards(Pose end, double part) {
      return new Pose(
          x + (end.x - x) * part,
          y + (end.y - y) * part,
          side + (end.side - side) * part,
          brightness + (end.brightness - brightness) * part,
          strength + (end.strength - strength) * part);
    }
  }

  /**
   * One face for some time, moving evenly from one pose to another.
   *
   * @param fromSecond when it appears
   * @param toSecond when it is gone again
   */
  public record ScriptedFace(
      double fromSecond, double toSecond, Pose start, Pose end, boolean mirrored, Look look) {
    /** A face that stands still. */
    public static ScriptedFace still(double fromSecond, double toSecond, Pose pose, Look look) {
      return new ScriptedFace(fromSecond, toSecond, pose, pose, false, look);
    }

    /** The same face seen in a mirror. */
    public ScriptedFace inMirror() {
      return new ScriptedFace(fromSecond, toSecond, start, end, true, look);
    }

    boolean isThereAt(double second) {
      return second >= fromSecond && second < toSecond;
    }

    Pose poseAt(double second) {
      return start.towards(end, (second - fromSecond) / (toSecond - fromSecond));
    }
  }

  private record Placed(ScriptedFace face, Pose pose) {}

  /** How many frames the clip has. */
  public int frameCount() {
    return (int) Math.round(seconds * framesPerSecond);
  }

  /** How many faces are to be seen at a media time. */
  public int faceCountAt(double second) {
    return (int) faces.stream().filter(face -> face.isThereAt(second)).count();
  }

  /**
   * Writes the clip as H.264, in MP4 or, where the file's name ends in {@code .ts}, as MPEG
   * transport stream; an existing file is replaced.
   */
  public void write(Path file) throws IOException {
    avutil.av_log_set_level(avutil.AV_LOG_ERROR);
    try (var recorder = new FFmpegFrameRecorder(file.toFile(), width, height);
        var frame = new Frame(width, height, Frame.DEPTH_UBYTE, 3)) {
      recorder.setFormat(file.toString().endsWith(".ts") ? "mpegts" : "mp4");
      recorder.setVideoCodec(avcodec.AV_CODEC_ID_H264);
      recorder.setVideoCodecName("libopenh264");
      recorder.setPixelFormat(avutil.AV_PIX_FMT_YUV420P);
      recorder.setFrameRate(framesPerSecond);
      recorder.setGopSize(framesPerSecond * 2);
      recorder.setVideoBitrate(width * height * 3);
      recorder.setVideoOption("threads", "1");
      // Nothing of the moment or the machine goes into the file.
      recorder.setOption("fflags", "+bitexact");
      recorder.start();
      drawAll(
          canvas -> {
            fill(frame, canvas);
            recorder.record(frame);
          });
      recorder.stop();
    }
  }

  /** What takes the frames, one after the other. */
  interface Frames {
    void next(Canvas canvas) throws IOException;
  }

  /** Draws every frame; the canvas is used again for the next one. */
  void drawAll(Frames frames) throws IOException {
    Drawing drawing = drawing();
    for (int number = 0; number < frameCount(); number++) {
      frames.next(drawing.draw(number, number));
    }
  }

  /** A drawing of this clip's frames, one at a time. */
  Drawing drawing() {
    return new Drawing();
  }

  /** Draws frames; what is the same as in the frame before is not drawn again. One thread's. */
  final class Drawing {
    private final Portrait portrait = Portrait.load();
    private final Canvas background = background();
    private Canvas drawn = background.copy();
    private List<Placed> last = List.of();

    private Drawing() {}

    /**
     * Draws a frame.
     *
     * @param index of the frame in the clip
     * @param number that is burnt in, of which the lowest 16 bits count
     */
    Canvas draw(int index, int number) {
      double second = index / (double) framesPerSecond;
      List<Placed> placed =
          faces.stream()
              .filter(face -> face.isThereAt(second))
              .map(face -> new Placed(face, face.poseAt(second)))
              .toList();
      if (!placed.equals(last)) {
        drawn = background.copy();
        for (Placed one : placed) {
          SyntheticClip.draw(portrait, drawn, one);
        }
        last = placed;
      }
      Canvas picture = drawn.copy();
      if (numbered) {
        burnIn(picture, number);
      }
      return picture;
    }
  }

  private static void draw(Portrait portrait, Canvas canvas, Placed placed) {
    Pose pose = placed.pose();
    portrait.draw(
        canvas,
        pose.x(),
        pose.y(),
        pose.side(),
        placed.face().mirrored(),
        pose.brightness(),
        placed.face().look().expression.times(pose.strength()));
  }

  /** A wall: a soft gradient with a little grain, so that the encoder has something to do. */
  private Canvas background() {
    Canvas canvas = Canvas.of(width, height);
    Random grain = new Random(7);
    double[] colour = new double[4];
    colour[3] = 1;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double light = 150 + 40.0 * x / width - 30.0 * y / height + grain.nextInt(5);
        colour[0] = light;
        colour[1] = light - 4;
        colour[2] = light - 12;
        canvas.blend(x, y, colour, 1);
      }
    }
    return canvas;
  }

  /** Sixteen squares in the top row, the highest bit first, light for one. */
  private void burnIn(Canvas canvas, int number) {
    int side = numberSquare();
    for (int bit = 0; bit < NUMBER_BITS; bit++) {
      boolean set = (number >> (NUMBER_BITS - 1 - bit) & 1) == 1;
      canvas.fill(bit * side, 0, side, side, set ? LIGHT : DARK);
    }
  }

  private int numberSquare() {
    return width / NUMBER_BITS / 2 * 2;
  }

  /** Reads a burnt-in number from a picture of the clip's shape, of any size. */
  int numberOn(Canvas picture) {
    double scale = picture.width() / (double) width;
    double side = numberSquare() * scale;
    int number = 0;
    for (int bit = 0; bit < NUMBER_BITS; bit++) {
      int grey = picture.greenAt((int) ((bit + 0.5) * side), (int) (side / 2));
      number = number << 1 | (grey > (DARK + LIGHT) / 2 ? 1 : 0);
    }
    return number;
  }

  private void fill(Frame frame, Canvas canvas) {
    ByteBuffer pixels = (ByteBuffer) frame.image[0];
    for (int row = 0; row < height; row++) {
      pixels.position(row * frame.imageStride);
      pixels.put(canvas.bgr(), row * width * 3, width * 3);
    }
    pixels.position(0);
  }
}
