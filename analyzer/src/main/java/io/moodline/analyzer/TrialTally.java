package io.moodline.analyzer;

import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.ModelTrial;
import java.util.List;

/** Compares what the model under trial says of faces with what the one in use says. Thread-safe. */
final class TrialTally {
  private final AnalyzerMetrics metrics;
  private String models = "";
  private long faces;
  private long otherLabel;
  private double differences;

  TrialTally(AnalyzerMetrics metrics) {
    this.metrics = metrics;
  }

  /** Both have scored a frame, and it is committed. Another pair of models begins anew. */
  synchronized void count(FrameFaces inUse, FrameFaces trial) {
    String pair = inUse.getModelDigest() + "/" + trial.getModelDigest();
    if (!pair.equals(models)) {
      models = pair;
      faces = 0;
      otherLabel = 0;
      differences = 0;
    }
    for (int i = 0; i < trial.getFaces().size(); i++) {
      count(inUse, inUse.getFaces().get(i), trial, trial.getFaces().get(i));
    }
  }

  private void count(FrameFaces inUse, Face face, FrameFaces trial, Face tried) {
    double difference = 0;
    for (int i = 0; i < inUse.getLabels().size(); i++) {
      int same = trial.getLabels().indexOf(inUse.getLabels().get(i));
      double other = same < 0 ? 0 : tried.getScores().get(same);
      difference = Math.max(difference, Math.abs(face.getScores().get(i) - other));
    }
    boolean agrees = label(inUse, face).equals(label(trial, tried));
    faces++;
    otherLabel += agrees ? 0 : 1;
    differences += difference;
    metrics.tried(agrees, difference);
  }

  /** The first label with the highest score. */
  private static String label(FrameFaces frame, Face face) {
    List<Float> scores = face.getScores();
    int best = 0;
    for (int i = 1; i < scores.size(); i++) {
      best = scores.get(i) > scores.get(best) ? i : best;
    }
    return frame.getLabels().get(best);
  }

  /** The account of a trial; zero where that pair of models has not met. */
  synchronized ModelTrial of(Model inUse, Model trial, double share) {
    String digest = trial.bundle().digest();
    boolean met = models.equals(inUse.bundle().digest() + "/" + digest);
    return ModelTrial.newBuilder()
        .setModel(trial.bundle().name())
        .setModelDigest(digest)
        .setShare(share)
        .setFaces(met ? faces : 0)
        .setOtherLabel(met ? otherLabel : 0)
        .setMeanDifference(met && faces > 0 ? differences / faces : 0)
        .build();
  }
}
