package io.moodline.schemas;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;

/**
 * The schemas of earlier releases, so that a record which one of them wrote can be read without a
 * registry: single-object encoding names the writer's schema by its fingerprint only. They lie in a
 * folder per release, and {@code index} names the files, those that others refer to first.
 * Thread-safe.
 */
final class ReleasedSchemas {
  private static final Map<String, List<Schema>> BY_NAME = byName(read());

  private ReleasedSchemas() {}

  /** What a record was written with in each release that knew it, by its full name. */
  static List<Schema> of(String fullName) {
    return BY_NAME.getOrDefault(fullName, List.of());
  }

  private static Map<String, List<Schema>> byName(List<Schema> schemas) {
    Map<String, List<Schema>> byName = new HashMap<>();
    schemas.forEach(
        schema ->
            byName.computeIfAbsent(schema.getFullName(), name -> new ArrayList<>()).add(schema));
    return Map.copyOf(byName);
  }

  /** Every schema of every release. */
  private static List<Schema> read() {
    List<Schema> schemas = new ArrayList<>();
    Map<String, Schema.Parser> parsers = new HashMap<>();
    for (String path : text("index").lines().toList()) {
      String release = path.substring(0, path.indexOf('/'));
      Schema.Parser parser = parsers.computeIfAbsent(release, name -> new Schema.Parser());
      schemas.add(parser.parse(text(path)));
    }
    return schemas;
  }

  private static String text(String path) {
    try (InputStream in = ReleasedSchemas.class.getResourceAsStream("/released/" + path)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks /released/" + path);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
