package io.moodline.schemas;

import io.moodline.schemas.v1.TimeSource;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was found when a source was looked at for a few seconds. Thread-safe.
 *
 * @param codec FFmpeg's name, for example {@code h264}
 * @param width of the picture as it is shown, pixels
 * @param height of the picture as it is shown, pixels
 * @param statedFramesPerSecond what the source says; 0 where it does not
 * @param measuredFramesPerSecond by its own times; 0 where too few pictures came
 * @param duration of a recording, as its container states it
 * @param clock how its times run
 * @param captureTime what is known of the moments at which a live source's pictures were taken
 * @param smallestFacePixels smaller faces are lost, in pixels of the source's picture
 * @param smallestFaceShare the same as a part of the picture's width, 0 to 1
 * @param farthestFaceMetres where an adult's face of 16 cm is as small as that, behind a lens that
 *     sees 60 degrees
 */
public record SourceReport(
    String codec,
    int width,
    int height,
    double statedFramesPerSecond,
    double measuredFramesPerSecond,
    Optional<Duration> duration,
    Clock clock,
    Optional<CaptureTime> captureTime,
    int smallestFacePixels,
    double smallestFaceShare,
    double farthestFaceMetres) {
  /** How a source's times run. */
  public enum Clock {
    /** Evenly, and as fast as the clock on the wall. */
    STEADY,
    /** With steps of very different lengths. */
    UNEVEN,
    /** Faster than the clock on the wall. */
    FAST,
    /** More slowly than the clock on the wall. */
    SLOW,
    /** Too few pictures came to tell. */
    UNKNOWN
  }

  /**
   * How well the capture time of a live source's last picture is known.
   *
   * @param uncertaintyMicros by how much it may be wrong beside the others, microseconds
   * @param mediaClockDriftPpm by how many millionths the media clock is fast; null while 10 s have
   *     not been seen
   * @param senderClockOffsetMicros by how much the source's own clock is ahead of the arrival of
   *     its packets here, microseconds; null without sender reports
   */
  public record CaptureTime(
      TimeSource source,
      long uncertaintyMicros,
      @Nullable Double mediaClockDriftPpm,
      @Nullable Long senderClockOffsetMicros) {}
}
