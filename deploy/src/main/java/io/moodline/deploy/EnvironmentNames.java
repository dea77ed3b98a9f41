package io.moodline.deploy;

import io.moodline.runtime.Setting;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Environment variables that look like settings and are none: typing mistakes. Thread-safe. */
final class EnvironmentNames {
  /** What the launcher, the command line, the logs and the tests read. */
  private static final Set<String> OTHERS =
      Set.of(
          "MOODLINE_HOME",
          "MOODLINE_JAVA_OPTS",
          "MOODLINE_CACHE",
          "MOODLINE_PROFILE",
          "MOODLINE_LOG",
          "MOODLINE_KAFKA_LOG",
          "MOODLINE_SERVER",
          "MOODLINE_TOKEN",
          "MOODLINE_DATA");

  /** What Kubernetes and Docker links set for a service named moodline-something. */
  private static final Pattern SERVICE =
      Pattern.compile(".*_(SERVICE_(HOST|PORT(_.*)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_.*)?)?)");

  private EnvironmentNames() {}

  /** Names of variables that set nothing, in order. */
  static List<String> unknown(List<Setting<?>> known, Map<String, String> environment) {
    Set<String> names =
        known.stream().map(Setting::environmentName).collect(Collectors.toUnmodifiableSet());
    return environment.keySet().stream()
        .filter(name -> name.startsWith("MOODLINE_"))
        .filter(name -> !names.contains(name) && !OTHERS.contains(name))
        .filter(name -> !SERVICE.matcher(name).matches())
        .sorted()
        .toList();
  }
}
