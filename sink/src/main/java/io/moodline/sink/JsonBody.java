package io.moodline.sink;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import io.moodline.schemas.ModelNames;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;

/**
 * The JSON object in a request's body, read strictly: a field that is not known, of another type or
 * given twice is refused by name, so that a typing mistake is never silently without effect.
 * Confined to the request's thread.
 */
final class JsonBody {
  static final int MAX_BYTES = 1_000_000;

  private static final int MAX_WORDS = 200;
  private static final int BUFFER_BYTES = 16 * 1024;
  private static final Duration LONGEST = Duration.ofSeconds(30);

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final ObjectNode object;

  private JsonBody(ObjectNode object) {
    this.object = object;
  }

  static JsonBody read(Context ctx, Set<String> known) {
    String type = ctx.contentType();
    if (type == null || !type.split(";", 2)[0].strip().equalsIgnoreCase("application/json")) {
      throw Problem.of(415, "send the body as Content-Type: application/json");
    }
    if (ctx.header("Content-Encoding") != null) {
      throw Problem.of(415, "send the body as it is, without Content-Encoding");
    }
    JsonNode node = parse(bytes(ctx));
    if (!(node instanceof ObjectNode object)) {
      throw Problem.malformed("the body is no JSON object");
    }
    object
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!known.contains(name)) {
                throw Problem.malformed(
                    "field '"
                        + shown(name)
                        + "' is not known: known are "
                        + String.join(", ", new java.util.TreeSet<>(known)));
              }
            });
    return new JsonBody(object);
  }

  private static byte[] bytes(Context ctx) {
    long begun = System.nanoTime();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] buffer = new byte[BUFFER_BYTES];
    try {
      InputStream in = ctx.req().getInputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        bytes.write(buffer, 0, n);
        if (bytes.size() > MAX_BYTES) {
          throw Problem.of(413, "the body is larger than " + MAX_BYTES + " bytes");
        }
        if (System.nanoTime() - begun > LONGEST.toNanos()) { // it holds a thread meanwhile
          throw Problem.malformed("the body took longer than " + LONGEST.toSeconds() + " s");
        }
      }
      return bytes.toByteArray();
    } catch (IOException e) {
      throw Problem.malformed("the body ended early");
    }
  }

  private static JsonNode parse(byte[] bytes) {
    try {
      return MAPPER.readTree(bytes);
    } catch (JsonProcessingException e) {
      // Not Jackson's message: it quotes the body, and the body may hold a password.
      var where = e.getLocation();
      throw Problem.malformed(
          "the body is no valid JSON"
              + (where == null
                  ? ""
                  : ": look at line " + where.getLineNr() + ", column " + where.getColumnNr()));
    } catch (IOException e) {
      throw Problem.malformed("the body is no valid JSON");
    }
  }

  /** A text; empty when it is absent or null. */
  Optional<String> text(String name, int maxLength) {
    JsonNode node = object.get(name);
    if (node == null || node.isNull()) {
      return Optional.empty();
    }
    if (!node.isTextual()) {
      throw Problem.malformed("field '" + name + "' is no text");
    }
    String text = node.textValue();
    if (text.length() > maxLength) {
      throw Problem.unprocessable(
          "field '" + name + "' is longer than " + maxLength + " characters");
    }
    return Optional.of(text);
  }

  /** A bundle's name in the field {@code model}; empty when it is absent or null. */
  Optional<String> model() {
    try {
      return text("model", 200).map(ModelNames::check);
    } catch (IllegalArgumentException e) {
      throw Problem.unprocessable(String.valueOf(e.getMessage()));
    }
  }

  OptionalDouble number(String name) {
    JsonNode node = object.get(name);
    if (node == null || node.isNull()) {
      return OptionalDouble.empty();
    }
    if (!node.isNumber()) {
      throw Problem.malformed("field '" + name + "' is no number");
    }
    return OptionalDouble.of(node.doubleValue());
  }

  /** True or false; empty when it is absent or null. */
  Optional<Boolean> flag(String name) {
    JsonNode node = object.get(name);
    if (node == null || node.isNull()) {
      return Optional.empty();
    }
    if (!node.isBoolean()) {
      throw Problem.malformed("field '" + name + "' is neither true nor false");
    }
    return Optional.of(node.booleanValue());
  }

  /** A list of texts, at most 200; empty when it is absent or null. */
  List<String> words(String name) {
    JsonNode node = object.get(name);
    if (node == null || node.isNull()) {
      return List.of();
    }
    List<String> words = new ArrayList<>();
    if (node.isArray() && node.size() <= MAX_WORDS) {
      node.forEach(word -> words.add(word.isTextual() ? word.textValue() : ""));
    }
    if (words.size() != node.size() || words.contains("") || !node.isArray()) {
      throw Problem.malformed("field '" + name + "' is no list of at most " + MAX_WORDS + " texts");
    }
    return words;
  }

  /** A map of texts; empty when it is absent or null. */
  Map<String, String> texts(String name) {
    JsonNode node = object.get(name);
    if (node == null || node.isNull()) {
      return Map.of();
    }
    if (!node.isObject()) {
      throw Problem.malformed("field '" + name + "' is no object of texts");
    }
    Map<String, String> texts = new TreeMap<>();
    node.properties()
        .forEach(
            entry -> {
              if (!entry.getValue().isTextual()) {
                throw Problem.malformed("field '" + name + "' holds something other than texts");
              }
              texts.put(entry.getKey(), entry.getValue().textValue());
            });
    return texts;
  }

  private static String shown(String name) {
    String clean = name.replaceAll("\\p{Cntrl}", "?");
    return clean.length() > 60 ? clean.substring(0, 60) + "..." : clean;
  }
}
