package io.moodline.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A bundle as its manifest describes it, nothing of it checked: for lists, which must be quick.
 * Thread-safe.
 *
 * @param builtIn whether it ships with the program
 * @param problem why its manifest can not be used, empty if it can; the other fields then say
 *     nothing
 */
public record InstalledModel(
    String name,
    boolean builtIn,
    String architecture,
    List<String> labels,
    int inputWidth,
    int inputHeight,
    MaskKind mask,
    String licence,
    String problem) {

  public InstalledModel {
    labels = List.copyOf(labels);
  }

  /** All bundles, by name. */
  public static List<InstalledModel> list(Path bundles) {
    List<InstalledModel> models = new ArrayList<>();
    for (String name : new Bundles(bundles).names()) {
      Path folder = bundles.resolve(name);
      boolean builtIn = !Files.isDirectory(folder);
      models.add(builtIn ? described(name, true, Bundle.builtIn(name)) : read(name, folder));
    }
    return models;
  }

  private static InstalledModel read(String name, Path folder) {
    Path file = folder.resolve(Manifest.FILE);
    try {
      Manifest manifest = Manifest.parse(Files.readAllBytes(file), file.toString());
      Bundles.checkName(folder, manifest.name());
      return new InstalledModel(
          name,
          false,
          manifest.architecture(),
          manifest.labels(),
          manifest.input().width(),
          manifest.input().height(),
          manifest.input().mask(),
          manifest.licence(),
          "");
    } catch (IOException e) {
      return broken(name, file + " cannot be read");
    } catch (BundleException e) {
      return broken(name, String.valueOf(e.getMessage()));
    }
  }

  private static InstalledModel broken(String name, String problem) {
    return new InstalledModel(name, false, "-", List.of(), 0, 0, MaskKind.NONE, "-", problem);
  }

  private static InstalledModel described(String name, boolean builtIn, Bundle bundle) {
    return new InstalledModel(
        name,
        builtIn,
        bundle.architecture(),
        bundle.labels(),
        bundle.inputWidth(),
        bundle.inputHeight(),
        bundle.mask(),
        bundle.licence(),
        "");
  }

  /**
   * Removes a user's bundle or a pulled model, also one that is broken; never what ships with the
   * program, and no folder that is neither.
   */
  public static void remove(Path bundles, String name) {
    BundleWriter.settle(bundles, Manifest.checkName(name));
    Path folder = bundles.resolve(name);
    boolean pulled =
        KnownModel.all().stream()
            .anyMatch(known -> known.name().equals(name) && Files.exists(known.path(bundles)));
    if (!pulled && !Files.isRegularFile(folder.resolve(Manifest.FILE))) {
      throw new BundleException(whyNot(bundles, folder, name));
    }
    // Out of the way in one step: half a bundle must never lie under its name.
    Path leaving = bundles.resolve("." + name + ".removed");
    try {
      deleteTree(leaving);
      BundleWriter.deleteReplaced(bundles, name);
      Files.move(folder, leaving);
      deleteTree(leaving);
    } catch (IOException e) {
      throw new BundleException(folder + " cannot be removed: " + e.getMessage(), e);
    }
  }

  private static String whyNot(Path bundles, Path folder, String name) {
    if (Files.exists(folder)) {
      return folder + " is no bundle, so it stays; remove it by hand if it should go";
    }
    List<String> names = new Bundles(bundles).names();
    return names.contains(name)
        ? "model " + name + " ships with the program and can not be removed"
        : "model " + name + " is not in " + bundles + "; there are " + names;
  }

  /** A link is removed, not what it leads to. */
  private static void deleteTree(Path folder) throws IOException {
    if (Files.isSymbolicLink(folder)) {
      Files.delete(folder);
    } else if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
