package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.models.ProcessorTime;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Faces per second of a network with nothing around it, by batch: the best of several rounds, since
 * what else runs on the machine only ever slows it down. Confined to one thread.
 */
final class BareRates {
  private static final long LEAST_NANOS = Duration.ofMillis(300).toNanos();

  /** A batch that takes longer is the last one that is tried. */
  private static final long MOST_NANOS = Duration.ofSeconds(3).toNanos();

  private final NavigableMap<Integer, Double> bySecond = new TreeMap<>();
  private final NavigableMap<Integer, Double> byProcessorSecond = new TreeMap<>();
  private final NavigableMap<Integer, Double> byThreadSecond = new TreeMap<>();
  private Rate shared = new Rate(0, 0, 0);

  /**
   * What is scored in a second.
   *
   * @param byProcessorSecond of processor time of this process
   * @param byThreadSecond of processor time of the calling thread
   */
  private record Rate(double bySecond, double byProcessorSecond, double byThreadSecond) {
    Rate best(Rate other) {
      return new Rate(
          Math.max(bySecond, other.bySecond),
          Math.max(byProcessorSecond, other.byProcessorSecond),
          Math.max(byThreadSecond, other.byThreadSecond));
    }
  }

  /**
   * Measures a batch.
   *
   * @param all scores it with all threads
   * @param single scores it on the calling thread alone
   * @return whether a larger batch is worth the time
   */
  boolean measure(int batch, Runnable all, Runnable single) {
    long start = System.nanoTime();
    single.run(); // the first one of a shape is slow
    all.run();
    long took = System.nanoTime() - start;
    Rate together = rate(batch, all);
    bySecond.merge(batch, together.bySecond(), Math::max);
    byProcessorSecond.merge(batch, together.byProcessorSecond(), Math::max);
    byThreadSecond.merge(batch, rate(batch, single).byThreadSecond(), Math::max);
    return took < MOST_NANOS;
  }

  /** Measures so many faces that threads share among them. */
  void measureShared(int faces, Runnable all) {
    all.run();
    shared = shared.best(rate(faces, all));
  }

  private static Rate rate(int batch, Runnable score) {
    long begin = System.nanoTime();
    long thread = ProcessorTime.nanos();
    long process = ProcessorTime.ofProcess();
    long scored = 0;
    do {
      score.run();
      scored += batch;
    } while (System.nanoTime() - begin < LEAST_NANOS);
    return new Rate(
        scored / ((System.nanoTime() - begin) / 1e9),
        scored / ((ProcessorTime.ofProcess() - process) / 1e9),
        scored / ((ProcessorTime.nanos() - thread) / 1e9));
  }

  /** The batch that makes the most of a thread's time; 0 before any was measured. */
  int bestBatch() {
    return byThreadSecond.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse(0);
  }

  /** The best of any batch, shared out or not. */
  double bestBySecond() {
    return Math.max(shared.bySecond(), Collections.max(bySecond.values()));
  }

  /** The best of any batch with all threads at work, shared out or not. */
  double bestByProcessorSecond() {
    return Math.max(shared.byProcessorSecond(), Collections.max(byProcessorSecond.values()));
  }

  /** The best of any batch with one thread at work and the other processors left alone. */
  double bestByThreadSecond() {
    return Collections.max(byThreadSecond.values());
  }

  void writeTo(ObjectNode result) {
    write(result.putObject("facesPerSecondByBatch"), bySecond);
    write(result.putObject("facesPerProcessorSecondByBatch"), byProcessorSecond);
    write(result.putObject("facesPerProcessorSecondOfOneThreadByBatch"), byThreadSecond);
    result
        .put("facesPerSecondShared", shared.bySecond())
        .put("facesPerProcessorSecondShared", shared.byProcessorSecond())
        .put("bestFacesPerSecond", bestBySecond())
        .put("bestFacesPerProcessorSecond", bestByProcessorSecond())
        .put("bestFacesPerProcessorSecondOfOneThread", bestByThreadSecond());
  }

  private static void write(ObjectNode result, NavigableMap<Integer, Double> rates) {
    rates.forEach((batch, rate) -> result.put(Integer.toString(batch), rate));
  }
}
