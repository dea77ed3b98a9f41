package io.moodline.deploy;

import io.moodline.analyzer.CropLandmarks;
import io.moodline.analyzer.FaceCrops;
import io.moodline.models.FaceArchive;
import io.moodline.models.FacePicture;
import io.moodline.models.FoundTemplate;
import io.moodline.models.LabelledPictures;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code moodline model template}: finds on data how faces are cut out for a model. */
@Command(
    name = "template",
    description = {
      "Find the five-point crop of a model: where eyes, nose and mouth lie in the crops that it was"
          + " trained on.",
      "Takes the mean of the landmarks that the detector finds in them (model pull yunet) and"
          + " stores it in the model with what it was found on."
    })
final class TemplateCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Mixin StoredModel model = new StoredModel();

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR|NPZ",
      description = "Crops of the data set, labelled or not: a folder, or a .npz with images.")
  Path data = Path.of("");

  @Option(
      names = "--most-faces",
      paramLabel = "COUNT",
      description = "Pictures taken of the data, evenly spread (default: ${DEFAULT-VALUE}).")
  int mostFaces = 1000;

  @Override
  public Integer call() {
    Settings settings = options.load(Map.of());
    Path folder = model.folder(settings, "template");
    FoundTemplate found = find(settings);
    System.out.print(found.text());
    if (!model.dryRun) {
      String dataName = String.valueOf(data.getFileName());
      System.out.println("\nstored; the model is now " + found.store(folder, model.name, dataName));
    }
    return 0;
  }

  private FoundTemplate find(Settings settings) {
    if (!Files.exists(data) || mostFaces < 1) {
      throw new UserException("data " + data + " was not found, or --most-faces is below 1");
    }
    FoundTemplate found = new FoundTemplate();
    ProgressLine line = ProgressLine.onStandardError();
    try (CropLandmarks landmarks = CropLandmarks.open(settings.home(), settings)) {
      Pictures pictures = pictures();
      int count = Math.min(mostFaces, pictures.count());
      for (int i = 0; i < count; i++) {
        int at = (int) ((long) i * pictures.count() / count);
        FacePicture picture = pictures.read().apply(at);
        landmarks
            .find(picture)
            .ifPresentOrElse(
                points -> found.add(points, picture.width(), picture.height()), found::addUnseen);
        line.progress((double) (i + 1) / count, "");
      }
    }
    line.done();
    return found;
  }

  /** How many there are, and each of them. */
  private record Pictures(int count, IntFunction<FacePicture> read) {}

  private Pictures pictures() {
    if (Files.isRegularFile(data)) {
      FaceArchive archive = FaceArchive.read(data);
      return new Pictures(archive.size(), archive::picture);
    }
    List<Path> files = LabelledPictures.unlabelled(data);
    return new Pictures(
        files.size(),
        i -> FaceCrops.picture(PictureBytes.read(files.get(i)), files.get(i).toString()));
  }
}
