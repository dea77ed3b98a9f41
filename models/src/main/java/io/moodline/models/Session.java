package io.moodline.models;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;

/**
 * Opens ONNX Runtime sessions the one way this project runs them: from bytes that were checked, on
 * the CPU, with a given number of threads that sleep when there is nothing to do.
 */
final class Session {
  private Session() {}

  static OrtEnvironment environment() {
    return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "moodline");
  }

  /** The caller owns the session. */
  static OrtSession open(byte[] onnx, int threads, String where) {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      // Decoding and detection want the cores while the session waits.
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      return environment().createSession(onnx, options);
    } catch (OrtException e) {
      throw new BundleException(where + " cannot be run: " + oneLine(e), e);
    }
  }

  static String oneLine(OrtException e) {
    return String.valueOf(e.getMessage()).replaceAll("\\s+", " ").strip();
  }
}
