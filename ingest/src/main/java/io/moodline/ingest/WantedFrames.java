package io.moodline.ingest;

import io.moodline.schemas.v1.SamplingMode;
import io.moodline.schemas.v1.StreamSpec;

/**
 * Which frames of a source are asked for. Thread-safe.
 *
 * @param perSecond at most so many per second of media, above 0
 */
record WantedFrames(double perSecond, Mode mode) {
  /** What is taken of that which is due. */
  enum Mode {
    /** All of it. */
    RATE,
    /** Key frames alone: the others are not decoded where the codec can leave them out. */
    KEYFRAMES,
    /** Pictures in which something has moved, and enough others that no second is without one. */
    MOTION
  }

  /** Frames at a rate. */
  static WantedFrames rate(double perSecond) {
    return new WantedFrames(perSecond, Mode.RATE);
  }

  /** What a user asked for. */
  static WantedFrames of(StreamSpec spec) {
    SamplingMode mode = spec.getSampling();
    return new WantedFrames(
        spec.getTargetFramesPerSecond(), mode == null ? Mode.RATE : Mode.valueOf(mode.name()));
  }
}
