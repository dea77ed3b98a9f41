package io.moodline.models;

import org.jspecify.annotations.Nullable;

/**
 * Keeps ONNX Runtime from reporting to its maker. From 1.29 on its builds for Linux send, unless
 * told otherwise, an identifier of the device, the command and what the networks are like; only a
 * variable that is set before the process begins keeps all of it from happening (ONNX Runtime, pull
 * request 27379). Thread-safe.
 */
final class Telemetry {
  private static final String OFF = "ORT_DISABLE_TELEMETRY";

  /** As the process was started with; each batch asks. */
  private static final @Nullable String VALUE = System.getenv(OFF);

  private Telemetry() {}

  /**
   * Throws where ONNX Runtime would report.
   *
   * @throws BundleException when the environment lacks the variable
   */
  static void requireOff() {
    requireOff(VALUE);
  }

  static void requireOff(@Nullable String value) {
    if (!"1".equals(value)) {
      throw new BundleException(
          "ONNX Runtime would report to its maker: set "
              + OFF
              + "=1 in the environment of the process, as Moodline's launcher does");
    }
  }
}
