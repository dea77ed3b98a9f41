package io.moodline.deploy;

import io.moodline.analyzer.CropLandmarks;
import io.moodline.analyzer.FaceCrops;
import io.moodline.models.FaceArchive;
import io.moodline.models.LabelledPictures;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline model landmarks}: what OAENet with the five-point mask is trained with. */
@Command(
    name = "landmarks",
    description = {
      "Find the five landmarks of face crops, to train oaenet-five-point with.",
      "A .npz is written again into --out with the array landmarks (NaN where no face is found);"
          + " in folders NAME_landmarks.txt is written beside each picture. Needs a detector that"
          + " finds landmarks (model pull yunet)."
    })
final class LandmarksCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "NPZ|DIR",
      description = "Files with the array images, or folders of pictures, each a face crop.")
  List<Path> data = List.of();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where a .npz goes, under its own name; created if needed.")
  @Nullable Path out;

  @Override
  public Integer call() throws IOException {
    for (Path part : data) {
      if (!Files.exists(part)) {
        throw new UserException("data " + part + " was not found");
      }
      if (Files.isRegularFile(part)) {
        checkOut(part);
      }
    }
    Settings settings = options.load(Map.of());
    try (CropLandmarks landmarks = CropLandmarks.open(settings.home(), settings)) {
      for (Path part : data) {
        if (Files.isDirectory(part)) {
          folder(part, landmarks);
        } else {
          archive(part, landmarks);
        }
      }
    }
    return 0;
  }

  private Path checkOut(Path part) {
    Path file = out == null ? null : out.resolve(String.valueOf(part.getFileName()));
    if (file == null || file.toAbsolutePath().equals(part.toAbsolutePath())) {
      throw new UserException("give another folder with --out: " + part + " is not changed");
    }
    return file;
  }

  private void archive(Path part, CropLandmarks landmarks) throws IOException {
    Path to = checkOut(part);
    FaceArchive faces = FaceArchive.read(part);
    Files.createDirectories(to.toAbsolutePath().getParent());
    List<Optional<float[]>> found = new ArrayList<>();
    ProgressLine line = ProgressLine.onStandardError();
    for (int i = 0; i < faces.size(); i++) {
      found.add(landmarks.find(faces.picture(i)));
      line.progress((double) found.size() / faces.size(), String.valueOf(part.getFileName()));
    }
    line.done();
    faces.write(to, found);
    say(to, found.stream().filter(Optional::isPresent).count(), faces.size());
  }

  private static void folder(Path part, CropLandmarks landmarks) throws IOException {
    List<Path> files = LabelledPictures.unlabelled(part);
    int found = 0;
    int done = 0;
    ProgressLine line = ProgressLine.onStandardError();
    for (Path file : files) {
      Optional<float[]> points =
          landmarks.find(FaceCrops.picture(PictureBytes.read(file), file.toString()));
      Path beside = beside(file);
      if (points.isPresent()) {
        Files.writeString(beside, lines(points.get()));
        found++;
      } else {
        Files.deleteIfExists(beside);
      }
      line.progress((double) ++done / files.size(), String.valueOf(part.getFileName()));
    }
    line.done();
    say(part, found, files.size());
  }

  private static Path beside(Path picture) {
    String name = String.valueOf(picture.getFileName());
    return picture.resolveSibling(name.substring(0, name.lastIndexOf('.')) + "_landmarks.txt");
  }

  private static String lines(float[] points) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < points.length; i += 2) {
      lines.append(String.format(Locale.ROOT, "%.3f %.3f\n", points[i], points[i + 1]));
    }
    return lines.toString();
  }

  private static void say(Path where, long found, int of) {
    System.out.println(where + ": a face was found in " + found + " of " + of + " pictures");
  }
}
