package io.moodline.runtime;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;

/**
 * The settings in force: defaults, then {@code $MOODLINE_HOME/moodline.properties}, then
 * environment variables, then {@code --set key=value}; the later wins. An unknown key fails at
 * start, so that a typing mistake is never silent. Thread-safe.
 */
public final class Settings {
  /** Name of the file in {@code MOODLINE_HOME}. */
  public static final String FILE_NAME = "moodline.properties";

  private final Path home;
  private final Map<String, Object> values;

  private Settings(Path home, Map<String, Object> values) {
    this.home = home;
    this.values = Map.copyOf(values);
  }

  /**
   * Reads all settings.
   *
   * @param home {@code MOODLINE_HOME}
   * @param known every setting that exists
   * @param environment the process's environment
   * @param overrides what was given on the command line, by key
   * @throws UserException when a key is unknown or a value is not valid
   */
  public static Settings load(
      Path home,
      List<Setting<?>> known,
      Map<String, String> environment,
      Map<String, String> overrides) {
    Map<String, Setting<?>> byKey =
        known.stream().collect(Collectors.toMap(Setting::key, setting -> setting));
    Map<String, String> texts = new HashMap<>();
    known.forEach(setting -> texts.put(setting.key(), setting.defaultText()));
    putKnown(texts, byKey, readFile(home.resolve(FILE_NAME)), FILE_NAME);
    for (Setting<?> setting : known) {
      String value = environment.get(setting.environmentName());
      if (value != null) {
        texts.put(setting.key(), value);
      }
    }
    putKnown(texts, byKey, overrides, "--set");
    Map<String, Object> values = new HashMap<>();
    byKey.forEach((key, setting) -> values.put(key, setting.read(texts.getOrDefault(key, ""))));
    return new Settings(home, values);
  }

  private static void putKnown(
      Map<String, String> texts,
      Map<String, Setting<?>> known,
      Map<String, String> given,
      String where) {
    given.forEach(
        (key, value) -> {
          if (!known.containsKey(key)) {
            throw new UserException(
                "setting '"
                    + key
                    + "' in "
                    + where
                    + " is not known: see docs/config.md for the list");
          }
          texts.put(key, value);
        });
  }

  static Map<String, String> readFile(Path file) {
    if (!Files.exists(file)) {
      return Map.of();
    }
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      throw new UserException("settings file " + file + " can not be read: " + e.getMessage(), e);
    }
    return properties.stringPropertyNames().stream()
        .collect(Collectors.toMap(key -> key, properties::getProperty));
  }

  /** The value of a setting. */
  @SuppressWarnings("unchecked")
  public <T> T get(Setting<T> setting) {
    Object value = values.get(setting.key());
    if (value == null) {
      throw new IllegalArgumentException("setting " + setting.key() + " was not declared at start");
    }
    return (T) value;
  }

  /** {@code MOODLINE_HOME}: bundles, data, media and the settings file. */
  public Path home() {
    return home;
  }
}
