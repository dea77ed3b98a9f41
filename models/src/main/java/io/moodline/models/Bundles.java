package io.moodline.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
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
    Manifest.checkName(name);
    Path own = folder.resolve(name);
    if (Files.isDirectory(own)) {
      return Bundle.load(own);
    }
    if (BUILT_IN.contains(name)) {
      return Bundle.builtIn(name);
    }
    throw new BundleException(
        "model " + name + " is neither in " + folder + " nor built in; there are " + names());
  }

  /** The names that {@link #resolve} knows, sorted. */
  public List<String> names() {
    TreeSet<String> names = new TreeSet<>(BUILT_IN);
    if (Files.isDirectory(folder)) {
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
