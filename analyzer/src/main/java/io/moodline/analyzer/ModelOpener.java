package io.moodline.analyzer;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens models aside, on the thread {@code analyzer-open-model}: one at a time, in the order in
 * which they are asked for, so that two large ones are never in memory at once beyond need.
 *
 * <p>A model belongs to whoever asked for it; one that was given up meanwhile, with {@link
 * CompletableFuture#cancel} or {@link #stop}, is closed when it is ready. ONNX Runtime can not be
 * told to stop opening a network: a thread that does not end is left to the process's end.
 * Thread-safe.
 */
final class ModelOpener implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private static final Logger log = LoggerFactory.getLogger(ModelOpener.class);

  private final ModelLoader loader;
  private final AnalyzerMetrics metrics;
  private final Runnable changed;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread opening = new Thread(task, "analyzer-open-model");
            opening.setDaemon(true);
            return opening;
          });
  private final Set<CompletableFuture<Model>> asked = new LinkedHashSet<>();
  private volatile @Nullable String opening;
  private boolean stopped;

  /**
   * Prepares to open what {@code loader} makes.
   *
   * @param changed called on the opener's thread when one begins and when it has ended
   */
  ModelOpener(ModelLoader loader, AnalyzerMetrics metrics, Runnable changed) {
    this.loader = loader;
    this.metrics = metrics;
    this.changed = changed;
  }

  /** The bundle that is being opened; null for none. */
  @Nullable String opening() {
    return opening;
  }

  /** Opens a bundle when its turn comes; fails as {@link ModelLoader#load} does. */
  synchronized CompletableFuture<Model> open(String name) {
    CompletableFuture<Model> model = new CompletableFuture<>();
    if (stopped) {
      model.cancel(false);
      return model;
    }
    asked.add(model);
    model.whenComplete((opened, failure) -> forget(model));
    thread.execute(() -> open(name, model));
    return model;
  }

  private synchronized void forget(CompletableFuture<Model> model) {
    asked.remove(model);
  }

  private void open(String name, CompletableFuture<Model> answer) {
    if (answer.isDone()) {
      return;
    }
    long start = System.nanoTime();
    begun(name);
    Runnable tell;
    try {
      Model model = loader.load(name);
      tell = () -> handOver(model, answer);
    } catch (Throwable cause) { // whoever asked throws it again
      tell = () -> answer.completeExceptionally(cause);
    }
    metrics.modelOpened((System.nanoTime() - start) / 1e9);
    begun(null); // before anybody can see the answer
    tell.run();
  }

  private void begun(@Nullable String name) {
    opening = name;
    metrics.opening(name != null);
    changed.run();
  }

  private static void handOver(Model model, CompletableFuture<Model> answer) {
    if (!answer.complete(model)) {
      model.close(); // nobody waits for it any more
    }
  }

  /** Takes an answer back that nobody waits for any more. */
  static void giveUp(CompletableFuture<Model> answer) {
    if (!answer.cancel(false) && !answer.isCompletedExceptionally()) {
      answer.join().close();
    }
  }

  /** Gives up what was asked for and opens nothing any more; does not wait. */
  void stop() {
    Set<CompletableFuture<Model>> left;
    synchronized (this) {
      stopped = true;
      left = Set.copyOf(asked);
    }
    left.forEach(answer -> answer.cancel(false));
    thread.shutdownNow(); // ends the reading of a file
  }

  @Override
  public void close() {
    stop();
    boolean ended;
    try {
      ended = thread.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      ended = false;
    }
    if (!ended) {
      log.atWarn()
          .addKeyValue("model", opening)
          .log("a model is still being opened, which can not be ended; it is left");
    }
  }
}
