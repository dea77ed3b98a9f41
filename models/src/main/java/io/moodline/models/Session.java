package io.moodline.models;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Opens ONNX Runtime sessions the one way this project runs them: from bytes that were checked, on
 * the CPU, with a given number of threads that sleep when there is nothing to do.
 */
final class Session {
  private static final boolean HAS_VNNI = hasVnni();

  private Session() {}

  /** Whether the processor sums 8-bit products in 32 bits; where that cannot be read: no. */
  private static boolean hasVnni() {
    Path processor = Path.of("/proc/cpuinfo");
    try (Stream<String> lines = Files.lines(processor)) {
      return lines.anyMatch(line -> line.startsWith("flags") && line.contains("_vnni"));
    } catch (IOException e) {
      return false;
    }
  }

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
      if (!HAS_VNNI) {
        // Products of signed weights saturate in 16 bits there; these are slower and exact.
        options.addConfigEntry("session.x64quantprecision", "1");
      }
      return environment().createSession(onnx, options);
    } catch (OrtException e) {
      throw new BundleException(where + " cannot be run: " + oneLine(e), e);
    }
  }

  static String oneLine(OrtException e) {
    return String.valueOf(e.getMessage()).replaceAll("\\s+", " ").strip();
  }
}
