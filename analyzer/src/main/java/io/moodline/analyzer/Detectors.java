package io.moodline.analyzer;

import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * The face detector that the settings and the files at hand decide on. Thread-safe; the detectors
 * it opens are not.
 *
 * @param name as bundles and outcomes name it
 * @param limits what it can not see, in a clause for people
 */
record Detectors(String name, String limits, Supplier<FaceDetector> opener) {

  /**
   * Decides, and opens the detector once to be sure that it can be opened.
   *
   * @throws UserException when the detector that is asked for is not there or not as published
   */
  static Detectors choose(Path home, Settings settings) {
    Detectors chosen = decide(home, settings);
    chosen.open().close();
    return chosen;
  }

  /** The same without opening it. */
  static Detectors decide(Path home, Settings settings) {
    return switch (settings.get(AnalyzerSettings.DETECTOR)) {
      case YunetDetector.NAME -> yunet(home);
      case CascadeDetector.NAME -> cascade();
      default -> YunetDetector.isThere(home) ? yunet(home) : cascade();
    };
  }

  private static Detectors cascade() {
    return new Detectors(CascadeDetector.NAME, CascadeDetector.LIMITS, CascadeDetector::open);
  }

  private static Detectors yunet(Path home) {
    Path file = home.resolve(YunetDetector.FILE);
    if (!YunetDetector.isThere(home)) {
      throw new UserException(
          "setting "
              + AnalyzerSettings.DETECTOR.key()
              + " is yunet, but "
              + file
              + " is not there: put it there or set it to auto");
    }
    return new Detectors(YunetDetector.NAME, YunetDetector.LIMITS, () -> YunetDetector.open(home));
  }

  /** Opens a detector for the calling thread, which closes it. */
  FaceDetector open() {
    return opener.get();
  }

  /** Whether a detector of that name finds landmarks. */
  static boolean findsLandmarks(String name) {
    return name.equals(YunetDetector.NAME);
  }
}
