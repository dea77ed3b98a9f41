package io.moodline.deploy;

import io.moodline.analyzer.AnalyzerSettings;
import io.moodline.analyzer.FaceCrops;
import io.moodline.models.Bundle;
import io.moodline.models.Bundles;
import io.moodline.models.Classifier;
import io.moodline.models.GateReport;
import io.moodline.models.GateSearch;
import io.moodline.models.GateSearch.LabelledFace;
import io.moodline.models.LabelledPictures;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moodline model gate}: finds on data when a model's label is withheld. */
@Command(
    name = "gate",
    description = {
      "Find when a model's label is withheld: too small, blurred, dark, turned, cut off or unsure.",
      "Spoils labelled face crops step by step, finds limits on every second one, measures on the"
          + " others, and stores limits, figures and card in the model. Turned heads are judged with"
          + " a detector that finds landmarks (model pull yunet)."
    })
final class GateCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Mixin StoredModel model = new StoredModel();

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR|LIST",
      description = "Labelled face crops that the model was not trained on.")
  Path data = Path.of("");

  @Option(
      names = "--labels",
      paramLabel = "SET",
      description = "Data set whose numbers the labels are, as in evaluate.")
  @Nullable String labels;

  @Option(
      names = "--most-loss",
      paramLabel = "SHARE",
      description = "Accuracy that a face's quality may cost (default: ${DEFAULT-VALUE}).")
  double mostLoss = GateSearch.Rules.DEFAULT.mostLoss();

  @Option(
      names = "--least-right",
      paramLabel = "SHARE",
      description = "How probable a label must be right (default: ${DEFAULT-VALUE}).")
  double leastRight = GateSearch.Rules.DEFAULT.leastRight();

  @Option(
      names = "--most-faces",
      paramLabel = "COUNT",
      description = "Faces taken of the data, evenly spread (default: ${DEFAULT-VALUE}).")
  int mostFaces = 4000;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures to a file.")
  @Nullable Path json;

  @Override
  public Integer call() {
    Settings settings = options.load(Map.of());
    Path folder = model.folder(settings, "gate");
    Bundle bundle = new Bundles(folder).resolve(model.name);
    LabelledPictures pictures =
        LabelledPictures.read(data, bundle.labels(), labels).atMost(mostFaces);
    GateReport report = find(bundle, settings, pictures);
    System.out.print(report.text());
    if (json != null) {
      write(json, report);
    }
    if (!model.dryRun) {
      System.out.println(
          "\nstored; the model is now " + report.store(folder, model.name, dataName()));
    }
    return 0;
  }

  private String dataName() {
    return String.valueOf(data.getFileName());
  }

  private GateReport find(Bundle bundle, Settings settings, LabelledPictures pictures) {
    ProgressLine line = ProgressLine.onStandardError();
    try (Classifier classifier = bundle.classifier(threads(settings));
        FaceCrops posing = FaceCrops.ofPastedPictures(bundle, settings.home(), settings)) {
      GateSearch search =
          new GateSearch(bundle, classifier, new GateSearch.Rules(mostLoss, leastRight));
      line.step("reading " + pictures.pictures().size() + " faces and how they are turned");
      List<LabelledFace> faces = new ArrayList<>();
      for (LabelledPictures.Picture picture : pictures.pictures()) {
        faces.add(face(picture, posing));
        line.progress((double) faces.size() / pictures.pictures().size(), "");
      }
      line.step("spoiling and scoring them; this takes minutes");
      return search.run(faces);
    } finally {
      line.done();
    }
  }

  private static int threads(Settings settings) {
    int asked = settings.get(AnalyzerSettings.THREADS);
    return asked == 0 ? Runtime.getRuntime().availableProcessors() : asked;
  }

  private static LabelledFace face(LabelledPictures.Picture picture, FaceCrops posing) {
    String file = picture.file().toString();
    byte[] bytes = PictureBytes.read(picture.file());
    double yaw = posing.read(bytes, file).map(crop -> crop.quality().yaw()).orElse(Double.NaN);
    return new LabelledFace(FaceCrops.picture(bytes, file), picture.truth(), yaw);
  }

  private static void write(Path file, GateReport report) {
    try {
      Files.writeString(file, report.toJson().toPrettyString() + "\n");
    } catch (IOException e) {
      throw new UserException("file " + file + " can not be written: " + e.getMessage(), e);
    }
  }
}
