package io.moodline.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds bundles by name: first in the user's folder, then among those that ship with the program.
 * Thread-safe.
 */
public final class Bundles {
  /** The bundle that is used when nobody names one. */
  public static final String DEFAULT = "lite-ferplus";

  private static final List<String> BUILT_IN = List.of(DEFAULT);

  private final Path folder;

  /** Bundles in {@code folder} ({@code $MOODLINE_HOME/bundles}), which need not exist. */
  public Bundles(Path folder) {
    this.folder = folder;
  }

  /** Loads and checks the bundle of that name. */
  public Bundle resolve(String name) {
    return isInstalled(name) ? installed(name) : Bundle.builtIn(checkBuiltIn(name));
  }

  /** Loads and checks a bundle that is in the folder. */
  Bundle installed(String name) {
    BundleWriter.settle(folder, Manifest.checkName(name));
    Bundle bundle = Bundle.load(folder.resolve(name));
    checkName(folder.resolve(name), bundle.name());
    return bundle;
  }

  /** What the manifest of the bundle of that name says; its network is not read. */
  public BundleOutline outline(String name) {
    if (!isInstalled(name)) {
      return Bundle.builtInOutline(checkBuiltIn(name));
    }
    BundleOutline outline = Bundle.outline(folder.resolve(name));
    checkName(folder.resolve(name), outline.name());
    return outline;
  }

  private boolean isInstalled(String name) {
    BundleWriter.settle(folder, Manifest.checkName(name));
    return Files.isDirectory(folder.resolve(name));
  }

  private String checkBuiltIn(String name) {
    if (BUILT_IN.contains(name)) {
      return name;
    }
    throw new BundleException(
        "model " + name + " is neither in " + folder + " nor built in; there are " + names());
  }

  /** A bundle says its own name in what it scores: under another one it would be two models. */
  static void checkName(Path bundle, String name) {
    String folderName = String.valueOf(bundle.getFileName());
    if (!folderName.equals(name)) {
      throw new BundleException(
          bundle
              + " holds the model "
              + name
              + ": rename the folder to that, or set name to "
              + folderName
              + " in its "
              + Manifest.FILE);
    }
  }

  /**
   * Sizes and times of a bundle's files, as a text: while it is the same, what was found wrong with
   * the bundle still is.
   */
  public String state(String name) {
    Path own = folder.resolve(Manifest.checkName(name));
    if (!Files.isDirectory(own)) {
      return "none";
    }
    try (Stream<Path> files = Files.walk(own, 2)) {
      return files
          .map(file -> file.getFileName() + " " + file.toFile().length() + " " + time(file))
          .sorted()
          .collect(Collectors.joining("\n"));
    } catch (IOException | java.io.UncheckedIOException e) {
      return "unknown";
    }
  }

  private static long time(Path file) {
    return file.toFile().lastModified();
  }

  /** The names that {@link #resolve} knows, sorted. */
  public List<String> names() {
    TreeSet<String> names = new TreeSet<>(BUILT_IN);
    if (Files.isDirectory(folder)) {
      BundleWriter.settleAll(folder);
      try (Stream<Path> children = Files.list(folder)) {
        children
            .filter(child -> Files.isRegularFile(child.resolve(Manifest.FILE)))
            .map(child -> child.getFileName().toString())
            .filter(Manifest::isName)
            .forEach(names::add);
      } catch (IOException e) {
        throw new BundleException(folder + " cannot be listed: " + e.getMessage(), e);
      }
    }
    return List.copyOf(names);
  }
}
