package io.moodline.analyzer;

import io.moodline.runtime.DataKey;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import java.time.Instant;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What one record became: exactly one result for a frame or an end mark, and a dead letter where it
 * could not be used.
 *
 * @param source the record that was read
 * @param result null only where the record is no frame at all
 * @param trial what the model under trial says of the same frame; null for most
 * @param key what the faces are sealed with before they leave; null where the frame came plain, or
 *     there are none
 */
record Outcome(
    What what,
    ConsumerRecord<byte[], byte[]> source,
    @Nullable FrameFaces result,
    @Nullable DeadLetter deadLetter,
    @Nullable FrameFaces trial,
    @Nullable DataKey key) {
  Outcome(
      What what,
      ConsumerRecord<byte[], byte[]> source,
      @Nullable FrameFaces result,
      @Nullable DeadLetter deadLetter) {
    this(what, source, result, deadLetter, null, null);
  }

  /** The kinds of outcomes; the first three are the ones on the wire. */
  enum What {
    ANALYSED,
    SKIPPED,
    FAILED,
    END_OF_RUN,
    UNREADABLE
  }

  boolean isOfFrame() {
    return what != What.END_OF_RUN && what != What.UNREADABLE;
  }

  StreamKind kind() {
    return Objects.requireNonNull(result).getKind();
  }

  Instant captureTime() {
    return Objects.requireNonNull(result).getCaptureTime();
  }

  int faces() {
    return result == null ? 0 : result.getFaces().size();
  }

  /** Faces whose scores are those of an earlier frame. */
  long keptFaces() {
    return result == null ? 0 : result.getFaces().stream().filter(Face::getKept).count();
  }

  String reasonLabel() {
    String reason = result == null ? null : result.getReason();
    return reason == null ? "" : reason;
  }
}
