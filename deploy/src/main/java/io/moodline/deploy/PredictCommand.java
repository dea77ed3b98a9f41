package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.AnalyzerSettings;
import io.moodline.analyzer.DeviceChoice;
import io.moodline.analyzer.FacePredictor;
import io.moodline.analyzer.PredictedFace;
import io.moodline.models.Bundle;
import io.moodline.models.Bundles;
import io.moodline.models.FaceQuality;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code moodline predict}: the faces of pictures, by the same code as the service. */
@Command(name = "predict", description = "Print every face's box, label and scores of pictures.")
final class PredictCommand implements Callable<Integer> {
  @Mixin SettingsOptions options = new SettingsOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "IMAGE",
      description = "JPEG, PNG, BMP or WebP pictures.")
  List<Path> images = List.of();

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "Name of the model (default: the setting analyzer.model).")
  @Nullable String model;

  @Option(
      names = "--cropped",
      description = "Each picture is a face and nothing else: score it as it is.")
  boolean cropped;

  @Option(
      names = "--save-crops",
      paramLabel = "DIR",
      description = "Write what the model saw of each face, as PNG pictures of its input's size.")
  @Nullable Path saveCrops;

  @Option(names = "--json", description = "Print a JSON list of files and faces.")
  boolean json;

  @Override
  public Integer call() {
    if (model != null) {
      options.overrides.put(AnalyzerSettings.MODEL.key(), model);
    }
    Settings settings = options.load(Map.of());
    if (cropped) {
      Bundles bundles = new Bundles(settings.home().resolve("bundles"));
      Bundle bundle = bundles.resolve(settings.get(AnalyzerSettings.MODEL));
      try (CroppedFaces faces = new CroppedFaces(bundle, DeviceChoice.of(settings))) {
        return predict(bundle, image -> List.of(faces.predict(image)));
      }
    }
    try (FacePredictor predictor = FacePredictor.open(settings.home(), settings)) {
      return predict(
          predictor.bundle(),
          image -> predictor.predict(PictureBytes.read(image), image.toString()));
    }
  }

  private int predict(Bundle bundle, Function<Path, List<PredictedFace>> predictor) {
    CropFiles crops = saveCrops == null ? null : CropFiles.in(saveCrops, bundle);
    ArrayNode list = ApiClient.JSON.createArrayNode();
    boolean allRead = true;
    for (Path image : images) {
      try {
        List<PredictedFace> faces = predictor.apply(image);
        if (crops != null) {
          crops.write(image, faces);
        }
        if (json) {
          list.add(toJson(image, faces));
        } else {
          print(image, faces);
        }
      } catch (UserException e) {
        // One bad picture does not cost the others; the exit code still tells.
        System.err.println("moodline: " + e.getMessage());
        allRead = false;
      }
    }
    if (json) {
      System.out.println(list.toPrettyString());
    }
    return allRead ? 0 : 2;
  }

  private ObjectNode toJson(Path image, List<PredictedFace> faces) {
    ObjectNode file = ApiClient.object().put("file", image.toString());
    ArrayNode array = file.putArray("faces");
    for (PredictedFace face : faces) {
      ObjectNode node = array.addObject();
      if (!cropped) {
        ArrayNode box = node.putArray("box");
        box.add(face.box().x()).add(face.box().y());
        box.add(face.box().width()).add(face.box().height());
        node.put("faceScore", face.faceScore());
      }
      node.put("label", face.label().orElse(null));
      ArrayNode withheld = node.putArray("withheld");
      face.withheld().forEach(reason -> withheld.add(reason.name()));
      node.set("quality", quality(face.crop().quality()));
      ObjectNode scores = node.putObject("scores");
      face.scores().forEach(scores::put);
    }
    return file;
  }

  private static ObjectNode quality(FaceQuality quality) {
    ObjectNode node = ApiClient.object().put("pixels", quality.pixels());
    node.put("sharpness", quality.sharpness()).put("brightness", quality.brightness());
    node.put("inFrame", quality.inFrame());
    node.put("yaw", Double.isNaN(quality.yaw()) ? null : quality.yaw());
    return node.put("roll", Double.isNaN(quality.roll()) ? null : quality.roll());
  }

  private void print(Path image, List<PredictedFace> faces) {
    if (faces.isEmpty()) {
      System.out.println(image + ": no face found");
    }
    int number = 0;
    for (PredictedFace face : faces) {
      number++;
      System.out.println(image + (cropped ? "" : ": " + place(number, face)) + ": " + label(face));
      System.out.println("    " + scores(face));
    }
  }

  private static String label(PredictedFace face) {
    return face.label()
        .orElseGet(
            () ->
                "label withheld ("
                    + face.withheld().stream().map(Enum::name).collect(Collectors.joining(", "))
                    + "), most like "
                    + face.likeliest());
  }

  private static String place(int number, PredictedFace face) {
    return String.format(
        Locale.ROOT,
        "face %d at %d,%d size %dx%d (face score %.2f)",
        number,
        face.box().x(),
        face.box().y(),
        face.box().width(),
        face.box().height(),
        face.faceScore());
  }

  private static String scores(PredictedFace face) {
    return face.scores().entrySet().stream()
        .map(score -> String.format(Locale.ROOT, "%s %.3f", score.getKey(), score.getValue()))
        .collect(Collectors.joining("  "));
  }
}
