package io.moodline.deploy;

import io.moodline.analyzer.FaceCrops;
import io.moodline.analyzer.FaceCrops.FaceCrop;
import io.moodline.models.Bundle;
import io.moodline.models.Classifier;
import io.moodline.models.Classifiers;
import io.moodline.models.Devices;
import io.moodline.models.LabelledPictures;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Scores labelled pictures in batches, as crops and, where asked, once more as the service would:
 * found by its detector and cropped by it. Only scores stay in memory. Owns the network and the
 * detector. Confined to one thread.
 */
final class EvaluationRun implements AutoCloseable {
  private static final int MOST_NAMED = 5;

  private final Bundle bundle;
  private final Classifiers classifiers;
  private final FaceCrops clean;
  private final Function<Path, double[][]> landmarks;
  private final @Nullable FaceCrops detecting;
  private final boolean pasted;

  private final List<Pending> batch = new ArrayList<>();
  private List<ScoredFaces.Face> scored = new ArrayList<>();
  private int unreadable;
  private int runs;
  private long networkNanos;
  private long detectNanos;

  /** A face that waits for its batch to be full. */
  private record Pending(int truth, @Nullable FaceCrop clean, @Nullable FaceCrop found) {}

  private EvaluationRun(
      Bundle bundle,
      Classifiers classifiers,
      FaceCrops clean,
      Function<Path, double[][]> landmarks,
      @Nullable FaceCrops detecting,
      boolean pasted) {
    this.bundle = bundle;
    this.classifiers = classifiers;
    this.clean = clean;
    this.landmarks = landmarks;
    this.detecting = detecting;
    this.pasted = pasted;
  }

  /**
   * Opens the network on the devices, and the detector if faces are to be found too.
   *
   * @param pasted whether crops are enlarged and put onto larger pictures to be found there
   * @param landmarks of a picture's file, for models that look through a mask of them
   */
  static EvaluationRun open(
      Bundle bundle,
      Settings settings,
      boolean detect,
      boolean pasted,
      Devices devices,
      Function<Path, double[][]> landmarks) {
    FaceCrops detecting = detect ? detecting(bundle, settings, pasted) : null;
    try {
      FaceCrops clean = FaceCrops.ofCroppedPictures(bundle);
      return new EvaluationRun(bundle, devices.open(bundle), clean, landmarks, detecting, pasted);
    } catch (RuntimeException | Error e) {
      if (detecting != null) {
        detecting.close();
      }
      throw e;
    }
  }

  private static FaceCrops detecting(Bundle bundle, Settings settings, boolean pasted) {
    return pasted
        ? FaceCrops.ofPastedPictures(bundle, settings.home(), settings)
        : FaceCrops.ofWholePictures(bundle, settings.home(), settings);
  }

  /** Scores every picture; one that can not be read is named, counted and passed over. */
  ScoredFaces score(LabelledPictures pictures) {
    scored = new ArrayList<>();
    unreadable = 0;
    runs = 0;
    networkNanos = 0;
    detectNanos = 0;
    ProgressLine line = ProgressLine.onStandardError();
    long start = System.nanoTime();
    int done = 0;
    try {
      for (LabelledPictures.Picture picture : pictures.pictures()) {
        read(picture, line);
        done++;
        if (batch.size() == Classifier.LARGEST_BATCH) {
          scoreBatch();
          progress(line, done, pictures.pictures().size(), start);
        }
      }
      scoreBatch();
    } finally {
      line.done();
      batch.clear();
    }
    if (scored.isEmpty()) {
      throw new UserException(pictures.name() + " has no picture that can be read");
    }
    if (runs == 0) {
      throw new UserException(
          "the detector "
              + detectorName()
              + " finds no face in "
              + pictures.name()
              + ": give pictures with room around the face");
    }
    return new ScoredFaces(
        scored,
        unreadable,
        runs,
        networkNanos / 1e9,
        detectNanos / 1e9,
        (System.nanoTime() - start) / 1e9);
  }

  private void read(LabelledPictures.Picture picture, ProgressLine line) {
    try {
      String name = picture.file().toString();
      byte[] file = PictureBytes.read(picture.file());
      // A crop comes without the landmarks that a detector finds.
      FaceCrop crop =
          MaskedFaces.needsDetector(bundle)
              ? null
              : MaskedFaces.read(bundle, clean, file, name, () -> landmarks.apply(picture.file()));
      FaceCrop found = null;
      if (detecting != null) {
        long start = System.nanoTime();
        found = detecting.read(file, name).orElse(null);
        detectNanos += System.nanoTime() - start;
      }
      batch.add(new Pending(picture.truth(), crop, found));
    } catch (UserException e) {
      unreadable++;
      line.done();
      if (unreadable <= MOST_NAMED) {
        System.err.println("moodline: " + e.getMessage());
      }
    }
  }

  private void scoreBatch() {
    Iterator<float[]> clean = classify(batch.stream().map(Pending::clean));
    Iterator<float[]> found = classify(batch.stream().map(Pending::found));
    for (Pending face : batch) {
      scored.add(
          new ScoredFaces.Face(
              face.truth(),
              face.clean() == null ? null : clean.next(),
              face.found() == null ? null : found.next()));
    }
    batch.clear();
  }

  private Iterator<float[]> classify(Stream<@Nullable FaceCrop> crops) {
    List<FaceCrop> there = crops.filter(Objects::nonNull).map(crop -> (FaceCrop) crop).toList();
    long start = System.nanoTime();
    List<float[]> scores = List.of(MaskedFaces.classify(bundle, classifiers, there));
    networkNanos += System.nanoTime() - start;
    runs += there.size();
    return scores.iterator();
  }

  private static void progress(ProgressLine line, int done, int all, long start) {
    double perSecond = done / ((System.nanoTime() - start) / 1e9);
    line.progress(
        (double) done / all,
        String.format(Locale.ROOT, "%d of %d faces, %.0f per second", done, all, perSecond));
  }

  /** Whether what the detector was shown is made up of crops. */
  boolean pasted() {
    return pasted;
  }

  /** The detector in use; empty without one. */
  String detectorName() {
    return detecting == null ? "" : detecting.detectorName();
  }

  @Override
  public void close() {
    classifiers.close();
    clean.close();
    if (detecting != null) {
      detecting.close();
    }
  }
}
