package io.moodline.analyzer;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;

/** Reads metrics as a scraper does. */
final class TestMetrics {
  private TestMetrics() {}

  /** A counter's value, summed over its labels; its name without {@code _total}. */
  static double count(PrometheusRegistry registry, String name) {
    return registry.scrape(name::equals).stream()
        .flatMap(snapshot -> snapshot.getDataPoints().stream())
        .mapToDouble(point -> ((CounterDataPointSnapshot) point).getValue())
        .sum();
  }
}
