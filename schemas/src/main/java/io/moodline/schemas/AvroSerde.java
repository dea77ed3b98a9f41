package io.moodline.schemas;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificRecord;
import org.apache.avro.util.ClassSecurityValidator;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Avro records in single-object encoding: two marker bytes, the schema's 8-byte fingerprint, the
 * record (Avro specification 1.12, "Single-object encoding").
 *
 * <p>Bytes from a topic are hostile until read: collections, strings and byte fields are bounded
 * before anything is allocated, and only Moodline's own generated classes are ever instantiated.
 * Thread-safe.
 */
public final class AvroSerde<T extends SpecificRecord> implements Serde<T> {
  static {
    // Read once by Avro when its classes load, so set before the first decoder is touched.
    limit("org.apache.avro.limits.bytes.maxLength", Topics.MAX_RECORD_BYTES);
    limit("org.apache.avro.limits.string.maxLength", 1024 * 1024);
    limit("org.apache.avro.limits.collectionItems.maxLength", 100_000);
    ClassSecurityValidator.setGlobal(
        ClassSecurityValidator.composite(
            ClassSecurityValidator.getGlobal(),
            type -> type.getName().startsWith("io.moodline.schemas.v1.")));
  }

  private final BinaryMessageEncoder<T> encoder;
  private final BinaryMessageDecoder<T> decoder;

  AvroSerde(BinaryMessageEncoder<T> encoder, BinaryMessageDecoder<T> decoder) {
    this.encoder = encoder;
    this.decoder = decoder;
  }

  private static void limit(String key, int value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, Integer.toString(value));
    }
  }

  /** The record's bytes. */
  public byte[] encode(T value) {
    try {
      ByteBuffer buffer = encoder.encode(value);
      byte[] bytes = new byte[buffer.remaining()];
      buffer.get(bytes);
      return bytes;
    } catch (IOException | AvroRuntimeException e) {
      throw new SerializationException("a record does not fit its schema: " + e.getMessage(), e);
    }
  }

  /**
   * Reads one record.
   *
   * @throws UnreadableRecordException when the bytes are not such a record: cut off, of an unknown
   *     schema, too large
   */
  public T decode(byte[] bytes) {
    try {
      return decoder.decode(bytes);
    } catch (IOException | RuntimeException e) {
      // Avro reports broken input through many runtime exceptions, index errors among them.
      throw new UnreadableRecordException(e);
    }
  }

  @Override
  public Serializer<T> serializer() {
    return (topic, value) -> value == null ? null : encode(value);
  }

  @Override
  public Deserializer<T> deserializer() {
    return (topic, bytes) -> read(bytes);
  }

  private @Nullable T read(byte @Nullable [] bytes) {
    return bytes == null ? null : decode(bytes);
  }

  /** Bytes that are not the record they should be. The message holds no content of the record. */
  public static final class UnreadableRecordException extends SerializationException {
    private static final long serialVersionUID = 1L;

    UnreadableRecordException(Throwable cause) {
      super("unreadable record (" + cause.getClass().getSimpleName() + ")", cause);
    }
  }
}
