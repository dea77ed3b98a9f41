package io.moodline.schemas;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.message.BinaryMessageDecoder;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificRecord;
import org.apache.avro.util.ClassSecurityValidator;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * Avro records in single-object encoding: two marker bytes, the schema's 8-byte fingerprint, the
 * record (Avro specification 1.12, "Single-object encoding"). With a registry ({@link #use}) they
 * are written in Confluent's wire format instead: a zero byte, the schema's number in four bytes,
 * the record. Both are read, so a registry can be introduced while topics hold records, and so is
 * what earlier releases wrote, see {@link ReleasedSchemas}.
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

  /** Marker and fingerprint of single-object encoding. */
  private static final int HEADER_BYTES = 10;

  /** Zero byte and number of the registry's format. */
  private static final int NUMBERED_BYTES = 5;

  private static volatile @Nullable SchemaIds registry;

  /** A number of one registry: another one's may mean something else. */
  private record Numbered(SchemaIds ids, int id) {}

  private final Map<Numbered, byte[]> headers = new ConcurrentHashMap<>();
  private final BinaryMessageEncoder<T> encoder;
  private final BinaryMessageDecoder<T> decoder;

  AvroSerde(BinaryMessageEncoder<T> encoder, BinaryMessageDecoder<T> decoder) {
    this.encoder = encoder;
    this.decoder = decoder;
  }

  /** Makes records of earlier releases readable, whose bytes name their schema by fingerprint. */
  AvroSerde<T> withReleased(Schema current) {
    ReleasedSchemas.of(current.getFullName()).stream()
        .filter(writer -> fingerprint(writer) != fingerprint(current))
        .forEach(decoder::addSchema);
    return this;
  }

  private static long fingerprint(Schema schema) {
    return SchemaNormalization.parsingFingerprint64(schema);
  }

  private static void limit(String key, int value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, Integer.toString(value));
    }
  }

  /** Makes all serdes of this process write for a registry; null ends that. */
  public static void use(@Nullable SchemaIds ids) {
    registry = ids;
  }

  /** The record's bytes. */
  public byte[] encode(T value) {
    SchemaIds ids = registry;
    byte[] bytes = encodeInside(value);
    return ids == null ? bytes : number(bytes, ids.idOf(value.getSchema()));
  }

  /**
   * The bytes of a record that goes inside another one, or never leaves the process: they name
   * their schema themselves, whatever topics hold.
   */
  public byte[] encodeInside(T value) {
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
   * @throws SchemaUnavailableException when the registry does not say what their schema is: they
   *     may be sound
   */
  public T decode(byte[] bytes) {
    try {
      boolean numbered = bytes.length >= NUMBERED_BYTES && bytes[0] == 0;
      return decoder.decode(numbered ? unnumber(bytes) : bytes);
    } catch (SchemaUnavailableException | InterruptException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Avro reports broken input through many runtime exceptions, index errors among them.
      throw new UnreadableRecordException(e);
    }
  }

  private static byte[] number(byte[] bytes, int id) {
    return ByteBuffer.allocate(NUMBERED_BYTES + bytes.length - HEADER_BYTES)
        .put((byte) 0)
        .putInt(id)
        .put(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES)
        .array();
  }

  /**
   * Where a record begins in bytes that were written by the schema with a header of Avro's own
   * encoding; -1 in others, and where a number was not met before.
   */
  int bodyOf(byte[] bytes, byte[] header) {
    if (bytes.length >= HEADER_BYTES
        && Arrays.equals(bytes, 0, HEADER_BYTES, header, 0, HEADER_BYTES)) {
      return HEADER_BYTES;
    }
    SchemaIds ids = registry;
    boolean same =
        ids != null
            && bytes.length >= NUMBERED_BYTES
            && bytes[0] == 0
            && Arrays.equals(headers.get(numbered(ids, bytes)), header);
    return same ? NUMBERED_BYTES : -1;
  }

  private static Numbered numbered(SchemaIds ids, byte[] bytes) {
    return new Numbered(ids, ByteBuffer.wrap(bytes, 1, Integer.BYTES).getInt());
  }

  private byte[] unnumber(byte[] bytes) {
    SchemaIds ids = registry;
    if (ids == null) {
      throw new SerializationException("a numbered record, and no registry is set");
    }
    Numbered numbered = numbered(ids, bytes);
    byte[] header = headers.get(numbered);
    if (header == null) {
      header = learn(numbered);
      headers.put(numbered, header);
    }
    return ByteBuffer.allocate(HEADER_BYTES + bytes.length - NUMBERED_BYTES)
        .put(header)
        .put(bytes, NUMBERED_BYTES, bytes.length - NUMBERED_BYTES)
        .array();
  }

  /** Tells the decoder what a number's schema is, and what stands for it in its own encoding. */
  private byte[] learn(Numbered numbered) {
    Schema schema = numbered.ids().schemaOf(numbered.id());
    decoder.addSchema(schema);
    return header(schema);
  }

  /** What single-object encoding begins with. */
  static byte[] header(Schema schema) {
    try {
      return ByteBuffer.allocate(HEADER_BYTES)
          .put((byte) 0xC3)
          .put((byte) 1)
          .put(SchemaNormalization.parsingFingerprint("CRC-64-AVRO", schema))
          .array();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Avro has CRC-64-AVRO", e);
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
