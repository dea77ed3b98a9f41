package io.moodline.deploy;

import io.moodline.runtime.Failures;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node that lives as long as a command does and that Ctrl-C or SIGTERM stops cleanly. The exit
 * code is 0 where the command was up to be stopped, else 128 + signal, as of any program that did
 * not do what it had to. Thread-safe.
 */
final class RunningNode implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RunningNode.class);
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration BETWEEN_WORDS = Duration.ofSeconds(30);

  private final Runnable afterwards;
  private final Signals signals;
  private final AtomicBoolean ending = new AtomicBoolean();
  private final Thread caller = Thread.currentThread();
  private @Nullable Node node;
  private volatile boolean served;
  private boolean closed;

  private RunningNode(Runnable afterwards) {
    this.afterwards = afterwards;
    this.signals = Signals.take(this::stopOnSignal);
  }

  /**
   * Starts a node for a command that has something to do, and waits until it is ready.
   *
   * @param afterwards runs once when the node has stopped, however it came to that
   * @throws UserException when it is not ready in time
   */
  static RunningNode start(
      Settings settings, Set<Node.Role> roles, ProgressLine progress, Runnable afterwards)
      throws InterruptedException {
    RunningNode running = new RunningNode(afterwards);
    running.start(settings, roles, progress, node -> node.awaitReady(PATIENCE));
    return running;
  }

  /**
   * Starts a node that somebody will stop, and waits until it is ready, for as long as that takes:
   * a sink that lost its disk restores days of windows, and health says so meanwhile.
   */
  static RunningNode serve(Settings settings, Set<Node.Role> roles, ProgressLine progress)
      throws InterruptedException {
    RunningNode running = new RunningNode(() -> {});
    running.served = true;
    running.start(settings, roles, progress, RunningNode::awaitPatiently);
    return running;
  }

  private static void awaitPatiently(Node node) throws InterruptedException {
    while (!node.isReadyWithin(BETWEEN_WORDS)) {
      log.atInfo().addKeyValue("missing", node.missing()).log("still starting");
    }
  }

  /** How a command waits for its node. */
  @FunctionalInterface
  private interface Wait {
    void until(Node ready) throws InterruptedException;
  }

  private void start(Settings settings, Set<Node.Role> roles, ProgressLine progress, Wait wait)
      throws InterruptedException {
    try {
      progress.step("starting ...");
      open(settings, roles);
      wait.until(node());
      progress.done();
    } catch (RuntimeException | InterruptedException e) {
      progress.done();
      close();
      throw e;
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

  /** Blocks until a signal ends the process, which is then as it should be. */
  void awaitSignal() throws InterruptedException {
    served = true;
    new CountDownLatch(1).await();
  }

  private void stopOnSignal(int signal) {
    if (ending.getAndSet(true)) {
      return; // it is being stopped already
    }
    caller.interrupt(); // it may ask what is about to close, or wait for a Kafka that never answers
    stop();
    Runtime.getRuntime().halt(served ? 0 : 128 + signal);
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
    if (ending.getAndSet(true)) {
      awaitHalt(); // a signal came first: its thread stops the node and ends the process
    }
    signals.close();
    stop();
  }

  /** What interrupted the caller is the signal, and nothing is left to be said about it. */
  private static void awaitHalt() {
    while (true) {
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        continue;
      }
    }
  }
}
