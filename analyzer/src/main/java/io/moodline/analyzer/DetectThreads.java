package io.moodline.analyzer;

import io.moodline.analyzer.AnalyzerMetrics.Step;
import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.runtime.Failures;
import io.moodline.runtime.Worker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads {@code analyzer-detect-1}, ... that decode frames, find faces and cut them out. Each
 * owns a detector of its own. Frames wait in one bounded queue; when it is full, whoever brings one
 * waits, and so does Kafka. Thread-safe.
 */
final class DetectThreads implements AutoCloseable {
  private static final long LOOK_AROUND_MILLIS = 100;

  private static final Logger log = LoggerFactory.getLogger(DetectThreads.class);

  private final SeldomLog seldom = new SeldomLog();
  private final Detectors detectors;
  private final AnalyzerMetrics metrics;
  private final BlockingQueue<Task> queue;
  private final List<Worker> workers = new ArrayList<>();

  private DetectThreads(Detectors detectors, AnalyzerMetrics metrics, int queueLength) {
    this.detectors = detectors;
    this.metrics = metrics;
    this.queue = new ArrayBlockingQueue<>(queueLength);
  }

  static DetectThreads start(
      int threads,
      int queueLength,
      Detectors detectors,
      AnalyzerMetrics metrics,
      Failures failures) {
    DetectThreads started = new DetectThreads(detectors, metrics, queueLength);
    for (int i = 1; i <= threads; i++) {
      started.workers.add(Worker.start("analyzer-detect-" + i, started::run, () -> {}, failures));
    }
    return started;
  }

  /** A frame's picture on its way. */
  private record Task(
      FramePicture picture, FaceCropper cropper, CompletableFuture<Sighting> sighting) {}

  /** A frame's JPEG and the size that the frame states. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record FramePicture(byte[] jpeg, int width, int height) {}

  /** Hands a frame in; the answer comes when a thread has looked at it. */
  Future<Sighting> look(FramePicture picture, FaceCropper cropper) throws InterruptedException {
    Task task = new Task(picture, cropper, new CompletableFuture<>());
    queue.put(task);
    return task.sighting();
  }

  private void run(Worker worker) throws InterruptedException {
    try (FaceDetector detector = detectors.open()) {
      while (!worker.stopping()) {
        Task task = queue.poll(LOOK_AROUND_MILLIS, TimeUnit.MILLISECONDS);
        if (task != null && !task.sighting().isDone()) { // not given up meanwhile
          answer(task, detector);
        }
      }
    }
  }

  private void answer(Task task, FaceDetector detector) {
    try {
      task.sighting().complete(look(task, detector));
    } catch (UnusablePictureException e) {
      task.sighting().complete(new Sighting.Unusable(e.reason()));
    } catch (Throwable bug) {
      task.sighting().completeExceptionally(bug);
      throw bug;
    }
  }

  private Sighting look(Task task, FaceDetector detector) throws UnusablePictureException {
    FramePicture coded = task.picture();
    long start = System.nanoTime();
    Picture picture = PictureDecoder.decodeFrame(coded.jpeg(), coded.width(), coded.height());
    metrics.took(Step.DECODE, start);
    start = System.nanoTime();
    List<LocatedFace> found = detect(picture, detector);
    metrics.took(Step.DETECT, start);
    start = System.nanoTime();
    List<CroppedFace> faces =
        found.stream().map(face -> task.cropper().crop(picture, face)).toList();
    metrics.took(Step.CROP, start);
    return new Sighting.Faces(faces);
  }

  /**
   * A detector that fails on one picture costs that picture: native code reports what it does not
   * like about hostile pixels in the same way as a bug, and a crash would meet the frame again.
   */
  private List<LocatedFace> detect(Picture picture, FaceDetector detector)
      throws UnusablePictureException {
    try {
      return detector.detect(picture);
    } catch (RuntimeException e) {
      long failures = seldom.count(e.getClass().getName());
      if (failures > 0) {
        log.atError().setCause(e).addKeyValue("frames", failures).log("detector failed on frames");
      }
      throw new UnusablePictureException(FailReason.DETECT_ERROR, "the detector failed");
    }
  }

  @Override
  public void close() {
    workers.forEach(Worker::stop);
    workers.forEach(Worker::close);
  }
}
