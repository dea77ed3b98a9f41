package io.moodline.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Writes a bundle's folder: network, canaries, card and the manifest that seals them. The same
 * values give the same bytes. Confined to one thread.
 */
final class BundleWriter {
  /** End of the name of a bundle that another one is to replace. */
  private static final String REPLACED = ".replaced";

  private BundleWriter() {}

  /**
   * What goes into a bundle beside its network.
   *
   * @param canaries pixels of the canaries by file name
   */
  record Contents(
      String name,
      String architecture,
      List<String> labels,
      InputSpec input,
      CropTemplate crop,
      double temperature,
      Gate gate,
      JsonNode metrics,
      String licence,
      Map<String, byte[]> canaries,
      String modelCard) {

    Contents named(String newName) {
      return new Contents(
          newName,
          architecture,
          labels,
          input,
          crop,
          temperature,
          gate,
          metrics,
          licence,
          canaries,
          modelCard);
    }

    /** With one more measurement in front of the others and something more on the card. */
    Contents measured(JsonNode measurement, String cardSection) {
      ArrayNode all = Manifest.JSON.createArrayNode().add(measurement);
      metrics.forEach(all::add);
      return new Contents(
          name,
          architecture,
          labels,
          input,
          crop,
          temperature,
          gate,
          all,
          licence,
          canaries,
          modelCard + cardSection);
    }

    /** At another temperature, for which the gate's least score no longer holds. */
    Contents calibrated(double newTemperature) {
      return new Contents(
          name,
          architecture,
          labels,
          input,
          crop,
          newTemperature,
          gate.withoutScore(),
          metrics,
          licence,
          canaries,
          modelCard);
    }

    /** Cut out in another way, and what is said of it on the card. */
    Contents cropped(CropTemplate newCrop, String newCard) {
      return new Contents(
          name,
          architecture,
          labels,
          input,
          newCrop,
          temperature,
          gate,
          metrics,
          licence,
          canaries,
          newCard);
    }

    /** With another gate, and what was measured of it in figures and card. */
    Contents gated(Gate newGate, JsonNode newMetrics, String newCard) {
      return new Contents(
          name,
          architecture,
          labels,
          input,
          crop,
          temperature,
          newGate,
          newMetrics,
          licence,
          canaries,
          newCard);
    }
  }

  /** Throws if a bundle of that name is there already. */
  static void checkFree(Path bundles, String name) {
    settle(bundles, Manifest.checkName(name));
    if (Files.exists(bundles.resolve(name))) {
      throw new BundleException(
          "model " + name + " exists already; remove it or take another name");
    }
  }

  /** Writes a new bundle among others, under its name once it is whole, and loads it. */
  static Bundle install(Path bundles, Contents contents, byte[] onnx) {
    checkFree(bundles, contents.name());
    return replace(bundles, contents, onnx);
  }

  /** The same where one of that name may be there already: it goes once the new one is whole. */
  static Bundle replace(Path bundles, Contents contents, byte[] onnx) {
    Path folder = bundles.resolve(Manifest.checkName(contents.name()));
    settle(bundles, contents.name());
    // Half a bundle must never lie under its name: it is written beside it and moved when whole.
    Path partial = bundles.resolve("." + contents.name() + ".partial");
    Path replaced = replaced(bundles, contents.name());
    try {
      deleteTree(partial);
      write(partial, contents, onnx);
      deleteTree(replaced);
      if (Files.exists(folder)) {
        Files.move(folder, replaced);
      }
      Files.move(partial, folder);
      deleteTree(replaced);
    } catch (IOException e) {
      throw new BundleException(folder + " cannot be written: " + e.getMessage(), e);
    }
    return Bundle.load(folder);
  }

  private static Path replaced(Path bundles, String name) {
    return bundles.resolve("." + name + REPLACED);
  }

  /** Puts a bundle back that was out of the way for another one when the process was killed. */
  static void settle(Path bundles, String name) {
    Path replaced = replaced(bundles, name);
    Path folder = bundles.resolve(name);
    if (Files.isDirectory(replaced) && Files.notExists(folder)) {
      try {
        Files.move(replaced, folder);
      } catch (IOException e) {
        throw new BundleException(
            replaced + " cannot be moved to " + folder + ", where it belongs: " + e.getMessage(),
            e);
      }
    }
  }

  /** The same for all bundles in a folder that is there. */
  static void settleAll(Path bundles) {
    List<String> names;
    try (Stream<Path> children = Files.list(bundles)) {
      names =
          children
              .map(child -> child.getFileName().toString())
              .filter(child -> child.startsWith(".") && child.endsWith(REPLACED))
              .map(child -> child.substring(1, child.length() - REPLACED.length()))
              .filter(Manifest::isName)
              .toList();
    } catch (IOException e) {
      throw new BundleException(bundles + " cannot be listed: " + e.getMessage(), e);
    }
    names.forEach(name -> settle(bundles, name));
  }

  /** Removes what a kill may have left of a bundle's predecessor. */
  static void deleteReplaced(Path bundles, String name) throws IOException {
    deleteTree(replaced(bundles, name));
  }

  static void deleteTree(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  static void write(Path folder, Contents contents, byte[] onnx) {
    Manifest.checkName(contents.name());
    Manifest.checkLabels(contents.labels(), contents.name());
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put(Manifest.MODEL, onnx);
    files.put(Manifest.CANARIES, canaries(contents, onnx).toJson());
    contents.canaries().forEach((file, pixels) -> files.put("canaries/" + file, pixels));
    files.put(Manifest.CARD, contents.modelCard().getBytes(StandardCharsets.UTF_8));
    files.put(Manifest.FILE, manifest(contents, files).toJson());
    try {
      Files.createDirectories(folder.resolve("canaries"));
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        Files.write(folder.resolve(file.getKey()), file.getValue());
      }
    } catch (IOException e) {
      throw new BundleException(folder + " cannot be written: " + e.getMessage(), e);
    }
  }

  private static Canaries canaries(Contents contents, byte[] onnx) {
    try (Classifier classifier =
        Classifier.open(
            onnx,
            contents.input(),
            contents.labels().size(),
            contents.temperature(),
            1,
            contents.name())) {
      return Canaries.record(classifier, contents.labels(), contents.canaries());
    }
  }

  private static Manifest manifest(Contents contents, Map<String, byte[]> files) {
    Map<String, String> digests = new LinkedHashMap<>();
    files.forEach((file, bytes) -> digests.put(file, Digests.sha256(bytes)));
    return new Manifest(
        contents.name(),
        contents.architecture(),
        contents.labels(),
        contents.input(),
        contents.crop(),
        contents.temperature(),
        contents.gate(),
        contents.metrics(),
        contents.licence(),
        digests);
  }
}
