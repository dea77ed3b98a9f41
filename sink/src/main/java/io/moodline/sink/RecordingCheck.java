package io.moodline.sink;

import java.nio.file.Path;

/**
 * Looks into a recording before a stream is made of it. Ingest's decoder does it, and the process
 * that wires the stages hands it over, since the sink never touches native code.
 */
@FunctionalInterface
public interface RecordingCheck {
  /**
   * Returns when the file holds video that can be decoded.
   *
   * @throws io.moodline.runtime.UserException naming what is wrong with it
   */
  void check(Path file);

  /**
   * Returns when a stream may name this model, as far as this process can know: one without an
   * analyzer knows none, and takes every name.
   *
   * @throws io.moodline.runtime.UserException naming those that there are
   */
  default void checkModel(String name) {}
}
