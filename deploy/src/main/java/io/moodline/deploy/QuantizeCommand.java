package io.moodline.deploy;

import io.moodline.analyzer.FaceCrops;
import io.moodline.models.Bundle;
import io.moodline.models.Bundles;
import io.moodline.models.LabelledPictures;
import io.moodline.models.ModelVariants;
import io.moodline.models.ModelVariants.LabelledFaces;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline model quantize}: a smaller, faster variant, and what it loses and gains. */
@Command(
    name = "quantize",
    description = {
      "Make an 8-bit variant for processors or a half-precision one for GPUs.",
      "Accuracy lost and speed gained are measured and written on its card."
    })
final class QuantizeCommand implements Callable<Integer> {
  private static final int CALIBRATION_FACES = 256;

  /** Enough for how often two networks agree; more would only take longer. */
  private static final int MOST_UNLABELLED = 512;

  @Parameters(index = "0", paramLabel = "NAME", description = "Name of the model in float32.")
  String name = "";

  /** One of two kinds of variants. */
  static final class Kind {
    @Option(names = "--int8", required = true, description = "Write NAME-int8.")
    boolean int8;

    @Option(names = "--fp16", required = true, description = "Write NAME-fp16.")
    boolean fp16;
  }

  @ArgGroup(exclusive = true, multiplicity = "1")
  Kind kind = new Kind();

  @Option(
      names = "--calibrate",
      paramLabel = "DIR",
      description = "Folder of face crops to find value ranges with; class folders or not.")
  @Nullable Path calibrate;

  @Option(
      names = "--data",
      paramLabel = "DIR|LIST",
      description =
          "Labelled face crops to measure on (default: those of --calibrate that are not used for"
              + " ranges, or the canaries, by agreement with float32).")
  @Nullable Path data;

  @Option(
      names = "--labels",
      paramLabel = "SET",
      description = "Data set whose numbers the class folders of --data are.")
  @Nullable String labels;

  @Override
  public Integer call() {
    if (kind.int8 && calibrate == null) {
      throw new UserException(
          "--int8 needs --calibrate DIR: some hundred face crops to find value ranges with");
    }
    Path bundles = ModelCommand.bundles();
    Bundles all = new Bundles(bundles);
    String variantName = name + (kind.int8 ? "-int8" : "-fp16");
    if (all.names().contains(variantName)) {
      throw new UserException(
          "model " + variantName + " exists already: remove it with `moodline model remove`");
    }
    Bundle source = all.resolve(name);
    ProgressLine line = ProgressLine.onStandardError();
    try (FaceCrops crops = FaceCrops.ofCroppedPictures(source)) {
      line.step("reading faces");
      ModelVariants.Progress progress = (step, share) -> line.progress(share, step);
      Bundle variant =
          variant(source, new FaceFolder(source, crops), variantName, bundles, progress);
      line.done();
      System.out.println("made " + bundles.resolve(variantName));
      String card = variant.modelCard();
      System.out.println(card.substring(card.lastIndexOf("## Variant")).strip());
    } finally {
      line.done();
    }
    return 0;
  }

  private Bundle variant(
      Bundle source,
      FaceFolder folder,
      String variantName,
      Path bundles,
      ModelVariants.Progress progress) {
    if (kind.fp16) {
      LabelledFaces test = data == null ? LabelledFaces.ofCanaries(source) : labelled(folder, data);
      return ModelVariants.fp16(source, test, variantName, bundles, progress);
    }
    Path calibration = java.util.Objects.requireNonNull(calibrate, "checked before");
    List<Path> files = LabelledPictures.unlabelled(calibration);
    if (files.size() < 2) {
      throw new UserException(
          "--calibrate " + calibration + " holds " + files.size() + " pictures: give some hundred");
    }
    // Every n-th for the ranges; the others are left to measure on.
    int step = Math.max(2, files.size() / Math.min(CALIBRATION_FACES, folder.most()));
    List<byte[]> ranges = folder.faces(every(files, step, true));
    LabelledFaces test =
        data == null ? rest(folder, calibration, files, step) : labelled(folder, data);
    return ModelVariants.int8(source, ranges, test, variantName, bundles, progress);
  }

  private LabelledFaces labelled(FaceFolder folder, Path from) {
    return folder.labelled(LabelledPictures.read(from, folder.bundle().labels(), labels));
  }

  /** The faces of the calibration folder that no range was found on, labelled if it has classes. */
  private LabelledFaces rest(FaceFolder folder, Path calibration, List<Path> files, int step) {
    List<Path> others = every(files, step, false);
    if (LabelledPictures.hasClassFolders(calibration)) {
      LabelledPictures labelled =
          LabelledPictures.read(calibration, folder.bundle().labels(), labels);
      return folder.labelled(labelled.only(others, calibration + " without the faces of ranges"));
    }
    List<Path> some = others.subList(0, Math.min(others.size(), MOST_UNLABELLED));
    return LabelledFaces.unlabelled(calibration.toString(), folder.faces(some));
  }

  private static List<Path> every(List<Path> files, int step, boolean chosen) {
    return java.util.stream.IntStream.range(0, files.size())
        .filter(i -> (i % step == 0) == chosen)
        .mapToObj(files::get)
        .toList();
  }
}
