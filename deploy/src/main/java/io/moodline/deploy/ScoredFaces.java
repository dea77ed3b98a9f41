package io.moodline.deploy;

import io.moodline.models.Evaluation;
import io.moodline.models.Temperature;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The scores that a model gave to labelled faces. Thread-safe.
 *
 * @param unreadable pictures that were passed over
 * @param runs faces that went through the network, clean crops and found ones
 * @param networkSeconds spent in the network on them
 * @param detectSeconds spent on finding and cropping
 * @param totalSeconds all of it, with reading and decoding
 */
record ScoredFaces(
    List<Face> faces,
    int unreadable,
    int runs,
    double networkSeconds,
    double detectSeconds,
    double totalSeconds) {
  private static final float LEAST_SCORE = 1e-30f;

  /**
   * One face.
   *
   * @param clean scores of the picture as it is; null where the model needs landmarks, which only
   *     the detector finds
   * @param found scores of what the detector and the cropper made of it; null where it found none
   *     or was not asked
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Face(int truth, float @Nullable [] clean, float @Nullable [] found) {
    /** Those of the picture as it is, else of what was found in it. */
    float @Nullable [] scores() {
      return clean == null ? found : clean;
    }
  }

  ScoredFaces {
    faces = List.copyOf(faces);
  }

  /** Pictures that could be read. */
  int size() {
    return faces.size();
  }

  /** Faces that have scores: all of them, or those that were found. */
  int scored() {
    return (int) faces.stream().filter(face -> face.scores() != null).count();
  }

  double facesPerSecond() {
    return runs / networkSeconds;
  }

  double picturesPerSecond() {
    return size() / totalSeconds;
  }

  double detectMillis() {
    return 1000 * detectSeconds / size();
  }

  /** The figures of the pictures as they are; of what was found where those can not be scored. */
  Evaluation.Report clean(List<String> labels) {
    Evaluation evaluation = new Evaluation(labels);
    for (Face face : faces) {
      float[] scores = face.scores();
      if (scores != null) {
        evaluation.add(face.truth(), scores);
      }
    }
    return evaluation.report();
  }

  /** The same of those in which the detector found a face. */
  Evaluation.Report cleanWhereFound(List<String> labels) {
    Evaluation evaluation = new Evaluation(labels);
    for (Face face : faces) {
      float[] clean = face.clean();
      if (clean != null && face.found() != null) {
        evaluation.add(face.truth(), clean);
      }
    }
    return evaluation.report();
  }

  /** The figures of what the detector found. */
  Evaluation.Report found(List<String> labels) {
    Evaluation evaluation = new Evaluation(labels);
    for (Face face : faces) {
      float[] found = face.found();
      if (found != null) {
        evaluation.add(face.truth(), found);
      }
    }
    return evaluation.report();
  }

  /** The temperature that fits these faces, where they were scored at {@code before}. */
  double temperature(double before) {
    List<float[]> logits = new ArrayList<>();
    List<Integer> truth = new ArrayList<>();
    for (Face face : faces) {
      float[] scores = face.scores();
      if (scores != null) {
        logits.add(logits(scores, before));
        truth.add(face.truth());
      }
    }
    return Temperature.fit(
        logits.toArray(float[][]::new), truth.stream().mapToInt(Integer::intValue).toArray());
  }

  /** These faces as they score at another temperature. */
  ScoredFaces at(double temperature, double before) {
    List<Face> warmer = new ArrayList<>();
    for (Face face : faces) {
      float[] scores = face.scores();
      if (scores != null) {
        warmer.add(new Face(face.truth(), softmax(logits(scores, before), temperature), null));
      }
    }
    return new ScoredFaces(warmer, unreadable, runs, networkSeconds, detectSeconds, totalSeconds);
  }

  /** Logits up to a constant, which neither the softmax nor a temperature sees. */
  private static float[] logits(float[] scores, double temperature) {
    float[] logits = new float[scores.length];
    for (int i = 0; i < scores.length; i++) {
      logits[i] = (float) (temperature * Math.log(Math.max(scores[i], LEAST_SCORE)));
    }
    return logits;
  }

  private static float[] softmax(float[] logits, double temperature) {
    double largest = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      largest = Math.max(largest, logit);
    }
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp((logit - largest) / temperature);
    }
    float[] scores = new float[logits.length];
    for (int i = 0; i < logits.length; i++) {
      scores[i] = (float) (Math.exp((logits[i] - largest) / temperature) / sum);
    }
    return scores;
  }
}
