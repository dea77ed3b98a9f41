package io.moodline.schemas;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;

/**
 * The key of a {@code TimelineWindow}, as bytes that sort like the windows do: length-prefixed
 * stream, step, start.
 *
 * <p>Layout, big-endian: {@code uint16} length of the stream id, the id in UTF-8, {@code int64}
 * step in milliseconds, {@code int64} start in milliseconds since 1970 with the sign bit flipped,
 * so that instants before 1970 sort first. Thread-safe.
 */
public record TimelineKey(String streamId, Duration step, Instant start) {

  /** The key as bytes, comparable bytewise. */
  public byte[] encode() {
    byte[] id = streamId.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(2 + id.length + 16)
        .putShort((short) id.length)
        .put(id)
        .putLong(step.toMillis())
        .putLong(start.toEpochMilli() ^ Long.MIN_VALUE)
        .array();
  }

  /**
   * Reads a key.
   *
   * @throws IllegalArgumentException when the bytes are no such key
   */
  public static TimelineKey decode(byte[] bytes) {
    try {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      byte[] id = new byte[Short.toUnsignedInt(buffer.getShort())];
      if (buffer.remaining() != id.length + 16) {
        throw new IllegalArgumentException("not a timeline key");
      }
      buffer.get(id);
      return new TimelineKey(
          new String(id, StandardCharsets.UTF_8),
          Duration.ofMillis(buffer.getLong()),
          Instant.ofEpochMilli(buffer.getLong() ^ Long.MIN_VALUE));
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("not a timeline key", e);
    }
  }
}
