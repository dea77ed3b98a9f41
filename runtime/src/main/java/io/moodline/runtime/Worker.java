package io.moodline.runtime;

import java.time.Duration;

/**
 * A named platform thread that runs one loop until it is told to stop, and reports what it did not
 * expect.
 *
 * <p>The loop ends by itself when {@link #stopping} turns true; {@link #close} sets it, calls the
 * wake-up and waits. Thread-safe.
 */
public final class Worker implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Thread thread;
  private final Runnable wakeUp;
  private volatile boolean stopping;

  private Worker(String name, Loop loop, Runnable wakeUp, Failures failures) {
    this.wakeUp = wakeUp;
    this.thread =
        new Thread(
            () -> {
              try {
                loop.run(this);
              } catch (Throwable cause) {
                failures.failed(name, cause);
              }
            },
            name);
  }

  /**
   * Starts a thread.
   *
   * @param name shown in logs and thread dumps, for example {@code analyzer-decode-1}
   * @param loop what it does; ends when {@link #stopping} is true
   * @param wakeUp makes a blocked loop look at {@link #stopping}; runs on the closing thread
   */
  public static Worker start(String name, Loop loop, Runnable wakeUp, Failures failures) {
    Worker worker = new Worker(name, loop, wakeUp, failures);
    worker.thread.setDaemon(true);
    worker.thread.start();
    return worker;
  }

  /** Whether the loop should end. */
  public boolean stopping() {
    return stopping;
  }

  public boolean isAlive() {
    return thread.isAlive();
  }

  /** Tells the loop to end without waiting for it. */
  public void stop() {
    stopping = true;
    wakeUp.run();
  }

  /**
   * Ends the loop and waits for it.
   *
   * @throws IllegalStateException when the thread does not end: a bug that must be seen
   */
  @Override
  public void close() {
    stop();
    if (Thread.currentThread() == thread) {
      return;
    }
    boolean interrupted = false;
    try {
      thread.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    } else if (thread.isAlive()) {
      throw new IllegalStateException("thread " + thread.getName() + " does not stop");
    }
  }

  /** What a worker does. */
  @FunctionalInterface
  public interface Loop {
    void run(Worker worker) throws Exception;
  }
}
