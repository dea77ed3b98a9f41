package io.moodline.analyzer;

import io.moodline.runtime.Worker;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes frames that were analysed more than a minute ago: pixels are kept no longer than they are
 * of use, and the last minute is for previews. Every instance does it for all partitions; doing it
 * twice does nothing.
 *
 * <p>Confined to the thread {@code analyzer-trimmer}.
 */
final class FrameTrimmer {
  private static final Duration EVERY = Duration.ofSeconds(10);
  private static final Duration KEPT = Duration.ofSeconds(60);

  private static final Logger log = LoggerFactory.getLogger(FrameTrimmer.class);

  private final Admin admin;
  private final String group;
  private final Set<String> topics;
  private final Clock clock;
  private final Deque<Committed> history = new ArrayDeque<>();

  /** What was committed at a time. */
  private record Committed(Instant at, Map<TopicPartition, Long> offsets) {}

  /**
   * Deletes what {@code group} has committed of {@code topics}; {@code admin} stays the caller's.
   */
  FrameTrimmer(Admin admin, String group, Set<String> topics, Clock clock) {
    this.admin = admin;
    this.group = group;
    this.topics = Set.copyOf(topics);
    this.clock = clock;
  }

  /** Trims every ten seconds until told to stop; {@code stopped} ends a pause. */
  void run(Worker worker, CountDownLatch stopped) throws InterruptedException {
    while (!worker.stopping() && !stopped.await(EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
      try {
        trim();
      } catch (ExecutionException e) {
        // Frames stay a little longer; the topics' own retention is the limit.
        log.atWarn()
            .addKeyValue("cause", String.valueOf(e.getCause()))
            .log("frames could not be trimmed");
      }
    }
  }

  /** Remembers what is committed now and deletes what was committed a minute ago. */
  void trim() throws ExecutionException, InterruptedException {
    Instant now = clock.instant();
    history.addLast(new Committed(now, committed()));
    Committed old = null;
    while (!history.isEmpty() && !history.getFirst().at().plus(KEPT).isAfter(now)) {
      old = history.removeFirst();
    }
    if (old != null && !old.offsets().isEmpty()) {
      Map<TopicPartition, RecordsToDelete> before = new HashMap<>();
      old.offsets().forEach((at, offset) -> before.put(at, RecordsToDelete.beforeOffset(offset)));
      admin.deleteRecords(before).all().get();
    }
  }

  private Map<TopicPartition, Long> committed() throws ExecutionException, InterruptedException {
    Map<TopicPartition, Long> offsets = new HashMap<>();
    admin
        .listConsumerGroupOffsets(group)
        .partitionsToOffsetAndMetadata()
        .get()
        .forEach(
            (at, offset) -> {
              if (offset != null && topics.contains(at.topic())) {
                offsets.put(at, offset.offset());
              }
            });
    return offsets;
  }
}
