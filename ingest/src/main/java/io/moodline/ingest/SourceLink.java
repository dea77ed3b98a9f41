package io.moodline.ingest;

import java.io.IOException;
import java.net.Socket;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The way to one network source: speaks to it in Java, and passes on to the decoder child, over
 * loopback, bytes of a kind that is known. Confined to its thread, but for {@link #captured} and
 * {@link #close}.
 */
interface SourceLink extends AutoCloseable {
  /**
   * What the child is told.
   *
   * @param protocol {@code rtsp} or {@code http}
   * @param demuxer of FFmpeg
   * @param options of the demuxer
   * @param paced whether pictures come in bursts, so that the decoder has to keep time
   */
  record Ready(String protocol, String demuxer, Map<String, String> options, boolean paced) {
    public Ready {
      options = Map.copyOf(options);
    }
  }

  /**
   * Agrees with the source on what it sends.
   *
   * @throws IOException when the source can not be read
   * @throws io.moodline.runtime.UserException when it leads to where nothing is read
   */
  Ready open() throws IOException, SourceException;

  /**
   * Passes the source on until it ends or the player goes away.
   *
   * @param player the child's connection, from which nothing was read yet
   * @param path what the child has to ask for
   * @return false when the player asked for something else, and nothing was lost by it
   */
  boolean serve(Socket player, String path, SourceBytes bytes) throws IOException, SourceException;

  /**
   * When a picture was captured; null where the link can not know. Thread-safe.
   *
   * @param stamp of the picture, as the child has it
   */
  default @Nullable ClockReading captured(long stamp) {
    return null;
  }

  /** Ends {@link #open} and {@link #serve} in whatever they do. Thread-safe. */
  @Override
  void close();
}
