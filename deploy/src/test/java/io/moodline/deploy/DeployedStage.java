package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.Settings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A process as a file in {@code deploy/} starts it: its arguments and variables, read as the
 * program reads them.
 */
record DeployedStage(Node.Role role, Settings settings) {
  /** The home that the image has. */
  static final String HOME = "/var/lib/moodline";

  /** The user of the image. */
  static final long USER = 10001;

  static DeployedStage of(List<String> arguments, Map<String, String> environment) {
    assertThat(arguments).hasSize(3).startsWith("serve", "--stages");
    Settings settings = Settings.load(Path.of(HOME), SettingsOptions.ALL, environment, Map.of());
    assertThat(settings.get(RuntimeSettings.KAFKA_BOOTSTRAP)).matches("[a-z.-]+:9092");
    Node.Role role = Node.Role.valueOf(arguments.get(2).toUpperCase(Locale.ROOT));
    return new DeployedStage(role, settings);
  }

  static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  /** The port of its health, its metrics and, for a sink, of all else. */
  int port() {
    return Integer.parseInt(value(isSink() ? "http.port" : "status.port"));
  }

  /** What other containers must be able to reach. */
  String host() {
    return value(isSink() ? "http.host" : "status.host");
  }

  /** The files that it is given and that nobody else may read. */
  List<String> secretFiles() {
    List<String> files = new ArrayList<>();
    files.add(value("secret.key.file"));
    if (isSink()) {
      files.add(value("http.tokens.file"));
    }
    if (!value("kafka.client.file").isEmpty()) {
      files.add(value("kafka.client.file"));
    }
    return files;
  }

  /** The folders of those, and the one of recordings. */
  List<String> folders() {
    List<String> folders = new ArrayList<>();
    secretFiles().forEach(file -> folders.add(parent(file)));
    if (role != Node.Role.ANALYZER) {
      folders.add(value("media.folder"));
    }
    return folders;
  }

  boolean isSink() {
    return role == Node.Role.SINK;
  }

  String value(String key) {
    return SettingsOptions.ALL.stream()
        .filter(setting -> setting.key().equals(key))
        .map(setting -> String.valueOf((Object) settings.get(setting)))
        .findFirst()
        .orElseThrow();
  }

  private static String parent(String file) {
    assertThat(file).startsWith("/");
    return file.substring(0, file.lastIndexOf('/'));
  }
}
