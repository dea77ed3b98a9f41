package io.moodline.sink;

import io.moodline.runtime.StageContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The partitions' tails that readers share: opened for the first reader of a partition, and closed
 * some time after the last one, so that a reader who comes back finds what it missed in memory.
 * Thread-safe.
 */
final class EventTails implements AutoCloseable {
  private static final Duration LINGER = Duration.ofSeconds(60);

  private static final class Shared {
    private final PartitionTail tail;
    private int readers;
    private long idleSince;

    Shared(PartitionTail tail) {
      this.tail = tail;
    }
  }

  private final StageContext stage;
  private final ApiMetrics metrics;
  private final Map<Integer, Shared> open = new TreeMap<>(); // guarded by this

  EventTails(StageContext stage, ApiMetrics metrics) {
    this.stage = stage;
    this.metrics = metrics;
  }

  /** The tails of some partitions, in that order; {@link #release} gives them back. */
  synchronized List<PartitionTail> acquire(int... partitions) {
    List<PartitionTail> tails = new ArrayList<>();
    for (int partition : partitions) {
      Shared shared = open.computeIfAbsent(partition, it -> new Shared(start(it)));
      shared.readers++;
      tails.add(shared.tail);
    }
    return tails;
  }

  private PartitionTail start(int partition) {
    return new PartitionTail(
        stage.kafka(),
        partition,
        stage.settings().get(SinkSettings.EVENT_RING),
        metrics,
        stage.failures());
  }

  synchronized void release(int... partitions) {
    for (int partition : partitions) {
      Shared shared = open.get(partition);
      if (shared != null && --shared.readers == 0) {
        shared.idleSince = System.nanoTime();
      }
    }
  }

  /** Closes what nobody has read for a while. */
  void sweep() {
    List<PartitionTail> idle = new ArrayList<>();
    synchronized (this) {
      long now = System.nanoTime();
      open.values()
          .removeIf(
              shared -> {
                boolean over = shared.readers == 0 && now - shared.idleSince > LINGER.toNanos();
                if (over) {
                  idle.add(shared.tail);
                }
                return over;
              });
    }
    idle.forEach(PartitionTail::close);
  }

  /** Consumers that read for everyone. */
  synchronized int size() {
    return open.size();
  }

  @Override
  public synchronized void close() {
    open.values().forEach(shared -> shared.tail.close());
    open.clear();
  }
}
