package io.moodline.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;

/**
 * A bundle's network, open on one device or on several alike: faces are shared out over the
 * classifiers, each of which has a thread of its own: the caller's and {@code classify-1}, ...
 * Which of them scores a face makes no difference. Owns them. Confined to one thread at a time.
 */
public final class Classifiers implements AutoCloseable {
  private final Device device;
  private final List<Classifier> classifiers;
  private final List<ExecutorService> threads = new ArrayList<>();
  private final LongAdder helpersNanos = new LongAdder();

  Classifiers(Device device, List<Classifier> classifiers) {
    this.device = device;
    this.classifiers = List.copyOf(classifiers);
    for (int i = 1; i < classifiers.size(); i++) {
      String name = "classify-" + i;
      threads.add(
          Executors.newSingleThreadExecutor(
              task -> {
                Thread thread = new Thread(task, name);
                thread.setDaemon(true);
                return thread;
              }));
    }
  }

  /** What computes this network. */
  public Device device() {
    return device;
  }

  /** As {@link Classifier#classify(byte[][])}. */
  public float[][] classify(byte[][] faces) {
    return classify(faces, new float[0][]);
  }

  /** As {@link Classifier#classify(byte[][], float[][])}; without masks for most networks. */
  public float[][] classify(byte[][] faces, float[][] masks) {
    int share = (faces.length + classifiers.size() - 1) / classifiers.size();
    List<Future<float[][]>> others = new ArrayList<>();
    for (int i = 1; i < classifiers.size() && i * share < faces.length; i++) {
      Classifier classifier = classifiers.get(i);
      byte[][] part = part(faces, i * share, share);
      float[][] partMasks = part(masks, i * share, share);
      others.add(threads.get(i - 1).submit(() -> help(classifier, part, partMasks)));
    }
    List<float[]> scores = new ArrayList<>();
    try {
      byte[][] part = part(faces, 0, share);
      scores.addAll(List.of(classify(classifiers.get(0), part, part(masks, 0, share))));
    } finally {
      for (Future<float[][]> other : others) {
        scores.addAll(List.of(await(other)));
      }
    }
    return scores.toArray(float[][]::new);
  }

  private float[][] help(Classifier classifier, byte[][] faces, float[][] masks) {
    long start = ProcessorTime.nanos();
    try {
      return classify(classifier, faces, masks);
    } finally {
      helpersNanos.add(ProcessorTime.nanos() - start);
    }
  }

  /** Processor time that threads other than the caller's have spent on faces, in nanoseconds. */
  public long helpersProcessorNanos() {
    return helpersNanos.sum();
  }

  private static float[][] classify(Classifier classifier, byte[][] faces, float[][] masks) {
    return masks.length < faces.length
        ? classifier.classify(faces)
        : classifier.classify(faces, masks);
  }

  private static <T> T[] part(T[] all, int from, int count) {
    return Arrays.copyOfRange(all, Math.min(from, all.length), Math.min(from + count, all.length));
  }

  /** Waits to the end, also for an interrupted thread: the session must be idle afterwards. */
  private static float[][] await(Future<float[][]> scores) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return scores.get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("a session failed", e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Gives the classifiers back, the first one last; a second call does nothing. */
  @Override
  public void close() {
    threads.forEach(ExecutorService::shutdown);
    for (int i = classifiers.size() - 1; i >= 0; i--) {
      classifiers.get(i).close();
    }
  }
}
