package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.DeviceChoice;
import io.moodline.models.Bundle;
import io.moodline.models.BundleCalibration;
import io.moodline.models.Bundles;
import io.moodline.models.Devices;
import io.moodline.models.Evaluation;
import io.moodline.models.LabelledPictures;
import io.moodline.models.Landmarks;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moodline evaluate}: how well a model's scores fit labelled faces. */
@Command(
    name = "evaluate",
    description = {
      "Measure a model on labelled faces: accuracy, recall, F1, confusion, calibration, speed.",
      "DIR has a folder per class, named by label or by the data set's number; RAF-DB's folder with"
          + " train and test is measured on test. LIST has lines path<TAB>label."
    })
final class EvaluateCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Option(names = "--model", paramLabel = "NAME", description = "Name of the model.")
  String name = Bundles.DEFAULT;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR|LIST",
      description = "Labelled face crops.")
  Path data = Path.of("");

  @Option(
      names = "--labels",
      paramLabel = "SET",
      description =
          "Data set whose numbers the labels are: raf-db (from 1), affectnet-7, affectnet-8, caer-s,"
              + " ferplus or words with commas (from 0). Default: raf-db for 1 to 7, affectnet for"
              + " those from 0.")
  @Nullable String labels;

  @Option(
      names = "--detect",
      description = "Measure the pipeline too: find the face with our detector, crop, then score.")
  boolean detect;

  @Option(
      names = "--pasted",
      description =
          "With --detect, where DIR holds face crops: enlarge each and put it onto a larger picture"
              + " first. The figure is synthetic.")
  boolean pasted;

  @Option(
      names = "--calibrate",
      description =
          "Fit the temperature on every second picture, measure on the others, store it in the"
              + " model.")
  boolean calibrate;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file.")
  @Nullable Path json;

  @Override
  public Integer call() {
    Settings settings = options.load(Map.of());
    Path bundles = settings.home().resolve("bundles");
    Bundle bundle = new Bundles(bundles).resolve(name);
    if (calibrate && !Files.isDirectory(bundles.resolve(name))) {
      throw new UserException(
          "model " + name + " ships with the program and is calibrated: import one of your own");
    }
    if (!detect) {
      MaskedFaces.refuseWithoutDetector(
          bundle, "measure it with --detect, which finds them (moodline model pull yunet)");
    }
    LabelledPictures pictures = LabelledPictures.read(data, bundle.labels(), labels);
    if (calibrate && pictures.pictures().size() < 2) {
      throw new UserException("--calibrate needs two pictures at least, better some hundred");
    }
    refuseUnwritable(json);
    Devices devices = DeviceChoice.of(settings);
    ObjectNode figures = told(bundle, pictures, devices);
    int unreadable;
    try (EvaluationRun run =
        EvaluationRun.open(
            bundle, settings, detect || pasted, pasted, devices, Landmarks.of(data))) {
      unreadable =
          calibrate
              ? calibrate(run, bundle, pictures, bundles, figures)
              : measure(run, bundle, pictures, figures);
    }
    write(figures);
    return unreadable == 0 ? 0 : 2;
  }

  /** Before minutes of work, not after them. */
  private static void refuseUnwritable(@Nullable Path file) {
    if (file != null) {
      Path folder = file.toAbsolutePath().getParent();
      if (folder == null || !Files.isWritable(folder) || Files.isDirectory(file)) {
        throw new UserException(
            "file " + file + " can not be written: name one in a folder that is there");
      }
    }
  }

  /** What is measured, on standard output and in the figures. */
  private static ObjectNode told(Bundle bundle, LabelledPictures pictures, Devices devices) {
    System.out.println("model    " + bundle);
    System.out.println("device   " + devices);
    System.out.println("data     " + pictures.name() + ", " + pictures.pictures().size());
    ObjectNode figures = ApiClient.object().put("model", bundle.name());
    figures.put("digest", bundle.digest()).put("data", pictures.name());
    figures.put("device", devices.device().id());
    ObjectNode mapping = figures.putObject("mapping");
    pictures.mapping().forEach(mapping::put);
    System.out.println(
        "mapping  "
            + String.join(
                ", ",
                pictures.mapping().entrySet().stream()
                    .map(entry -> entry.getKey() + " = " + entry.getValue())
                    .toList())
            + (pictures.numbering().isEmpty() ? "" : " (" + pictures.numbering() + ")"));
    if (pictures.leftOut() > 0) {
      System.out.println("left out " + pictures.leftOut() + ": no label of the model");
    }
    figures.put("leftOut", pictures.leftOut());
    return figures;
  }

  private int measure(
      EvaluationRun run, Bundle bundle, LabelledPictures pictures, ObjectNode figures) {
    ScoredFaces scores = run.score(pictures);
    Evaluation.Report report = scores.clean(bundle.labels());
    EvaluationText.print(bundle.labels(), report);
    EvaluationText.put(figures, report);
    pace(scores, figures);
    if (detect || pasted) {
      pipeline(run, bundle, scores, figures);
    }
    return scores.unreadable();
  }

  private static void pace(ScoredFaces scores, ObjectNode figures) {
    System.out.printf(
        Locale.ROOT,
        "faces per second %.1f (network alone), %.1f with reading the files%n",
        scores.facesPerSecond(),
        scores.picturesPerSecond());
    figures.put("facesPerSecond", scores.facesPerSecond());
    figures.put("picturesPerSecond", scores.picturesPerSecond());
    figures.put("unreadable", scores.unreadable());
  }

  /** What detecting and cropping costs, against the crops that the data set has. */
  private static void pipeline(
      EvaluationRun run, Bundle bundle, ScoredFaces scores, ObjectNode figures) {
    Evaluation.Report found = scores.found(bundle.labels());
    double withMissed = found.accuracy() * found.faces() / scores.size();
    System.out.printf(
        Locale.ROOT,
        "%nwith our detector (%s%s): %d of %d faces found, %.1f ms per picture%n"
            + "accuracy where found %.4f, with missed faces as wrong %.4f%n",
        run.detectorName(),
        run.pasted() ? ", crops pasted onto larger pictures: synthetic" : "",
        found.faces(),
        scores.size(),
        scores.detectMillis(),
        found.accuracy(),
        withMissed);
    ObjectNode node = figures.putObject("detect").put("detector", run.detectorName());
    node.put("synthetic", run.pasted());
    EvaluationText.put(node, found);
    node.put("facesFound", found.faces()).put("facesShown", scores.size());
    node.put("millisPerPicture", scores.detectMillis());
    node.put("accuracyWithMissedAsWrong", withMissed);
    if (!MaskedFaces.needsDetector(bundle)) {
      against(bundle, scores, found, withMissed, node);
    }
  }

  private static void against(
      Bundle bundle,
      ScoredFaces scores,
      Evaluation.Report found,
      double withMissed,
      ObjectNode node) {
    Evaluation.Report clean = scores.clean(bundle.labels());
    Evaluation.Report same = scores.cleanWhereFound(bundle.labels());
    System.out.printf(
        Locale.ROOT,
        "of the same clean crops %.4f: %+.4f; of all clean crops %.4f: %+.4f%n",
        same.accuracy(),
        found.accuracy() - same.accuracy(),
        clean.accuracy(),
        withMissed - clean.accuracy());
    node.put("accuracyOfSameCleanCrops", same.accuracy());
  }

  private int calibrate(
      EvaluationRun run,
      Bundle bundle,
      LabelledPictures pictures,
      Path bundles,
      ObjectNode figures) {
    ScoredFaces fitted = run.score(pictures.half(0));
    ScoredFaces held = run.score(pictures.half(1));
    double temperature = fitted.temperature(bundle.temperature());
    Evaluation.Report before = held.clean(bundle.labels());
    Evaluation.Report after = held.at(temperature, bundle.temperature()).clean(bundle.labels());
    EvaluationText.print(bundle.labels(), after);
    EvaluationText.put(figures, after);
    pace(held, figures);
    Bundle stored = BundleCalibration.store(bundles, name, temperature, pictures.name(), after);
    System.out.printf(
        Locale.ROOT,
        "%ntemperature %.3f instead of %.3f, fitted on %d faces; on %d others the calibration error"
            + " is %.4f instead of %.4f%nstored; the model is now %s%n",
        temperature,
        bundle.temperature(),
        fitted.scored(),
        held.scored(),
        after.calibrationError(),
        before.calibrationError(),
        stored);
    if (!stored.gate().equals(bundle.gate())) {
      System.out.println(
          "its gate's least score held for the old temperature and was dropped: find it again with"
              + " `moodline model gate "
              + name
              + "`");
    }
    figures
        .putObject("calibration")
        .put("temperature", temperature)
        .put("temperatureBefore", bundle.temperature())
        .put("calibrationErrorBefore", before.calibrationError())
        .put("digest", stored.digest());
    return fitted.unreadable() + held.unreadable();
  }

  private void write(ObjectNode figures) {
    if (json == null) {
      return;
    }
    try {
      Files.writeString(json, figures.toPrettyString() + "\n");
    } catch (IOException e) {
      throw new UserException("file " + json + " can not be written: " + e.getMessage(), e);
    }
  }
}
