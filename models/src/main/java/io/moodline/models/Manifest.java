package io.moodline.models;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * What {@code model.json} says of a bundle.
 *
 * @param labels class names in the network's index order
 * @param temperature what the logits are divided by before the softmax
 * @param gate when a label is withheld
 * @param metrics measured figures, each with its data set and protocol
 * @param files SHA-256 of every other file of the bundle, by path with forward slashes
 */
record Manifest(
    String name,
    String architecture,
    List<String> labels,
    InputSpec input,
    CropTemplate crop,
    double temperature,
    Gate gate,
    JsonNode metrics,
    String licence,
    Map<String, String> files) {

  static final String FILE = "model.json";
  static final String MODEL = "model.onnx";
  static final String CANARIES = "canaries/canaries.json";
  static final String CARD = "MODEL_CARD.md";

  static final ObjectMapper JSON = JsonMapper.builder().build();
  private static final int FORMAT = 1;
  private static final int MOST_LABELS = 100;
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
  private static final Pattern LABEL = Pattern.compile("[a-z][a-z0-9_-]{0,31}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern FILE_NAME =
      Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)?");

  Manifest {
    labels = List.copyOf(labels);
    files = Map.copyOf(files);
  }

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  static String checkName(String name) {
    if (!isName(name)) {
      throw new BundleException(
          "model name \""
              + name
              + "\" must be at most 64 lower-case letters, digits, dots, dashes and underscores");
    }
    return name;
  }

  static void checkLabels(List<String> labels, String where) {
    if (labels.size() < 2 || labels.size() > MOST_LABELS) {
      throw new BundleException(where + ": a model needs 2 to " + MOST_LABELS + " labels");
    }
    for (String label : labels) {
      if (!LABEL.matcher(label).matches()) {
        throw new BundleException(
            where + ": label \"" + label + "\" must be a lower-case word such as happiness");
      }
    }
    if (new HashSet<>(labels).size() < labels.size()) {
      throw new BundleException(where + ": a label is there twice in " + labels);
    }
  }

  static Manifest parse(byte[] json, String where) {
    try {
      JsonNode root = JSON.readTree(json);
      if (root.path("format").asInt() != FORMAT) {
        throw new BundleException(
            where + ": format is " + root.path("format") + "; this program reads " + FORMAT);
      }
      JsonNode input = object(root, "input", where);
      String pixels =
          String.join(
              " ",
              text(input, "dtype", where),
              text(input, "layout", where),
              text(input, "colour", where));
      if (!pixels.equals("uint8 NHWC RGB")) {
        throw new BundleException(where + ": input is " + pixels + "; must be uint8 NHWC RGB");
      }
      JsonNode crop = object(root, "crop", where);
      Map<String, Double> sides = new TreeMap<>();
      for (Map.Entry<String, JsonNode> side : crop.path("side").properties()) {
        sides.put(side.getKey(), side.getValue().asDouble());
      }
      List<Double> points = new ArrayList<>();
      crop.path("points").forEach(share -> points.add(share.asDouble(Double.NaN)));
      double temperature =
          object(root, "calibration", where).path("temperature").asDouble(Double.NaN);
      if (!(temperature > 0.01 && temperature < 100)) {
        throw new BundleException(
            where + ": calibration.temperature must be above 0.01, below 100");
      }
      List<String> labels = new ArrayList<>();
      root.path("labels").forEach(label -> labels.add(label.asText()));
      checkLabels(labels, where);
      return new Manifest(
          checkName(text(root, "name", where)),
          text(root, "architecture", where),
          labels,
          new InputSpec(
              input.path("width").asInt(),
              input.path("height").asInt(),
              input.path("channels").asInt(),
              MaskKind.of(input.path("mask").asText("none"), where)),
          new CropTemplate(
              text(crop, "kind", where), sides, points, crop.path("foundOn").asText("")),
          temperature,
          Gate.parse(root.path("gate"), where),
          root.path("metrics"),
          text(root, "licence", where),
          files(object(root, "files", where), where));
    } catch (IOException e) {
      throw new BundleException(where + " is no JSON: fetch or make the bundle again", e);
    } catch (IllegalArgumentException e) {
      throw new BundleException(where + ": " + e.getMessage(), e);
    }
  }

  private static Map<String, String> files(JsonNode node, String where) {
    Map<String, String> files = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> file : node.properties()) {
      if (!FILE_NAME.matcher(file.getKey()).matches()) {
        throw new BundleException(where + ": file \"" + file.getKey() + "\" is outside the bundle");
      }
      if (!SHA256.matcher(file.getValue().asText()).matches()) {
        throw new BundleException(
            where + ": the SHA-256 of " + file.getKey() + " is no such thing");
      }
      files.put(file.getKey(), file.getValue().asText());
    }
    for (String needed : List.of(MODEL, CANARIES)) {
      if (!files.containsKey(needed)) {
        throw new BundleException(where + ": files does not list " + needed);
      }
    }
    return files;
  }

  private static JsonNode object(JsonNode node, String field, String where) {
    JsonNode value = node.path(field);
    if (!value.isObject()) {
      throw new BundleException(where + ": " + field + " is missing; fetch or make it again");
    }
    return value;
  }

  private static String text(JsonNode node, String field, String where) {
    String value = node.path(field).asText("");
    if (value.isEmpty()) {
      throw new BundleException(where + ": " + field + " is missing; fetch or make it again");
    }
    return value;
  }

  /** The bytes of {@code model.json}: the same for the same values, on every platform. */
  byte[] toJson() {
    ObjectNode root = JSON.createObjectNode();
    root.put("format", FORMAT).put("name", name).put("architecture", architecture);
    labels.forEach(root.putArray("labels")::add);
    root.putObject("input")
        .put("width", input.width())
        .put("height", input.height())
        .put("channels", input.channels())
        .put("dtype", "uint8")
        .put("layout", "NHWC")
        .put("colour", "RGB")
        .put("normalisation", "in the graph");
    if (input.mask() != MaskKind.NONE) {
      ((ObjectNode) root.get("input")).put("mask", input.mask().id());
    }
    ObjectNode cropNode = root.putObject("crop").put("kind", crop.kind());
    ObjectNode side = cropNode.putObject("side");
    new TreeMap<>(crop.side()).forEach(side::put);
    cropNode.put("sideOf", "height of the detector's box").put("resize", "antialiased");
    if (crop.followsLandmarks()) {
      crop.points().forEach(cropNode.putArray("points")::add);
      cropNode.put("pointsOf", "eyes, nose and mouth corners in shares of the input");
      if (!crop.foundOn().isEmpty()) {
        cropNode.put("foundOn", crop.foundOn());
      }
    }
    root.putObject("calibration").put("temperature", temperature);
    if (!gate.isNone()) {
      root.set("gate", gate.toJson());
    }
    root.set("metrics", metrics);
    root.put("licence", licence);
    ObjectNode digests = root.putObject("files");
    new TreeMap<>(files).forEach(digests::put);
    return write(root);
  }

  static byte[] write(JsonNode node) {
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter().withObjectIndenter(lines).withArrayIndenter(lines);
    try {
      return (JSON.writer(printer).writeValueAsString(node) + "\n")
          .getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new AssertionError("a tree can always be written", e);
    }
  }

  static ArrayNode array(List<String> texts) {
    ArrayNode array = JSON.createArrayNode();
    texts.forEach(array::add);
    return array;
  }
}
