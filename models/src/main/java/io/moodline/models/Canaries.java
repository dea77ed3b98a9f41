package io.moodline.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Inputs whose scores are known. They show that a network computes on this machine what it computed
 * where the bundle was made, and, since scores are kept by label, that no label changed places.
 *
 * @param labels the label order when the bundle was made
 */
record Canaries(List<String> labels, List<Canary> canaries) {
  /** How far a score may be off: processors differ by 1e-6, a wrong weight by far more. */
  static final double TOLERANCE = 1e-3;

  /** On a GPU, in half precision, scores move by some thousandths. */
  static final double GPU_TOLERANCE = 2e-2;

  private static final double ROUNDED = 1e6;
  private static final int MOST = 64;

  /** Eyes, nose and mouth corners where a crop has them, as shares of its side. */
  private static final float[][] LANDMARKS = {
    {0.34f, 0.42f}, {0.66f, 0.42f}, {0.5f, 0.6f}, {0.37f, 0.78f}, {0.63f, 0.78f}
  };

  /**
   * One input and what it must score.
   *
   * @param file name of the pixels inside {@code canaries/}
   */
  record Canary(String file, byte[] pixels, Map<String, Double> scores) {}

  /** Scores the inputs (pixels by file name) with the network: the canaries of a new bundle. */
  static Canaries record(Classifier classifier, List<String> labels, Map<String, byte[]> inputs) {
    List<Canary> canaries = new ArrayList<>();
    inputs.forEach(
        (file, pixels) -> {
          float[] row = scores(classifier, pixels);
          Map<String, Double> scores = new LinkedHashMap<>();
          for (int i = 0; i < row.length; i++) {
            scores.put(labels.get(i), Math.round(row[i] * ROUNDED) / ROUNDED);
          }
          canaries.add(new Canary(file, pixels, scores));
        });
    return new Canaries(labels, canaries);
  }

  /** A network that looks through a mask gets one of the same five points for every canary. */
  private static float[] scores(Classifier classifier, byte[] pixels) {
    byte[][] face = {pixels};
    if (!classifier.looksThroughMask()) {
      return classifier.classify(face)[0];
    }
    float[][] landmarks = new float[LANDMARKS.length][2];
    for (int i = 0; i < landmarks.length; i++) {
      landmarks[i][0] = LANDMARKS[i][0] * OaenetMask.SIDE;
      landmarks[i][1] = LANDMARKS[i][1] * OaenetMask.SIDE;
    }
    return classifier.classify(face, new float[][] {OaenetMask.of(pixels, landmarks)})[0];
  }

  /** Reads {@code canaries.json}; {@code pixels} gives the bytes of a canary's file. */
  static Canaries parse(byte[] json, Function<String, byte[]> pixels, String where) {
    try {
      JsonNode root = Manifest.JSON.readTree(json);
      List<String> labels = new ArrayList<>();
      root.path("labels").forEach(label -> labels.add(label.asText()));
      List<Canary> canaries = new ArrayList<>();
      for (JsonNode node : root.path("canaries")) {
        Map<String, Double> scores = new LinkedHashMap<>();
        node.path("scores")
            .properties()
            .forEach(score -> scores.put(score.getKey(), score.getValue().asDouble(Double.NaN)));
        String file = node.path("file").asText();
        canaries.add(new Canary(file, pixels.apply("canaries/" + file), scores));
      }
      if (canaries.isEmpty() || canaries.size() > MOST) {
        throw new BundleException(where + " must hold 1 to " + MOST + " canaries; make it again");
      }
      return new Canaries(labels, canaries);
    } catch (IOException e) {
      throw new BundleException(where + " is no JSON: fetch or make the bundle again", e);
    }
  }

  byte[] toJson() {
    ObjectNode root = Manifest.JSON.createObjectNode();
    root.set("labels", Manifest.array(labels));
    ArrayNode list = root.putArray("canaries");
    for (Canary canary : canaries) {
      ObjectNode scores = list.addObject().put("file", canary.file()).putObject("scores");
      canary.scores().forEach(scores::put);
    }
    return Manifest.write(root);
  }

  /** Throws unless the network still scores every canary as it should, but for so much. */
  void check(Classifier classifier, List<String> order, double tolerance, String where) {
    for (Canary canary : canaries) {
      float[] row = scores(classifier, canary.pixels());
      for (int i = 0; i < row.length; i++) {
        String label = order.get(i);
        double expected = canary.scores().getOrDefault(label, Double.NaN);
        // Written so that a NaN on either side is a difference too.
        if (!(Math.abs(row[i] - expected) <= tolerance)) {
          throw new BundleException(
              String.format(
                  java.util.Locale.ROOT,
                  "%s: canary %s scores %.4f for %s instead of %.4f; the network is not the one"
                      + " that was measured: fetch or make the bundle again",
                  where,
                  canary.file(),
                  row[i],
                  label,
                  expected));
        }
      }
    }
  }
}
