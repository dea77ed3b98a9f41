package io.moodline.sink;

import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One record as subscribers see it: what filters ask for, and its JSON, which is made when the
 * first subscriber wants it and then shared by all. Thread-safe.
 */
final class EventRecord {
  private final EventKind kind;
  private final long offset;
  private final int bytes;
  private final long loggedMillis;
  private final String streamId;
  private final @Nullable Long track;
  private final @Nullable String label;
  private final @Nullable Float score;
  private @Nullable Supplier<String> source; // until the JSON is there; guarded by this
  private byte @Nullable [] json; // guarded by this

  EventRecord(
      EventKind kind,
      long offset,
      int bytes,
      long loggedMillis,
      String streamId,
      @Nullable Long track,
      @Nullable String label,
      @Nullable Float score,
      Supplier<String> source) {
    this.kind = kind;
    this.offset = offset;
    this.bytes = bytes;
    this.loggedMillis = loggedMillis;
    this.streamId = streamId;
    this.track = track;
    this.label = label;
    this.score = score;
    this.source = source;
  }

  EventKind kind() {
    return kind;
  }

  long offset() {
    return offset;
  }

  /** Size of the record's value in its topic. */
  int bytes() {
    return bytes;
  }

  /** When the log took the record, milliseconds since 1970. */
  long loggedMillis() {
    return loggedMillis;
  }

  String streamId() {
    return streamId;
  }

  /** The track that it is about; null where there is none. */
  @Nullable Long track() {
    return track;
  }

  /** The label of an emotion or a segment; null where it is withheld and for other kinds. */
  @Nullable String label() {
    return label;
  }

  /** The label's score, 0 to 1; null where {@link #label} is. */
  @Nullable Float score() {
    return score;
  }

  /** The event's data as JSON in UTF-8; not to be changed. */
  synchronized byte[] json() {
    byte[] made = json;
    if (made == null && source != null) {
      made = source.get().getBytes(StandardCharsets.UTF_8);
      json = made;
      source = null;
    }
    return made == null ? new byte[0] : made;
  }
}
