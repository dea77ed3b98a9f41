package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.AnalyzerSettings;
import io.moodline.analyzer.DetectorTrial;
import io.moodline.analyzer.DetectorTrial.Annotated;
import io.moodline.analyzer.DetectorTrial.Figures;
import io.moodline.analyzer.DetectorTrial.SizeRow;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moodline evaluate-detector}: which annotated faces a detector finds. */
@Command(
    name = "evaluate-detector",
    description = {
      "Measure a face detector on annotated pictures: recall and precision, by size of face.",
      "Each picture is shown as it is, smaller, tilted, on its side and dark."
    })
final class EvaluateDetectorCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Option(
      names = "--data",
      required = true,
      arity = "1..*",
      paramLabel = "XML",
      description = "Annotations as dlib's tools write them, beside their pictures.")
  List<Path> data = List.of();

  @Option(
      names = "--detector",
      paramLabel = "NAME",
      description = "yunet or opencv-cascade (default: the setting analyzer.detector).")
  @Nullable String detector;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file.")
  @Nullable Path json;

  @Override
  public Integer call() {
    if (detector != null) {
      options.overrides.put(AnalyzerSettings.DETECTOR.key(), detector);
    }
    Settings settings = options.load(Map.of());
    try (DetectorTrial trial = DetectorTrial.open(settings.home(), settings)) {
      for (Path file : data) {
        for (Map.Entry<Path, List<Annotated>> picture : AnnotatedFaces.read(file).entrySet()) {
          Path path = picture.getKey();
          trial.show(PictureBytes.read(path), path.toString(), picture.getValue());
        }
      }
      print(trial);
      if (json != null) {
        write(json, trial);
      }
    }
    return 0;
  }

  private static void print(DetectorTrial trial) {
    System.out.println("detector " + trial.detectorName());
    System.out.printf(
        "%n%-28s %6s %6s %7s %6s %10s%n",
        "SHOWN", "FACES", "FOUND", "RECALL", "WRONG", "PRECISION");
    for (Figures figures : trial.figures()) {
      System.out.printf(
          Locale.ROOT,
          "%-28s %6d %6d %7.3f %6d %10.3f%n",
          figures.showing().words(),
          figures.annotated(),
          figures.found(),
          figures.recall(),
          figures.wrong(),
          figures.precision());
      for (SizeRow row : figures.bySize()) {
        System.out.printf(
            Locale.ROOT,
            "  %-26s %6d %6d %7.3f%n",
            row.words(),
            row.annotated(),
            row.found(),
            (double) row.found() / row.annotated());
      }
    }
    Figures asIs = trial.figures().get(0);
    System.out.printf(
        Locale.ROOT,
        "%n%.1f ms per picture, %d pictures%n",
        1000 * asIs.seconds() / Math.max(1, asIs.pictures()),
        asIs.pictures());
  }

  private static void write(Path file, DetectorTrial trial) {
    ObjectNode root = ApiClient.object().put("detector", trial.detectorName());
    ArrayNode showings = root.putArray("showings");
    for (Figures figures : trial.figures()) {
      ObjectNode node = showings.addObject().put("shown", figures.showing().words());
      node.put("pictures", figures.pictures()).put("faces", figures.annotated());
      node.put("found", figures.found()).put("wrong", figures.wrong());
      node.put("recall", figures.recall()).put("precision", figures.precision());
      node.put("seconds", figures.seconds());
      ArrayNode rows = node.putArray("bySize");
      for (SizeRow row : figures.bySize()) {
        rows.addObject()
            .put("size", row.words())
            .put("faces", row.annotated())
            .put("found", row.found());
      }
    }
    try {
      Files.writeString(file, root.toPrettyString() + "\n");
    } catch (IOException e) {
      throw new UserException("file " + file + " can not be written: " + e.getMessage(), e);
    }
  }
}
