package io.moodline.sink;

import io.moodline.schemas.SourceReport;
import io.moodline.schemas.SourceUri;

/**
 * Looks at a source for a few seconds before a stream is made of it. Ingest does it, and the
 * process that wires the stages hands it over, as with {@link RecordingCheck}.
 */
@FunctionalInterface
public interface SourceCheck {
  /**
   * Looks at a source; ends within a bounded time.
   *
   * @param source with its credentials
   * @throws io.moodline.runtime.UserException saying why it can not be read
   */
  SourceReport probe(SourceUri source);
}
