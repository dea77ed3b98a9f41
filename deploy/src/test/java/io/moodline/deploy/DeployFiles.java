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
  private static final Pattern METRIC = Pattern.compile("\\b(moodline|process)_[a-z_]+[a-z]");
  private static final Pattern VARIABLE = Pattern.compile("\\bMOODLINE_[A-Z_]+[A-Z]");

  private static final Pattern ABSENT = Pattern.compile("absent\\(([a-z_]+)\\)");
  private static final Pattern STATES = Pattern.compile("\\bstate=~?\"([A-Z_|]+)\"");

  private DeployFiles() {}

  /** Metrics in dashboards and alerts, as they are declared: without a histogram's endings. */
  static Set<String> metrics() throws IOException {
    Set<String> names = new TreeSet<>();
    find(OPERATIONS, METRIC)
        .forEach(name -> names.add(name.replaceFirst("_(bucket|sum|count)$", "")));
    return names;
  }

  /** Metrics whose absence is an alert. */
  static Set<String> missed() throws IOException {
    return groups(alerts(), ABSENT);
  }

  /** States that alerts count streams by, and those that the alerts' tests give them. */
  static Set<String> states() throws IOException {
    String text = alerts() + Files.readString(Path.of("prometheus/moodline.rules.test.yml"));
    Set<String> states = new TreeSet<>();
    groups(text, STATES).forEach(choice -> states.addAll(List.of(choice.split("[|]"))));
    return states;
  }

  static String alerts() throws IOException {
    return Files.readString(Path.of("prometheus/moodline.rules.yml"));
  }

  private static Set<String> groups(String text, Pattern pattern) {
    Set<String> found = new TreeSet<>();
    pattern.matcher(text).results().forEach(hit -> found.add(hit.group(1)));
    return found;
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
