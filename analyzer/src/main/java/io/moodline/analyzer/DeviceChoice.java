package io.moodline.analyzer;

import io.moodline.models.BundleException;
import io.moodline.models.Devices;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.nio.file.Path;

/** The device that the settings and the machine decide on. Thread-safe. */
public final class DeviceChoice {
  /** Where TensorRT keeps its engines, below {@code MOODLINE_HOME}. */
  private static final Path ENGINES = Path.of("cache", "tensorrt");

  private DeviceChoice() {}

  /**
   * Decides, and computes a small network there to be sure.
   *
   * @throws UserException when the device that is asked for can not be used
   */
  public static Devices of(Settings settings) {
    try {
      return Devices.choose(
          new Devices.Request(
              settings.get(AnalyzerSettings.DEVICE),
              Analyzer.threads(settings),
              settings.get(AnalyzerSettings.GPUS),
              settings.get(AnalyzerSettings.HALF),
              settings.home().resolve(ENGINES)));
    } catch (BundleException e) {
      throw new UserException(
          "setting " + AnalyzerSettings.DEVICE.key() + ": " + e.getMessage(), e);
    }
  }
}
