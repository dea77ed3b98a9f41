package io.moodline.models;

import java.util.Map;
import java.util.TreeMap;

/**
 * How to cut a face out for a model: a square centred on the detector's box, resized to the model's
 * input with antialiasing. Detectors draw their boxes differently, so the square's side is given
 * per detector, as a factor of the box's height.
 *
 * @param kind {@code square}, the only kind so far
 * @param side factor of the box's height by detector: {@code yunet}, {@code opencv-cascade}
 */
public record CropTemplate(String kind, Map<String, Double> side) {
  public CropTemplate {
    if (!kind.equals("square")) {
      throw new BundleException("crop kind " + kind + " is not known; only square is");
    }
    side.forEach(
        (detector, factor) -> {
          if (!(factor > 0.1 && factor < 10)) {
            throw new BundleException(
                "crop side of " + factor + " for " + detector + "; must lie between 0.1 and 10");
          }
        });
    side = Map.copyOf(new TreeMap<>(side));
  }

  /** The square's side as a factor of the box's height; a bundle that names no such detector: 1. */
  public double sideFor(String detector) {
    return side.getOrDefault(detector, 1.0);
  }
}
