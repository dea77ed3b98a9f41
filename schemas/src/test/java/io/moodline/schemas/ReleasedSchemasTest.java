package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.specific.SpecificRecord;
import org.apache.avro.util.RandomData;
import org.junit.jupiter.api.Test;

class ReleasedSchemasTest {
  private static final Path RELEASED = Path.of("src/main/resources/released");
  private static final int HEADER_BYTES = 10;

  @Test
  void recordsOfEveryReleaseAreReadWithoutARegistry() throws Exception {
    int schemas = 0;
    for (Map.Entry<String, AvroSerde<?>> entry : serdes().entrySet()) {
      for (Schema writer : ReleasedSchemas.of(entry.getKey())) {
        schemas++;
        for (Object made : new RandomData(writer, 20, 7)) {
          check(writer, (GenericRecord) made, entry.getValue());
        }
      }
    }
    assertThat(schemas).isGreaterThanOrEqualTo(13);
  }

  /** The same as Avro itself makes of the old bytes under the current schema. */
  private static void check(Schema writer, GenericRecord made, AvroSerde<?> serde)
      throws IOException {
    ByteBuffer encoded =
        new BinaryMessageEncoder<GenericRecord>(new GenericData(), writer).encode(made);
    byte[] bytes = new byte[encoded.remaining()];
    encoded.get(bytes);
    SpecificRecord read = serde.decode(bytes);
    Schema reader = read.getSchema();
    GenericRecord expected = generic(writer, reader, bytes);
    assertThat(generic(reader, reader, encode(serde, read)))
        .as(writer.getFullName())
        .isEqualTo(expected);
  }

  @SuppressWarnings("unchecked")
  private static <T extends SpecificRecord> byte[] encode(AvroSerde<T> serde, SpecificRecord it) {
    return serde.encode((T) it);
  }

  private static GenericRecord generic(Schema writer, Schema reader, byte[] bytes)
      throws IOException {
    return new GenericDatumReader<GenericRecord>(writer, reader, new GenericData())
        .read(
            null,
            DecoderFactory.get()
                .binaryDecoder(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES, null));
  }

  @Test
  void aSchemaThatNoReleaseKnewIsRefused() throws Exception {
    Schema strange =
        new Schema.Parser()
            .parse(
                """
                {"type": "record", "name": "Rule", "namespace": "io.moodline.schemas.v1",
                 "fields": [{"name": "id", "type": "string"}]}
                """);
    GenericRecord record = new GenericData.Record(strange);
    record.put("id", "loud");
    ByteBuffer encoded =
        new BinaryMessageEncoder<GenericRecord>(new GenericData(), strange).encode(record);
    byte[] bytes = new byte[encoded.remaining()];
    encoded.get(bytes);
    assertThatThrownBy(() -> Serdes.RULE.decode(bytes))
        .isInstanceOf(UnreadableRecordException.class);
  }

  @Test
  void theIndexNamesEveryFile() throws Exception {
    try (Stream<Path> files = Files.walk(RELEASED)) {
      List<String> found =
          files
              .filter(file -> file.toString().endsWith(".avsc"))
              .map(file -> RELEASED.relativize(file).toString().replace('\\', '/'))
              .toList();
      assertThat(Files.readAllLines(RELEASED.resolve("index")))
          .containsExactlyInAnyOrderElementsOf(found);
    }
  }

  /** All serdes, by the full name of their records. */
  private static Map<String, AvroSerde<?>> serdes() throws IllegalAccessException {
    Map<String, AvroSerde<?>> serdes = new HashMap<>();
    for (Field field : Serdes.class.getDeclaredFields()) {
      if (field.getType() == AvroSerde.class) {
        var type = ((ParameterizedType) field.getGenericType()).getActualTypeArguments()[0];
        serdes.put(type.getTypeName(), (AvroSerde<?>) field.get(null));
      }
    }
    return serdes;
  }
}
