package io.moodline.schemas;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * The key of an {@code Alert} in {@code alert-history.v1}, as bytes that sort by stream, start and
 * rule.
 *
 * <p>Layout, big-endian: {@code uint16} length of the stream id, the id in UTF-8, {@code int64}
 * start in microseconds since 1970 with the sign bit flipped, the rule's id in UTF-8. Thread-safe.
 *
 * @param start to the microsecond
 * @param ruleId empty sorts before all rules
 */
public record AlertKey(String streamId, Instant start, String ruleId) {

  /** The key as bytes, comparable bytewise. */
  public byte[] encode() {
    byte[] id = streamId.getBytes(StandardCharsets.UTF_8);
    byte[] rule = ruleId.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(2 + id.length + 8 + rule.length)
        .putShort((short) id.length)
        .put(id)
        .putLong(startMicros() ^ Long.MIN_VALUE)
        .put(rule)
        .array();
  }

  /** The start in microseconds since 1970. */
  public long startMicros() {
    return Math.addExact(
        Math.multiplyExact(start.getEpochSecond(), 1_000_000L), start.getNano() / 1000);
  }

  /**
   * Reads a key.
   *
   * @throws IllegalArgumentException when the bytes are no such key
   */
  public static AlertKey decode(byte[] bytes) {
    try {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      byte[] id = new byte[Short.toUnsignedInt(buffer.getShort())];
      buffer.get(id);
      long micros = buffer.getLong() ^ Long.MIN_VALUE;
      byte[] rule = new byte[buffer.remaining()];
      buffer.get(rule);
      return new AlertKey(
          new String(id, StandardCharsets.UTF_8),
          Instant.EPOCH.plus(micros, ChronoUnit.MICROS),
          new String(rule, StandardCharsets.UTF_8));
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException("not an alert's key", e);
    }
  }
}
