package io.moodline.sink;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/**
 * Whether a Kafka Streams application is surely still a member of its group: all its consumers sent
 * a heartbeat within less than a session's length. A process that was suspended or cut off sees
 * that it was before it answers anything. Thread-safe.
 */
final class Membership {
  /** Shorter than the session timeout that {@code KafkaConnection} sets. */
  private static final double MAX_SILENCE_SECONDS = 5;

  private static final long KEPT_NANOS = Duration.ofSeconds(1).toNanos();

  private final Supplier<Map<MetricName, ? extends Metric>> metrics;
  private volatile List<Metric> silences = List.of();
  private volatile long lookedAt;

  Membership(Supplier<Map<MetricName, ? extends Metric>> metrics) {
    this.metrics = metrics;
  }

  boolean isCurrent() {
    List<Metric> found = silences;
    if (found.isEmpty() || System.nanoTime() - lookedAt > KEPT_NANOS) {
      found = find();
      silences = found;
      lookedAt = System.nanoTime();
    }
    return !found.isEmpty() && found.stream().allMatch(Membership::isShort);
  }

  /** Consumers come and go with threads, so they are looked up again and again. */
  private List<Metric> find() {
    return metrics.get().values().stream()
        .filter(metric -> metric.metricName().name().equals("last-heartbeat-seconds-ago"))
        .<Metric>map(metric -> metric)
        .toList();
  }

  private static boolean isShort(Metric silence) {
    return silence.metricValue() instanceof Double seconds
        && seconds >= 0
        && seconds < MAX_SILENCE_SECONDS;
  }
}
