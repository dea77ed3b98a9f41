package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;

/**
 * Drawn pictures whose faces are known and whose numbers are burnt in: the same parameters give the
 * same pictures everywhere, live or recorded. A live one goes on without end, its script again and
 * again. Confined to the source's thread.
 */
final class SyntheticSource implements PictureSource {
  private static final int LOOK_SECONDS = 2;
  private static final int MOST_SECONDS = 24 * 3600;

  private final SyntheticClip.Drawing drawing;
  private final SyntheticClip clip;
  private final boolean live;
  private final AVFrame frame;
  private long number = -1;

  private SyntheticSource(SyntheticClip clip, boolean live) {
    this.clip = clip;
    this.live = live;
    this.drawing = clip.drawing();
    this.frame = avutil.av_frame_alloc();
    frame.format(avutil.AV_PIX_FMT_BGR24);
    frame.width(clip.width());
    frame.height(clip.height());
    frame.color_range(avutil.AVCOL_RANGE_JPEG);
    if (avutil.av_frame_get_buffer(frame, 1) < 0) {
      close();
      throw new OutOfMemoryError(
          "no room for a picture of " + clip.width() + " x " + clip.height());
    }
  }

  static SyntheticSource open(DecoderMessage.Open order) throws SourceException {
    return new SyntheticSource(clip(SourceUri.parse(order.url())), order.live());
  }

  /**
   * The clip that a source shows.
   *
   * @throws SourceException when its options do not fit together
   */
  static SyntheticClip clip(SourceUri uri) throws SourceException {
    String[] size = uri.option("size").orElse("640x360").split("x", 2);
    int rate = (int) Math.ceil(Double.parseDouble(uri.option("rate").orElse("25")));
    int seconds = Integer.parseInt(uri.option("seconds").orElse("10"));
    int faces = Integer.parseInt(uri.option("faces").orElse("1"));
    long seed = Long.parseLong(uri.option("seed").orElse("1"));
    int width = Integer.parseInt(size[0]);
    int height = Integer.parseInt(size[1]);
    if (seconds < 1 || seconds > MOST_SECONDS || faces > 16 || rate > 60) {
      throw new SourceException(
          "needs 1 to 86400 seconds, up to 16 faces and a rate up to 60", false);
    }
    try {
      return new SyntheticClip(
          width,
          height,
          rate,
          seconds,
          true,
          script(width, height, faces, seconds, new Random(seed)));
    } catch (IllegalArgumentException e) {
      throw new SourceException("is not drawn: " + e.getMessage(), false);
    }
  }

  /** Faces in a row, each with another look every two seconds. */
  private static List<SyntheticClip.ScriptedFace> script(
      int width, int height, int faces, int seconds, Random random) {
    List<SyntheticClip.ScriptedFace> script = new ArrayList<>();
    double room = faces == 0 ? 0 : Math.min((double) width / faces, height * 0.8);
    SyntheticClip.Look[] looks = SyntheticClip.Look.values();
    for (int face = 0; face < faces; face++) {
      double x = width * (face + 0.5) / faces;
      for (int from = 0; from < seconds; from += LOOK_SECONDS) {
        double side = room * (0.55 + 0.1 * random.nextDouble());
        script.add(
            SyntheticClip.ScriptedFace.still(
                from,
                Math.min(seconds, from + LOOK_SECONDS),
                SyntheticClip.Pose.at(x, height * 0.55, side),
                looks[random.nextInt(looks.length)]));
      }
    }
    return script;
  }

  @Override
  public boolean next() throws SourceException {
    number++;
    if (!live && number >= clip.frameCount()) {
      return false;
    }
    byte[] pixels = drawing.draw((int) (number % clip.frameCount()), (int) number).bgr();
    if (avutil.av_frame_make_writable(frame) < 0) {
      throw new SourceException("has no memory for its pictures", true);
    }
    int row = clip.width() * 3;
    for (int y = 0; y < clip.height(); y++) {
      frame.data(0).position((long) y * frame.linesize(0)).put(pixels, y * row, row);
    }
    return true;
  }

  @Override
  public AVFrame picture() {
    return frame;
  }

  @Override
  public long mediaTimeMicros() {
    return Math.round(number * 1e6 / clip.framesPerSecond());
  }

  @Override
  public String codecName() {
    return "synthetic";
  }

  @Override
  public double framesPerSecond() {
    return clip.framesPerSecond();
  }

  @Override
  public int rotation() {
    return 0;
  }

  @Override
  public double pixelAspect() {
    return 1;
  }

  @Override
  public int shownWidth() {
    return clip.width();
  }

  @Override
  public int shownHeight() {
    return clip.height();
  }

  @Override
  public long durationMicros() {
    return live ? -1 : clip.frameCount() * 1_000_000L / clip.framesPerSecond();
  }

  @Override
  public void close() {
    avutil.av_frame_free(frame);
  }
}
