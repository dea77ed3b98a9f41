package io.moodline.ingest;

import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avutil;

/**
 * Media times of a source's pictures, from the stamps of its container: 0 for the first picture,
 * rising from picture to picture. Where a picture has no stamp, or the source's clock is set anew,
 * as in recordings that were put one behind the other, it follows the one before by one step of the
 * source's rate. Confined to the source's thread.
 */
final class MediaClock {
  private static final long NO_STAMP = avutil.AV_NOPTS_VALUE;
  private static final long DEFAULT_STEP_MICROS = 40_000;

  /** Beyond such a jump a live source's clock was set anew. */
  private static final long LIVE_JUMP_MICROS = 10_000_000;

  /** Key frames come seldom: so far apart may they be. */
  private static final long LIVE_KEY_JUMP_MICROS = 60_000_000;

  /**
   * No codec shows pictures further out of order: a recording's clock that goes back is another.
   */
  private static final int REORDERED_PICTURES = 16;

  private final int timeBaseNum;
  private final int timeBaseDen;
  private final long stepMicros;
  private final boolean live;
  private final boolean keysOnly;
  private long reachedMicros;
  private long zeroMicros = NO_STAMP;
  private long mediaMicros = -1;

  /** Stamp of media time 0; {@code NO_STAMP} while the recording's clock has not been set anew. */
  private long shownZeroMicros = NO_STAMP;

  private int packetsUntimed;

  /**
   * A clock that has seen no picture.
   *
   * @param timeBase seconds in one unit of the container's stamps
   * @param framesPerSecond the source's own; 0 where it does not say
   */
  MediaClock(AVRational timeBase, double framesPerSecond, boolean live, boolean keysOnly) {
    this.timeBaseNum = timeBase.num();
    this.timeBaseDen = timeBase.den();
    this.stepMicros = framesPerSecond > 0 ? Math.round(1e6 / framesPerSecond) : DEFAULT_STEP_MICROS;
    this.live = live;
    this.keysOnly = keysOnly;
  }

  /** From one picture to the next at the source's own rate. */
  long stepMicros() {
    return stepMicros;
  }

  /** Media time of the last picture; -1 before the first one. */
  long mediaMicros() {
    return mediaMicros;
  }

  /** End of the latest packet, by the container's stamps. */
  long reachedMicros() {
    return reachedMicros;
  }

  AVRational timeBase() {
    return avutil.av_make_q(timeBaseNum, timeBaseDen);
  }

  /** A packet was read, with or without a stamp. */
  void read(long stamp, long duration) {
    if (keysOnly) {
      timeTheFirst(stamp);
    }
    if (stamp != NO_STAMP) {
      reachedMicros = Math.max(reachedMicros, micros(stamp + Math.max(0, duration)));
    }
  }

  /**
   * The first picture of an RTSP source has no time, but the packets behind it do. Where they are
   * left out, the next picture may come much later than one step after the first.
   */
  private void timeTheFirst(long stamp) {
    if (zeroMicros != NO_STAMP || mediaMicros < 0) {
      return;
    }
    packetsUntimed++;
    if (stamp != NO_STAMP) {
      zeroMicros = micros(stamp) - mediaMicros - packetsUntimed * stepMicros;
    }
  }

  /** Takes the stamp of the next picture; false where the picture before has the same time. */
  boolean take(long stamp) {
    if (stamp == NO_STAMP) {
      mediaMicros = mediaMicros < 0 ? 0 : mediaMicros + stepMicros;
      return true;
    }
    long time = micros(stamp);
    if (zeroMicros == NO_STAMP) {
      zeroMicros = time - Math.max(0, mediaMicros < 0 ? 0 : mediaMicros + stepMicros);
    }
    long next = time - zeroMicros;
    if (mediaMicros >= 0 && isSetAnew(next)) {
      next = mediaMicros + stepMicros;
      if (!live && shownZeroMicros == NO_STAMP) {
        shownZeroMicros = zeroMicros;
      }
      zeroMicros = time - next;
    }
    if (next <= mediaMicros) {
      return false;
    }
    mediaMicros = next;
    return true;
  }

  private boolean isSetAnew(long next) {
    return live
        ? next <= mediaMicros || next - mediaMicros > longestJump()
        : mediaMicros - next > REORDERED_PICTURES * stepMicros;
  }

  private long longestJump() {
    return keysOnly ? LIVE_KEY_JUMP_MICROS : LIVE_JUMP_MICROS;
  }

  /**
   * A picture's stamp, or the one that it would have: with none, and in a recording whose clock was
   * set anew, where stamps go on from those before.
   */
  long stamp(long stamp) {
    if (shownZeroMicros != NO_STAMP) {
      return Math.round((shownZeroMicros + mediaMicros) / 1e6 * timeBaseDen / timeBaseNum);
    }
    long zero = zeroMicros == NO_STAMP ? 0 : zeroMicros;
    return stamp != NO_STAMP
        ? stamp
        : Math.round((zero + mediaMicros) / 1e6 * timeBaseDen / timeBaseNum);
  }

  private long micros(long stamp) {
    return micros(stamp, timeBaseNum, timeBaseDen);
  }

  /** Microseconds of a stamp. */
  static long micros(long stamp, AVRational timeBase) {
    return micros(stamp, timeBase.num(), timeBase.den());
  }

  private static long micros(long stamp, int timeBaseNum, int timeBaseDen) {
    // Exact: stamps and bases of real files multiply within 64 bits but for hostile ones.
    return Math.round((double) stamp * timeBaseNum * 1e6 / timeBaseDen);
  }
}
