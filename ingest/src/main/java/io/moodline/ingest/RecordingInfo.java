package io.moodline.ingest;

import java.time.Duration;
import java.util.Optional;

/**
 * What a recording is, found by decoding its first picture.
 *
 * @param codec FFmpeg's name, for example {@code h264}
 * @param width of the picture as it is shown, pixels
 * @param height of the picture as it is shown, pixels
 * @param framesPerSecond of the recording; 0 where its container does not say
 * @param duration as its container states it
 */
public record RecordingInfo(
    String codec, int width, int height, double framesPerSecond, Optional<Duration> duration) {}
