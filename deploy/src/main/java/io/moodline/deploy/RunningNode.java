package io.moodline.deploy;

import io.moodline.runtime.Failures;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A node that lives as long as a command does and that Ctrl-C or SIGTERM stops cleanly, with exit
 * code 0. Thread-safe.
 */
final class RunningNode implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Runnable afterwards;
  private final Thread hook = new Thread(this::stopOnSignal, "shutdown");
  private volatile @Nullable Thread starting;
  private @Nullable Node node;
  private boolean closed;

  private RunningNode(Runnable afterwards) {
    this.afterwards = afterwards;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /**
   * Starts a node and waits until it is ready.
   *
   * @param afterwards runs once when the node has stopped, however it came to that
   */
  static RunningNode start(
      Settings settings, Set<Node.Role> roles, ProgressLine progress, Runnable afterwards)
      throws InterruptedException {
    RunningNode running = new RunningNode(afterwards);
    running.starting = Thread.currentThread();
    try {
      progress.step("starting ...");
      running.open(settings, roles);
      running.node().awaitReady(PATIENCE);
      progress.done();
      return running;
    } catch (RuntimeException | InterruptedException e) {
      progress.done();
      running.close();
      throw e;
    } finally {
      running.starting = null;
    }
  }

  private synchronized void open(Settings settings, Set<Node.Role> roles)
      throws InterruptedException {
    if (closed) {
      throw new UserException("stopped before it had started");
    }
    node = Node.start(settings, roles, Failures.exitProcess());
  }

  synchronized Node node() {
    if (node == null) {
      throw new IllegalStateException("not started");
    }
    return node;
  }

  /** Blocks until a signal ends the process. */
  static void awaitSignal() throws InterruptedException {
    new CountDownLatch(1).await();
  }

  private void stopOnSignal() {
    Thread waiting = starting;
    if (waiting != null) {
      waiting.interrupt(); // it may wait for a Kafka that never answers
    }
    stop();
    // The JVM would report 128 + signal, though everything was stopped as it should.
    Runtime.getRuntime().halt(0);
  }

  private synchronized void stop() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (node != null) {
        node.close();
      }
    } finally {
      afterwards.run();
    }
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      awaitHalt(); // a signal came first: its hook stops the node and ends the process
    }
    stop();
  }

  /** What interrupted the caller is the signal, and nothing is left to be said about it. */
  private void awaitHalt() {
    while (true) {
      try {
        hook.join();
      } catch (InterruptedException e) {
        continue;
      }
    }
  }
}
