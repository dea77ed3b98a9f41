package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** The OpenAPI document as the server hands it out, held against what the server does. */
final class ApiDescription {
  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

  private final JsonNode document;

  ApiDescription(String yaml) throws IOException {
    document = new YAMLMapper().readTree(yaml);
  }

  JsonNode at(String pointer) {
    return document.at(pointer);
  }

  String version() {
    return document.get("openapi").textValue();
  }

  /** Every described way in, as method and path. */
  Set<String> routes() {
    Set<String> routes = new TreeSet<>();
    document
        .get("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        method -> {
                          if (METHODS.contains(method)) {
                            routes.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey());
                          }
                        }));
    return routes;
  }

  String role(String method, String path) {
    return document
        .get("paths")
        .get(path)
        .get(method.toLowerCase(Locale.ROOT))
        .get("x-role")
        .textValue();
  }

  /** Checks an answer's fields, types and words against a schema, deeply. */
  void check(String schema, JsonNode answer) {
    List<String> wrong = new ArrayList<>();
    compare(schema, document.at("/components/schemas/" + schema), answer, wrong);
    assertThat(wrong).as(answer.toString()).isEmpty();
  }

  private void compare(String where, JsonNode schema, JsonNode value, List<String> wrong) {
    if (schema.has("$ref")) {
      compare(where, document.at(schema.get("$ref").textValue().substring(1)), value, wrong);
      return;
    }
    Set<String> types = new TreeSet<>();
    JsonNode type = schema.path("type");
    type.forEach(it -> types.add(it.textValue()));
    if (type.isTextual()) {
      types.add(type.textValue());
    }
    if (types.isEmpty()
        || !types.contains(type(value)) && !(types.contains("number") && value.isNumber())) {
      wrong.add(where + " is " + type(value) + ", not " + types);
    }
    if (schema.has("enum") && !value.isNull()) {
      List<String> words = new ArrayList<>();
      schema.get("enum").forEach(word -> words.add(word.asText()));
      if (!words.contains(value.asText())) {
        wrong.add(where + " is " + value + ", not one of " + words);
      }
    }
    if (value.isArray()) {
      value.forEach(item -> compare(where + "[]", schema.get("items"), item, wrong));
    } else if (value.isObject()) {
      compareFields(where, schema, value, wrong);
    }
  }

  private void compareFields(String where, JsonNode schema, JsonNode value, List<String> wrong) {
    schema
        .path("required")
        .forEach(
            name -> {
              if (!value.has(name.textValue())) {
                wrong.add(where + "." + name.textValue() + " is missing");
              }
            });
    for (var field : value.properties()) {
      JsonNode described = schema.path("properties").path(field.getKey());
      JsonNode fitting =
          described.isMissingNode() ? schema.path("additionalProperties") : described;
      if (fitting.isMissingNode()) {
        wrong.add(where + "." + field.getKey() + " is not described");
      } else {
        compare(where + "." + field.getKey(), fitting, field.getValue(), wrong);
      }
    }
  }

  private static String type(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT -> "object";
      case ARRAY -> "array";
      case STRING -> "string";
      case BOOLEAN -> "boolean";
      case NULL -> "null";
      case NUMBER -> value.isIntegralNumber() ? "integer" : "number";
      default -> "nothing";
    };
  }
}
