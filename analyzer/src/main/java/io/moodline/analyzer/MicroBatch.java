package io.moodline.analyzer;

import io.moodline.analyzer.Pending.Known;
import io.moodline.analyzer.Pending.Looking;
import io.moodline.schemas.v1.StreamKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Records that are analysed and committed at once, in order, and the offsets behind them. It is due
 * when its first record has waited for {@code deadline}, full or not, so that a lone face does not
 * wait for company. Confined to {@code analyzer-flow}.
 */
final class MicroBatch {
  private final Duration deadline;
  private final List<Pending> pending = new ArrayList<>();
  private final Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
  private long startNanos;

  MicroBatch(Duration deadline) {
    this.deadline = deadline;
  }

  void add(Pending record) {
    if (pending.isEmpty()) {
      startNanos = System.nanoTime();
    }
    pending.add(record);
  }

  /** The offsets to go on from after what was added; later ones of a partition replace earlier. */
  void goOnFrom(Map<TopicPartition, OffsetAndMetadata> offsets) {
    next.putAll(offsets);
  }

  List<Pending> pending() {
    return pending;
  }

  Map<TopicPartition, OffsetAndMetadata> next() {
    return next;
  }

  int size() {
    return pending.size();
  }

  boolean isEmpty() {
    return pending.isEmpty();
  }

  /** How long it may still wait for more records; zero when it is due. */
  Duration timeLeft() {
    Duration left = deadline.minusNanos(System.nanoTime() - startNanos);
    return left.isNegative() ? Duration.ZERO : left;
  }

  /** Whether the detectors are done with it. */
  boolean isLookedAt() {
    return pending.stream()
        .allMatch(record -> !(record instanceof Looking looking) || looking.sighting().isDone());
  }

  /** Frames of a kind of stream. */
  long frames(StreamKind kind) {
    return pending.stream().filter(record -> kind.equals(kindOf(record))).count();
  }

  /** Which kind of stream a frame is of; null for what is no frame. */
  static @Nullable StreamKind kindOf(Pending record) {
    if (record instanceof Looking looking) {
      return looking.frame().getKind();
    }
    Outcome outcome = ((Known) record).outcome();
    return outcome.isOfFrame() ? outcome.kind() : null;
  }

  /** Spares the detectors what they have not begun. */
  void giveUp() {
    for (Pending record : pending) {
      if (record instanceof Looking looking) {
        looking.sighting().cancel(false);
      }
    }
  }
}
