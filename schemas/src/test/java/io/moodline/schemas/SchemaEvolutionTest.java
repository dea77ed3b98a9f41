package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.SchemaCompatibility.SchemaPairCompatibility;
import org.junit.jupiter.api.Test;

/**
 * Every schema can read what its last released version wrote (BACKWARD). {@code released/} holds a
 * folder per release: a release adds the files of {@code src/main/avro} as the next one, and names
 * them in {@code index}.
 */
class SchemaEvolutionTest {
  private static final Path LAST_RELEASE = Path.of("src/main/resources/released/1");

  /** Named types that others refer to, so they are read first. */
  private static final List<String> SHARED =
      List.of(
          "StreamKind.avsc",
          "TimeSource.avsc",
          "Box.avsc",
          "EndOfRun.avsc",
          "FaceQuality.avsc",
          "FrameFaces.avsc",
          "OpenWindow.avsc",
          "TrackWindow.avsc");

  private static List<Schema> read(Path folder) throws IOException {
    Schema.Parser parser = new Schema.Parser();
    List<Schema> schemas = new ArrayList<>();
    for (String name : SHARED) {
      if (Files.exists(folder.resolve(name))) {
        schemas.add(parser.parse(folder.resolve(name).toFile()));
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        if (!SHARED.contains(file.getFileName().toString())) {
          schemas.add(parser.parse(file.toFile()));
        }
      }
    }
    return schemas;
  }

  @Test
  void everySchemaReadsWhatItsLastReleaseWrote() throws Exception {
    List<Schema> released = read(LAST_RELEASE);
    List<Schema> current = read(Path.of("src/main/avro"));
    assertThat(released).hasSizeGreaterThan(10);
    for (Schema writer : released) {
      Schema reader =
          current.stream()
              .filter(schema -> schema.getFullName().equals(writer.getFullName()))
              .findFirst()
              .orElseThrow(() -> new AssertionError(writer.getFullName() + " is gone"));
      SchemaPairCompatibility pair =
          SchemaCompatibility.checkReaderWriterCompatibility(reader, writer);
      assertThat(pair.getType())
          .as(writer.getFullName() + ": " + pair.getResult().getIncompatibilities())
          .isEqualTo(SchemaCompatibilityType.COMPATIBLE);
    }
  }

  @Test
  void findsAFieldThatOldRecordsLack() throws Exception {
    Schema writer = read(LAST_RELEASE).get(1);
    Schema reader =
        new Schema.Parser()
            .parse(
                writer
                    .toString()
                    .replaceFirst(
                        "\"fields\":\\[", "\"fields\":[{\"name\":\"added\",\"type\":\"long\"},"));
    assertThat(SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getType())
        .isEqualTo(SchemaCompatibilityType.INCOMPATIBLE);
  }

  @Test
  void documentsEveryFieldOfEverySchema() throws Exception {
    for (Schema schema : read(Path.of("src/main/avro"))) {
      assertThat(schema.getDoc()).as(schema.getFullName()).isNotBlank();
      if (schema.getType() == Schema.Type.RECORD) {
        assertThat(schema.getFields())
            .allSatisfy(
                field ->
                    assertThat(field.doc()).as(schema.getName() + "." + field.name()).isNotBlank());
      }
    }
  }
}
