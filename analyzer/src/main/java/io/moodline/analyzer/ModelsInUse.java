package io.moodline.analyzer;

import io.moodline.schemas.v1.Frame;
import org.jspecify.annotations.Nullable;

/**
 * What scores the faces of streams that name no model. Thread-safe; the models are not.
 *
 * @param model the one in use; null while nobody has promoted one, then the settings' is
 * @param trial scores some frames beside it; null for none
 * @param share of the frames that the model under trial scores, 0 to 1
 * @param problem why a chosen bundle is not here; empty where there is none
 */
record ModelsInUse(@Nullable Model model, @Nullable Model trial, double share, String problem) {
  static final ModelsInUse AS_SET = new ModelsInUse(null, null, 0, "");

  private static final int PARTS = 1 << 20;

  /** The model under trial if it is to score the frame: always the same frames of a stream. */
  @Nullable Model trialFor(Frame frame) {
    if (trial == null || frame.getModel() != null) {
      return null;
    }
    long hash = 31L * frame.getRunId().hashCode() + frame.getSequence();
    hash *= 0x9E3779B97F4A7C15L; // neighbours must not be alike
    return (hash >>> 44) < share * PARTS ? trial : null;
  }

  boolean holds(Model other) {
    return other == model || other == trial;
  }
}
