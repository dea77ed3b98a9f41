package io.moodline.analyzer;

import io.moodline.analyzer.AnalyzerMetrics.Step;
import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.runtime.DataKey;
import io.moodline.runtime.DataKey.BrokenSealException;
import io.moodline.runtime.Failures;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.Worker;
import io.moodline.schemas.v1.Frame;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
  private final int threads;
  private final List<Worker> workers = new ArrayList<>();

  private DetectThreads(
      int threads, int queueLength, Detectors detectors, AnalyzerMetrics metrics) {
    this.threads = threads;
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
    DetectThreads started = new DetectThreads(threads, queueLength, detectors, metrics);
    for (int i = 1; i <= threads; i++) {
      started.workers.add(Worker.start("analyzer-detect-" + i, started::run, () -> {}, failures));
    }
    return started;
  }

  /** A frame's picture on its way. */
  private record Task(
      FramePicture picture,
      FaceCropper cropper,
      @Nullable FaceCropper trialCropper,
      CompletableFuture<Sighting> sighting) {}

  /**
   * The picture of a frame that is no end mark; it is opened where it is decoded.
   *
   * @param key what it is sealed with; null where it is plain
   */
  record FramePicture(Frame frame, @Nullable DataKey key) {
    Picture decode() throws UnusablePictureException {
      try {
        byte[] jpeg = SealedRecords.jpeg(frame, key);
        return PictureDecoder.decodeFrame(jpeg, frame.getWidth(), frame.getHeight());
      } catch (BrokenSealException e) {
        throw new UnusablePictureException(FailReason.BROKEN_SEAL, "the seal is broken");
      }
    }
  }

  /**
   * Hands a frame in; the answer comes when a thread has looked at it.
   *
   * @param trialCropper cuts its faces out for a second model; null for none
   */
  Future<Sighting> look(
      FramePicture picture, FaceCropper cropper, @Nullable FaceCropper trialCropper)
      throws InterruptedException {
    Task task = new Task(picture, cropper, trialCropper, new CompletableFuture<>());
    queue.put(task);
    return task.sighting();
  }

  private void run(Worker worker) throws InterruptedException {
    try (FaceDetector detector = detectors.open()) {
      while (!worker.stopping()) {
        Task task = queue.poll(LOOK_AROUND_MILLIS, TimeUnit.MILLISECONDS);
        if (task != null) {
          answer(withOthers(task, detector), detector);
        }
      }
    }
  }

  /**
   * The task with others that wait already, as many as the detector gains from and as leave the
   * other threads their share; those that were given up meanwhile are left out.
   */
  private List<Task> withOthers(Task task, FaceDetector detector) {
    List<Task> tasks = new ArrayList<>(List.of(task));
    int share = (queue.size() + threads) / threads;
    queue.drainTo(tasks, Math.min(detector.largestBatch(), share) - 1);
    tasks.removeIf(each -> each.sighting().isDone());
    return tasks;
  }

  private void answer(List<Task> tasks, FaceDetector detector) {
    try {
      List<Task> readable = new ArrayList<>();
      List<Picture> pictures = new ArrayList<>();
      for (Task task : tasks) {
        Picture picture = decode(task);
        if (picture != null) {
          readable.add(task);
          pictures.add(picture);
        }
      }
      List<List<LocatedFace>> found = detectAll(pictures, detector);
      for (int i = 0; i < readable.size(); i++) {
        answer(readable.get(i), pictures.get(i), found.isEmpty() ? null : found.get(i), detector);
      }
    } catch (Throwable bug) {
      tasks.forEach(task -> task.sighting().completeExceptionally(bug));
      throw bug;
    }
  }

  /** The frame's picture; null where it has none, which is answered at once. */
  private @Nullable Picture decode(Task task) {
    StepStart start = StepStart.now();
    try {
      Picture picture = task.picture().decode();
      metrics.took(Step.DECODE, start);
      return picture;
    } catch (UnusablePictureException e) {
      task.sighting().complete(new Sighting.Unusable(e.reason()));
      return null;
    }
  }

  /** Faces of several pictures at once; nothing for one alone, or where one of them is bad. */
  private List<List<LocatedFace>> detectAll(List<Picture> pictures, FaceDetector detector) {
    if (pictures.size() < 2) {
      return List.of();
    }
    StepStart start = StepStart.now();
    try {
      List<List<LocatedFace>> found = detector.detectAll(pictures);
      metrics.took(Step.DETECT, start);
      return found;
    } catch (RuntimeException e) {
      return List.of(); // each by itself then, so that the bad one alone fails, with a word
    }
  }

  private void answer(
      Task task, Picture picture, @Nullable List<LocatedFace> known, FaceDetector detector) {
    try {
      List<LocatedFace> found = known == null ? detect(picture, detector) : known;
      StepStart start = StepStart.now();
      FaceCropper second = task.trialCropper();
      List<CroppedFace> faces = crop(task.cropper(), picture, found);
      List<CroppedFace> forTrial = second == null ? List.of() : crop(second, picture, found);
      metrics.took(Step.CROP, start);
      task.sighting().complete(new Sighting.Faces(faces, forTrial));
    } catch (UnusablePictureException e) {
      task.sighting().complete(new Sighting.Unusable(e.reason()));
    }
  }

  private static List<CroppedFace> crop(
      FaceCropper cropper, Picture picture, List<LocatedFace> found) {
    return found.stream().map(face -> cropper.crop(picture, face)).toList();
  }

  /**
   * A detector that fails on one picture costs that picture: native code reports what it does not
   * like about hostile pixels in the same way as a bug, and a crash would meet the frame again.
   */
  private List<LocatedFace> detect(Picture picture, FaceDetector detector)
      throws UnusablePictureException {
    StepStart start = StepStart.now();
    try {
      List<LocatedFace> found = detector.detect(picture);
      metrics.took(Step.DETECT, start);
      return found;
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
