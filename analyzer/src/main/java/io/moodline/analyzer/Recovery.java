package io.moodline.analyzer;

import io.moodline.runtime.Health;
import io.moodline.runtime.Health.State;
import io.moodline.runtime.KeyUnavailableException;
import io.moodline.schemas.SchemaUnavailableException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is said and waited for when Kafka fails: health, log and a pause that doubles up to ten
 * seconds and ends when the stage stops. Thread-safe.
 */
final class Recovery {
  static final String PART = "analyzer";

  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  /** So many failures in a row are no rebalance any more. */
  private static final int FAILURES_UNTIL_DOWN = 3;

  private static final Logger log = LoggerFactory.getLogger(Recovery.class);

  private final Health health;
  private final AnalyzerMetrics metrics;
  private final String whenWell;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private int failures;
  private State reported = State.STARTING;

  Recovery(Health health, AnalyzerMetrics metrics, String whenWell) {
    this.health = health;
    this.metrics = metrics;
    this.whenWell = whenWell;
    health.report(PART, State.STARTING, "joining the group");
  }

  /** A round ended without an error; {@code joined} once the group has let this instance in. */
  synchronized void wentWell(boolean joined) {
    failures = 0;
    if (joined && reported != State.UP) {
      report(State.UP, whenWell);
    }
  }

  /** A round failed: says so and pauses. */
  void failed(RuntimeException cause) throws InterruptedException {
    Duration pause = count(cause);
    if (stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
      log.atDebug().log("stopping while Kafka fails");
    }
  }

  private synchronized Duration count(RuntimeException cause) {
    failures++;
    metrics.failedTransaction();
    log.atWarn()
        .addKeyValue("cause", cause.toString())
        .addKeyValue("inARow", failures)
        .log("batch was not committed and will be done again");
    report(
        failures < FAILURES_UNTIL_DOWN ? State.DEGRADED : State.DOWN,
        cause instanceof KeyUnavailableException || cause instanceof SchemaUnavailableException
            ? String.valueOf(cause.getMessage())
            : "Kafka refuses or does not answer: " + cause.getClass().getSimpleName());
    long millis = FIRST_PAUSE.toMillis() << Math.min(failures - 1, 10);
    return Duration.ofMillis(Math.min(millis, LONGEST_PAUSE.toMillis()));
  }

  private void report(State state, String reason) {
    reported = state;
    health.report(PART, state, reason);
  }

  /** Ends a pause. */
  void stop() {
    stopped.countDown();
  }
}
