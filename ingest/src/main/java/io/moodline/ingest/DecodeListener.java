package io.moodline.ingest;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What a decoder tells of one source, in this order: begun, opened, frames, then one of the ends.
 */
interface DecodeListener {
  /** A decoder has taken the source up: from now on silence is the source's own. */
  default void begun() {}

  /** The source is open. */
  void opened(SourceInfo info);

  /** What decodes the open source: told before the first frames, and whenever it changes. */
  default void decodedBy(DecodedBy decoder) {}

  /**
   * The source was seen to be alive, whether or not what it showed was due.
   *
   * @param silentMillis for how long it has shown nothing
   */
  default void alive(int silentMillis) {}

  /** One sampled frame; for a recording never more than were granted. */
  void frame(DecodedFrame frame);

  /** No frames follow: the end of a recording, or a live source that went away. */
  void ended();

  /** It can not go on. */
  void failed(DecodeFailure failure);

  /**
   * What a source is.
   *
   * @param codec FFmpeg's name, for example {@code h264}
   * @param width of the source's picture as it is shown, pixels
   * @param height of the source's picture as it is shown, pixels
   * @param framesPerSecond the source's own rate; 0 where it does not say
   * @param targetFramesPerSecond the rate of sampling in force: the smaller of the asked one and
   *     the source's own
   * @param durationMicros length of a recording as its container states it
   */
  record SourceInfo(
      String codec,
      int width,
      int height,
      double framesPerSecond,
      double targetFramesPerSecond,
      OptionalLong durationMicros) {}

  /**
   * One sampled frame.
   *
   * @param mediaTimeMicros since the source's first picture
   * @param framesPerSecond rate in force: the frame stands for one over it
   * @param unmovedBefore pictures that were due since the frame before and were left out because
   *     nothing had moved
   * @param width of the JPEG in pixels
   * @param height of the JPEG in pixels
   * @param stamp its time as the source has it; of RTP, ticks since the first packet
   * @param captured when the link says that it was captured; null where no link knows
   */
  record DecodedFrame(
      long mediaTimeMicros,
      double framesPerSecond,
      long unmovedBefore,
      int width,
      int height,
      byte[] jpeg,
      long stamp,
      @Nullable ClockReading captured) {
    /** A frame of whose capture nothing is known but its media time. */
    DecodedFrame(
        long mediaTimeMicros,
        double framesPerSecond,
        long unmovedBefore,
        int width,
        int height,
        byte[] jpeg) {
      this(
          mediaTimeMicros,
          framesPerSecond,
          unmovedBefore,
          width,
          height,
          jpeg,
          mediaTimeMicros,
          null);
    }

    /** The same frame with what its link knows. */
    DecodedFrame capturedAt(@Nullable ClockReading reading) {
      return new DecodedFrame(
          mediaTimeMicros, framesPerSecond, unmovedBefore, width, height, jpeg, stamp, reading);
    }
  }

  /**
   * Why a source can not go on.
   *
   * @param message a sentence for people, without secrets
   * @param retry true when the decoder is to blame (it died or hung) and another may do better;
   *     false when the source itself is no video, has no picture, or broke
   * @param lockedOut true when it refuses the password: many tries could lock the account
   */
  record DecodeFailure(String message, boolean retry, boolean lockedOut) {
    DecodeFailure(String message, boolean retry) {
      this(message, retry, false);
    }
  }
}
