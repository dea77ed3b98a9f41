package io.moodline.analyzer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A face in a picture and what the model says of it. Thread-safe.
 *
 * @param box in pixels; parts may lie outside the picture
 * @param faceScore the detector's score, 0 to 1
 * @param label the one with the largest score
 * @param scores by label, in the bundle's order; they sum to 1
 */
public record PredictedFace(Box box, float faceScore, String label, Map<String, Float> scores) {
  public PredictedFace {
    scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
  }

  /** A rectangle in whole pixels. */
  public record Box(int x, int y, int width, int height) {}
}
