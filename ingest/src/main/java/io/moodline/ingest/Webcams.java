package io.moodline.ingest;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.TreeMap;

/** Finds cameras of this machine, by number or by the name that their driver gives. Thread-safe. */
final class Webcams {
  private static final Path NAMES = Path.of("/sys/class/video4linux");

  private Webcams() {}

  /**
   * The device file of a webcam.
   *
   * @param name a number, or a name or part of one in any case
   * @throws SourceException when no camera of that name is connected
   */
  static String device(String name) throws SourceException {
    return device(NAMES, name);
  }

  static String device(Path names, String name) throws SourceException {
    if (name.matches("[0-9]+")) {
      return "/dev/video" + Integer.parseInt(name);
    }
    TreeMap<Integer, String> known = new TreeMap<>();
    try (DirectoryStream<Path> devices = Files.newDirectoryStream(names, "video[0-9]*")) {
      for (Path device : devices) {
        int number = Integer.parseInt(device.getFileName().toString().replaceAll("\\D", ""));
        known.put(number, Files.readString(device.resolve("name")).strip());
      }
    } catch (IOException e) {
      throw new SourceException("webcam:" + name + " is not connected: no webcam is", true);
    }
    String wanted = name.toLowerCase(Locale.ROOT);
    // A camera may have several devices; the first one gives pictures.
    return known.entrySet().stream()
        .filter(entry -> entry.getValue().toLowerCase(Locale.ROOT).contains(wanted))
        .map(entry -> "/dev/video" + entry.getKey())
        .findFirst()
        .orElseThrow(
            () ->
                new SourceException(
                    "webcam:"
                        + name
                        + " is not connected; connected: "
                        + String.join(", ", known.values()),
                    true));
  }
}
