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
}
