package io.moodline.analyzer;

import io.moodline.analyzer.AnalyzerMetrics.Step;
import io.moodline.analyzer.Pending.Looking;
import io.moodline.analyzer.Sighting.CroppedFace;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Scores the faces of a micro-batch: those of all its streams and frames go through a model's
 * session together. Confined to {@code analyzer-flow}.
 */
final class FaceScorer {
  private final AnalyzerMetrics metrics;

  FaceScorer(AnalyzerMetrics metrics) {
    this.metrics = metrics;
  }

  /** Waits for the detectors and gives the answer for each face that they found. */
  Map<CroppedFace, float[]> score(MicroBatch batch) throws InterruptedException {
    Map<Model, List<CroppedFace>> found = new LinkedHashMap<>();
    for (Pending pending : batch.pending()) {
      if (pending instanceof Looking looking && looking.await() instanceof Sighting.Faces sighted) {
        found.computeIfAbsent(looking.model(), model -> new ArrayList<>()).addAll(sighted.faces());
      }
    }
    Map<CroppedFace, float[]> scores = classify(found);
    metrics.batch(batch.size(), scores.size());
    return scores;
  }

  private Map<CroppedFace, float[]> classify(Map<Model, List<CroppedFace>> found) {
    long start = System.nanoTime();
    Map<CroppedFace, float[]> scores = new IdentityHashMap<>();
    found.forEach(
        (model, faces) -> {
          float[][] answers = model.score(faces);
          for (int i = 0; i < answers.length; i++) {
            scores.put(faces.get(i), answers[i]);
          }
        });
    metrics.took(Step.CLASSIFY, start);
    return scores;
  }
}
