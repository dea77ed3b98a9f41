package io.moodline.deploy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The names that the files in {@code deploy/} use. */
final class DeployFiles {
  private static final List<String> OPERATIONS = List.of("grafana", "prometheus");
  private static final List<String> CONTAINERS =
      List.of("Dockerfile", "compose.yaml", "kubernetes");
  private static final Pattern METRIC = Pattern.compile("\\bmoodline_[a-z_]+[a-z]");
  private static final Pattern VARIABLE = Pattern.compile("\\bMOODLINE_[A-Z_]+[A-Z]");

  private DeployFiles() {}

  /** Metrics in dashboards and alerts, as they are declared: without a histogram's endings. */
  static Set<String> metrics() throws IOException {
    Set<String> names = new TreeSet<>();
    find(OPERATIONS, METRIC)
        .forEach(name -> names.add(name.replaceFirst("_(bucket|sum|count)$", "")));
    return names;
  }

  static Set<String> environment() throws IOException {
    return find(CONTAINERS, VARIABLE);
  }

  private static Set<String> find(List<String> places, Pattern name) throws IOException {
    Set<String> found = new TreeSet<>();
    for (String place : places) {
      try (Stream<Path> files = Files.walk(Path.of(place))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          name.matcher(Files.readString(file)).results().forEach(hit -> found.add(hit.group()));
        }
      }
    }
    return found;
  }
}
