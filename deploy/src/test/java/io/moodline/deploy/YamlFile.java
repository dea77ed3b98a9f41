package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** A file of YAML documents, with anchors and merges resolved. A key that is there twice fails. */
final class YamlFile {
  private static final JsonMapper JSON = new JsonMapper();

  private YamlFile() {}

  static List<JsonNode> documents(Path file) throws IOException {
    LoaderOptions strict = new LoaderOptions();
    strict.setAllowDuplicateKeys(false);
    List<JsonNode> documents = new ArrayList<>();
    new Yaml(new SafeConstructor(strict))
        .loadAll(Files.readString(file))
        .forEach(document -> documents.add(JSON.valueToTree(document)));
    return documents;
  }

  static JsonNode only(Path file) throws IOException {
    List<JsonNode> documents = documents(file);
    assertThat(documents).hasSize(1);
    return documents.get(0);
  }
}
