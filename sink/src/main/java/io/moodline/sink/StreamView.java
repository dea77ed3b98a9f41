package io.moodline.sink;

import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamStatus;
import java.util.Optional;

/**
 * One registered stream: what was asked for, and what ingest last said of it. Thread-safe, since
 * nobody changes the records.
 *
 * @param status empty until ingest has said something
 */
record StreamView(StreamSpec spec, Optional<StreamStatus> status) {
  String id() {
    return spec.getStreamId();
  }

  /** What ingest says of this very revision; empty while it has not taken it up. */
  Optional<StreamStatus> currentStatus() {
    return status.filter(it -> it.getRevision() >= spec.getRevision());
  }
}
