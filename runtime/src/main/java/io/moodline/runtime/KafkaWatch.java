package io.moodline.runtime;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;

/**
 * Asks Kafka again and again whether it is there, and reports the health part {@value
 * #HEALTH_PART}: the clients themselves wait in silence while it is away.
 *
 * <p>Threads: {@code kafka-watch}. Thread-safe.
 */
public final class KafkaWatch implements AutoCloseable {
  /** Name of the health part. */
  public static final String HEALTH_PART = "kafka";

  private static final Duration PAUSE = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Health health;
  private final Admin admin;
  private final Worker worker;

  private KafkaWatch(KafkaConnection kafka, Health health, Failures failures) {
    this.health = health;
    this.admin = kafka.admin("kafka-watch");
    health.report(HEALTH_PART, Health.State.STARTING, "");
    this.worker = Worker.start("kafka-watch", this::watch, this::wakeUp, failures);
  }

  /** Starts to watch. */
  public static KafkaWatch start(KafkaConnection kafka, Health health, Failures failures) {
    return new KafkaWatch(kafka, health, failures);
  }

  private void watch(Worker self) throws InterruptedException {
    while (!self.stopping()) {
      if (isThere()) {
        health.report(HEALTH_PART, Health.State.UP, "");
      } else if (!self.stopping()) {
        health.report(HEALTH_PART, Health.State.DOWN, "no broker answers; it is tried again");
      }
      synchronized (this) {
        if (!self.stopping()) {
          wait(PAUSE.toMillis());
        }
      }
    }
  }

  private boolean isThere() throws InterruptedException {
    try {
      return !admin
          .describeCluster()
          .nodes()
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
          .isEmpty();
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  private synchronized void wakeUp() {
    notifyAll();
  }

  @Override
  public void close() {
    worker.stop();
    admin.close(Duration.ZERO); // ends a question that is under way
    worker.close();
  }
}
