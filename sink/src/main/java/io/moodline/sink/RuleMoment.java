package io.moodline.sink;

import io.moodline.schemas.v1.FaceEmotion;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What rules see of one frame. Thread-safe.
 *
 * @param faces of the frame, not classified and not followed ones included
 */
record RuleMoment(Instant time, List<FaceEmotion> faces) {
  static final String FACES = "faces";
  static final String FOLLOWED = "followed";

  /**
   * The number that a name stands for: {@code faces} and {@code followed} count, anything else is a
   * label's highest smoothed score in the frame, 0 where no face has one.
   */
  double value(String name) {
    return switch (name) {
      case FACES -> faces.size();
      case FOLLOWED -> faces.stream().filter(face -> face.getTrackId() != null).count();
      default -> score(name);
    };
  }

  private double score(String label) {
    double best = 0;
    for (FaceEmotion face : faces) {
      Map<String, Float> scores = Objects.requireNonNullElse(face.getSmoothedScores(), Map.of());
      best = Math.max(best, scores.getOrDefault(label, 0f));
    }
    return best;
  }
}
