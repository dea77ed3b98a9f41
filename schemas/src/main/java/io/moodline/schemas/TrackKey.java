package io.moodline.schemas;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;

/**
 * The key of a {@code TrackWindow}, as bytes that sort by stream, step, track and start: all whole
 * tracks of a stream stand together, and so do the seconds of each track.
 *
 * <p>Layout, big-endian: {@code uint16} length of the stream id, the id in UTF-8, {@code int64}
 * step in milliseconds, {@code int64} number of the track, {@code int64} start in milliseconds
 * since 1970 with the sign bit flipped. Thread-safe.
 *
 * @param track 0 or more
 */
public record TrackKey(String streamId, Duration step, long track, Instant start) {
  private static final Instant START_OF_TIME = Instant.ofEpochMilli(Long.MIN_VALUE);

  /** The key of what a whole track showed: it does not move with the track's start. */
  public static TrackKey whole(String streamId, long track) {
    return new TrackKey(streamId, Duration.ZERO, track, START_OF_TIME);
  }

  /** The key as bytes, comparable bytewise. */
  public byte[] encode() {
    byte[] id = streamId.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(2 + id.length + 24)
        .putShort((short) id.length)
        .put(id)
        .putLong(step.toMillis())
        .putLong(track)
        .putLong(start.toEpochMilli() ^ Long.MIN_VALUE)
        .array();
  }

  /**
   * Reads a key.
   *
   * @throws IllegalArgumentException when the bytes are no such key
   */
  public static TrackKey decode(byte[] bytes) {
    try {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      byte[] id = new byte[Short.toUnsignedInt(buffer.getShort())];
      if (buffer.remaining() != id.length + 24) {
        throw new IllegalArgumentException("not a track's key");
      }
      buffer.get(id);
      return new TrackKey(
          new String(id, StandardCharsets.UTF_8),
          Duration.ofMillis(buffer.getLong()),
          buffer.getLong(),
          Instant.ofEpochMilli(buffer.getLong() ^ Long.MIN_VALUE));
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("not a track's key", e);
    }
  }
}
