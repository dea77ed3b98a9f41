package io.moodline.ingest;

/**
 * Which frames of a source are taken: media time is cut into slots of one over the rate, and the
 * first frame of each new slot is the slot's. It depends on media time alone, so the same recording
 * gives the same frames at any speed. Confined to one thread.
 */
final class Sampling {
  /**
   * By how much a frame may come early: containers round times to milliseconds, and a frame that is
   * due at 0.1 s must not fall into the slot before because it says 0.0995.
   */
  private static final long EARLY_MICROS = 600;

  private final double framesPerSecond;
  private long lastSlot = -1;
  private long slotsPassed = 1;

  /**
   * Sampling of one source.
   *
   * @param asked frames per second of media that are wanted
   * @param source the source's own rate; 0 where it does not say
   */
  Sampling(double asked, double source) {
    this.framesPerSecond = source > 0 ? Math.min(asked, source) : asked;
  }

  /** The rate in force: the smaller of the asked one and the source's own. */
  double framesPerSecond() {
    return framesPerSecond;
  }

  /** Whether the frame at a media time is taken. Times that go back are never taken. */
  boolean takes(long mediaTimeMicros) {
    long slot = (long) Math.floor((mediaTimeMicros + EARLY_MICROS) * framesPerSecond / 1e6);
    if (slot <= lastSlot) {
      return false;
    }
    slotsPassed = slot - lastSlot;
    lastSlot = slot;
    return true;
  }

  /** Slots from the frame that was taken before the last one to the last one, 1 or more. */
  long slotsPassed() {
    return slotsPassed;
  }
}
