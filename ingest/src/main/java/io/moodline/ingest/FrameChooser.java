package io.moodline.ingest;

import io.moodline.ingest.WantedFrames.Mode;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.jspecify.annotations.Nullable;

/**
 * Which pictures of a source become frames, and for how much time each of them stands. All depends
 * on the pictures and their media times alone, so the same recording gives the same frames at any
 * speed, and after a resume, for which the pictures before it are looked at again. Owns native
 * memory. Confined to the source's thread.
 */
final class FrameChooser implements AutoCloseable {
  /** So long may nothing be taken where nothing moves: no window of a second is without a frame. */
  private static final double STILL_MICROS = 1_000_000;

  /** By how much times are off that were rounded to milliseconds. */
  private static final double ROUNDING_MICROS = 600;

  /** A key frame stands for no longer time: what shows one more seldom is seen in part only. */
  private static final double KEY_SECONDS = 10;

  private final Mode mode;
  private final Sampling sampling;
  private final double restlessMicros;
  private final @Nullable MotionGate gate;

  /** The last due picture, where it was left out because nothing had moved. */
  private final AVFrame still = avutil.av_frame_alloc();

  private long stillMicros;
  private long stillStamp;
  private long takenMicros;
  private long unmoved;
  private boolean any;

  /**
   * A picture that becomes a frame.
   *
   * @param stamp its time as the source has it
   * @param framesPerSecond rate in force: the frame stands for one over it
   * @param unmovedBefore pictures that were due since the frame before and are left out because
   *     nothing had moved
   */
  record Choice(
      AVFrame picture,
      long mediaTimeMicros,
      long stamp,
      double framesPerSecond,
      long unmovedBefore) {}

  /**
   * A chooser for one source.
   *
   * @param source the source's own rate; 0 where it does not say
   */
  FrameChooser(WantedFrames wanted, double source) {
    this.mode = wanted.mode();
    this.sampling = new Sampling(wanted.perSecond(), source);
    double nextDue = 1e6 / sampling.framesPerSecond() + (source > 0 ? 1e6 / source : 0);
    this.restlessMicros = STILL_MICROS - ROUNDING_MICROS - nextDue;
    this.gate = mode == Mode.MOTION ? new MotionGate() : null;
  }

  /** The rate that is sampled at: the smaller of the asked one and the source's own. */
  double framesPerSecond() {
    return sampling.framesPerSecond();
  }

  /** Looks at the next picture; null where it becomes no frame. */
  @Nullable Choice choose(AVFrame picture, long mediaTimeMicros, long stamp)
      throws SourceException {
    if (!sampling.takes(mediaTimeMicros)) {
      return null;
    }
    MotionGate motion = gate;
    if (motion != null) {
      boolean due = !any || mediaTimeMicros - takenMicros >= restlessMicros;
      if (!motion.moved(picture) && !due) {
        leaveOut(picture, mediaTimeMicros, stamp);
        return null;
      }
      motion.keep();
    }
    Choice choice = new Choice(picture, mediaTimeMicros, stamp, rate(), unmoved);
    takenMicros = mediaTimeMicros;
    unmoved = 0;
    any = true;
    return choice;
  }

  /** A frame stands for itself, and for the pictures since the one before that showed the same. */
  private double rate() {
    double rate = sampling.framesPerSecond();
    if (mode == Mode.KEYFRAMES && any) {
      return rate / Math.min(sampling.slotsPassed(), Math.max(1, KEY_SECONDS * rate));
    }
    return rate / (1 + unmoved);
  }

  private void leaveOut(AVFrame picture, long mediaTimeMicros, long stamp) {
    avutil.av_frame_unref(still);
    if (avutil.av_frame_ref(still, picture) < 0) {
      throw new OutOfMemoryError("no room to keep a picture");
    }
    stillMicros = mediaTimeMicros;
    stillStamp = stamp;
    unmoved++;
  }

  /**
   * The source's last due picture, where it was left out: a recording's end is seen as it was, and
   * each picture that was due is accounted for. Null where that picture became a frame.
   */
  @Nullable Choice rest() {
    if (unmoved == 0) {
      return null;
    }
    Choice choice =
        new Choice(
            still, stillMicros, stillStamp, sampling.framesPerSecond() / unmoved, unmoved - 1);
    unmoved = 0;
    return choice;
  }

  @Override
  public void close() {
    if (gate != null) {
      gate.close();
    }
    avutil.av_frame_free(still);
  }
}
