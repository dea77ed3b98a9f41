package io.moodline.models;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Opens ONNX Runtime sessions the one way this project runs them: from bytes that were checked, on
 * the CPU, with a given number of threads that sleep when there is nothing to do.
 */
final class Session {
  private static final boolean HAS_VNNI = hasVnni();

  /** Reserved, not used: a thread's stack takes memory as it grows. */
  private static final long START_STACK_BYTES = 256L << 20;

  /** What ONNX Runtime, C++ and CUDA say when they get no memory. */
  private static final Pattern NO_MEMORY =
      Pattern.compile("(?i)bad.?alloc|failed to allocate|out of memory");

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

  /**
   * What all sessions share.
   *
   * @throws BundleException when it would report to its maker, see {@link Telemetry}
   */
  static OrtEnvironment environment() {
    Telemetry.requireOff();
    return Environment.SHARED;
  }

  /**
   * The one environment of the process. While it starts, ONNX Runtime 1.29 matches the process's
   * own command line with a regular expression that recurses for every few characters: 8,000 of
   * them, a usual class path, overflow a stack of 1 MB and end the process without a word. So it
   * starts on a thread with a large stack.
   */
  private static final class Environment {
    static final OrtEnvironment SHARED = withLargeStack(new FutureTask<>(Session::start));
  }

  private static OrtEnvironment start() {
    return OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, "moodline");
  }

  private static OrtEnvironment withLargeStack(FutureTask<OrtEnvironment> start) {
    new Thread(null, start, "onnx-start", START_STACK_BYTES).start();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return start.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("ONNX Runtime can not be started", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** The caller owns the session. */
  static OrtSession open(byte[] onnx, int threads, String where) {
    OrtEnvironment environment = environment(); // before anything else loads the runtime
    try (OrtSession.SessionOptions options = options(threads)) {
      return environment.createSession(onnx, options);
    } catch (OrtException e) {
      throw new BundleException(where + " cannot be run: " + oneLine(e), e);
    }
  }

  /** What all sessions have in common, wherever they run; the caller closes it. */
  static OrtSession.SessionOptions options(int threads) throws OrtException {
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    try {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      // Decoding and detection want the cores while the session waits.
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      if (!HAS_VNNI) {
        // Products of signed weights saturate in 16 bits there; these are slower and exact.
        options.addConfigEntry("session.x64quantprecision", "1");
      }
      return options;
    } catch (OrtException | RuntimeException | Error e) {
      options.close();
      throw e;
    }
  }

  /** The runtime's message, with a word where it had no memory for what it was to open. */
  static String oneLine(OrtException e) {
    String message = String.valueOf(e.getMessage()).replaceAll("\\s+", " ").strip();
    return NO_MEMORY.matcher(message).find()
        ? message + "; there is too little memory outside Java's heap, or on the device"
        : message;
  }
}
