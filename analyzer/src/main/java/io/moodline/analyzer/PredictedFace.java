package io.moodline.analyzer;

import io.moodline.models.Bundle;
import io.moodline.models.Gate;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A face in a picture and what the model says of it. Thread-safe.
 *
 * @param box in pixels; parts may lie outside the picture
 * @param faceScore the detector's score, 0 to 1
 * @param likeliest the label with the largest score
 * @param scores by label, in the bundle's order; they sum to 1
 * @param withheld why that label is not said; empty where it is
 * @param crop what the model saw
 */
public record PredictedFace(
    Box box,
    float faceScore,
    String likeliest,
    Map<String, Float> scores,
    List<Gate.Reason> withheld,
    FaceCrops.FaceCrop crop) {
  public PredictedFace {
    scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
    withheld = List.copyOf(withheld);
  }

  /** A rectangle in whole pixels. */
  public record Box(int x, int y, int width, int height) {}

  /**
   * A face that was scored.
   *
   * @param scores in the bundle's order
   */
  public static PredictedFace of(
      Bundle bundle, Box box, float faceScore, float[] scores, FaceCrops.FaceCrop crop) {
    int best = 0;
    Map<String, Float> byLabel = new LinkedHashMap<>();
    for (int i = 0; i < scores.length; i++) {
      byLabel.put(bundle.labels().get(i), scores[i]);
      best = scores[i] > scores[best] ? i : best;
    }
    List<Gate.Reason> withheld = bundle.gate().judge(crop.quality(), scores);
    return new PredictedFace(box, faceScore, bundle.labels().get(best), byLabel, withheld, crop);
  }

  /** The label; empty where it is withheld. */
  public Optional<String> label() {
    return withheld.isEmpty() ? Optional.of(likeliest) : Optional.empty();
  }
}
