package io.moodline.deploy;

import io.moodline.analyzer.AnalyzerSettings;
import io.moodline.ingest.IngestSettings;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import io.moodline.runtime.UserException;
import io.moodline.sink.SinkSettings;
import io.moodline.sink.TimelineSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Option;

/** Where settings come from on the command line, and the list of all settings that exist. */
final class SettingsOptions {
  /** Every setting of every module. */
  static final List<Setting<?>> ALL =
      Setting.all(
          RuntimeSettings.ALL,
          IngestSettings.ALL,
          AnalyzerSettings.ALL,
          TimelineSettings.ALL,
          SinkSettings.ALL);

  /** What a command sets that is its own server, whatever the settings say. */
  private static final Map<String, String> ALONE =
      Map.of(
          RuntimeSettings.KAFKA_BOOTSTRAP.key(),
          "",
          RuntimeSettings.SCHEMA_REGISTRY.key(),
          "",
          "streams.state.folder",
          "",
          SinkSettings.hostKey(),
          "127.0.0.1",
          "http.advertised",
          "",
          "http.tokens.always",
          "false");

  private static final AtomicBoolean WARNED = new AtomicBoolean();

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description =
          "Change a setting for this command; may be repeated. docs/config.md lists them.")
  Map<String, String> overrides = new LinkedHashMap<>();

  /**
   * The settings in force, with {@code more} set by the command itself unless the user set the same
   * key.
   */
  Settings load(Map<String, String> more) {
    Map<String, String> given = new HashMap<>(more);
    given.putAll(overrides);
    if (!WARNED.getAndSet(true)) {
      EnvironmentNames.unknown(ALL, System.getenv())
          .forEach(
              name ->
                  System.err.println(
                      "moodline: "
                          + name
                          + " in the environment is no setting and does nothing: see docs/config.md"));
    }
    return Settings.load(home(), ALL, System.getenv(), given);
  }

  /**
   * The settings of a command that is its own server and its own Kafka: what a deployment names in
   * the file or in the environment is neither joined nor imitated.
   *
   * @throws UserException when {@code --set} asks for what such a command can not be
   */
  Settings loadAlone(Map<String, String> more) {
    ALONE.forEach(
        (key, value) -> {
          if (!overrides.getOrDefault(key, value).equals(value)) {
            throw new UserException(
                "--set "
                    + key
                    + " goes with 'moodline serve': this command is a server of its own on 127.0.0.1");
          }
        });
    Map<String, String> given = new HashMap<>(more);
    given.putAll(ALONE);
    return load(given);
  }

  /** {@code MOODLINE_HOME}, made if it does not exist. */
  static Path home() {
    String text = System.getProperty("moodline.home", System.getenv("MOODLINE_HOME"));
    Path home =
        text == null || text.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".moodline")
            : Path.of(text);
    try {
      Files.createDirectories(home);
    } catch (IOException e) {
      throw new UserException(unwritable(home), e);
    }
    if (!Files.isWritable(home)) {
      throw new UserException(unwritable(home));
    }
    return home.toAbsolutePath();
  }

  private static String unwritable(Path home) {
    return "folder " + home + " can not be written: set MOODLINE_HOME to one that can";
  }
}
