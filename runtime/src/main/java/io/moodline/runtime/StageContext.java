package io.moodline.runtime;

import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Clock;

/**
 * What every stage is given at start. Thread-safe.
 *
 * @param instance id of this process among its like, unique while it runs
 * @param secrets opens and seals the streams' credentials
 * @param failures told of what no thread expected
 */
public record StageContext(
    String instance,
    Settings settings,
    KafkaConnection kafka,
    PrometheusRegistry metrics,
    Health health,
    SecretBox secrets,
    Failures failures,
    Clock clock) {}
