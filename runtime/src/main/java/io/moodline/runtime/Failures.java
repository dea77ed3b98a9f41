package io.moodline.runtime;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens when a thread meets an error that it does not understand: the process stops loudly,
 * because going on with half its threads would be a silent lie. Thread-safe.
 */
@FunctionalInterface
public interface Failures {
  /** Called once per failed thread, on that thread. */
  void failed(String threadName, Throwable cause);

  /** Logs the cause and ends the process with exit code 1. */
  static Failures exitProcess() {
    Logger log = LoggerFactory.getLogger(Failures.class);
    return (thread, cause) -> {
      log.atError().addKeyValue("thread", thread).setCause(cause).log("a thread failed, stopping");
      // halt, not exit: shutdown hooks may wait for the very thread that failed. Kafka's
      // transactions keep it safe.
      Runtime.getRuntime().halt(1);
    };
  }
}
