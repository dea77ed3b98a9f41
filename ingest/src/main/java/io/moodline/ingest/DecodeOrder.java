package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import io.moodline.schemas.VideoContainer;
import java.net.InetAddress;
import java.nio.file.Path;

/** What is to be decoded, checked already: FFmpeg decides nothing about where pixels come from. */
sealed interface DecodeOrder {
  /** Frames to take per second of media. */
  double framesPerSecond();

  /**
   * A recording.
   *
   * @param file real path within the media folder
   * @param afterMicros media time of the last frame that was published already; -1 for none
   */
  record Recording(Path file, VideoContainer container, double framesPerSecond, long afterMicros)
      implements DecodeOrder {}

  /**
   * A camera in the network.
   *
   * @param uri with its credentials
   * @param address what the host's name was resolved to
   */
  record Rtsp(SourceUri uri, InetAddress address, double framesPerSecond) implements DecodeOrder {}

  /** A camera at this machine. */
  record Webcam(int index, double framesPerSecond) implements DecodeOrder {}
}
