package io.moodline.models;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * The 68 landmarks of faces, as OAENet's data sets hand them out: a file {@code
 * <stem>_landmarks.txt} of lines {@code x y} beside the picture, or a CSV with the columns {@code
 * path}, {@code facial_landmarks} ({@code x;y;x;y;...}) and {@code expression}. Pixels of the
 * picture. Thread-safe.
 */
public final class Landmarks {
  private static final int POINTS = 68;
  private static final long MOST_TEXT_BYTES = 1 << 16;

  private Landmarks() {}

  /** Finds the landmarks of a picture's file: in {@code data} if that is a CSV, else beside it. */
  public static Function<Path, double[][]> of(Path data) {
    if (!isCsv(data)) {
      return Landmarks::beside;
    }
    Map<Path, String> texts = new HashMap<>();
    csv(data, (path, columns) -> texts.put(path, columns.getOrDefault("facial_landmarks", "")));
    return picture -> {
      String text = texts.getOrDefault(picture, "");
      return points(text.split("[;\\s]+"), data + ", " + picture);
    };
  }

  /** The landmarks in {@code <stem>_landmarks.txt} beside a picture. */
  public static double[][] beside(Path picture) {
    String name = String.valueOf(picture.getFileName());
    int dot = name.lastIndexOf('.');
    Path file =
        picture.resolveSibling((dot < 0 ? name : name.substring(0, dot)) + "_landmarks.txt");
    try {
      if (!Files.isRegularFile(file)) {
        throw new BundleException(
            "the model looks through a mask of 68 landmarks and "
                + file
                + " is not there; write 68 lines of x y, or take another model");
      }
      if (Files.size(file) > MOST_TEXT_BYTES) {
        throw new BundleException(file + " is too long for 68 lines of x y");
      }
      return points(Files.readString(file).strip().split("\\s+"), file.toString());
    } catch (IOException e) {
      throw new BundleException(file + " cannot be read: write 68 lines of x y", e);
    }
  }

  static boolean isCsv(Path data) {
    return data.toString().endsWith(".csv") && Files.isRegularFile(data);
  }

  /** Every row of a CSV: the picture's path and the columns by name. */
  static void csv(Path file, BiConsumer<Path, Map<String, String>> row) {
    try {
      List<String> lines = Files.readAllLines(file);
      List<String> header =
          lines.isEmpty() ? List.of() : Arrays.asList(lines.get(0).strip().split("\\s*,\\s*"));
      if (!header.contains("path") || !header.contains("expression")) {
        throw new BundleException(
            file + " has no columns path and expression; its first line must name them");
      }
      for (int i = 1; i < lines.size(); i++) {
        String[] cells = lines.get(i).strip().split(",", -1);
        if (lines.get(i).isBlank()) {
          continue;
        }
        if (cells.length != header.size()) {
          throw new BundleException(
              file + " line " + (i + 1) + " has not the columns of the first line");
        }
        Map<String, String> columns = new HashMap<>();
        for (int k = 0; k < cells.length; k++) {
          columns.put(header.get(k), cells[k].strip());
        }
        row.accept(file.resolveSibling(columns.getOrDefault("path", "")), columns);
      }
    } catch (IOException | InvalidPathException e) {
      throw new BundleException(file + " cannot be read as CSV: " + e.getMessage(), e);
    }
  }

  private static double[][] points(String[] numbers, String where) {
    if (numbers.length != 2 * POINTS) {
      throw new BundleException(
          where + ": needs the x and y of 68 landmarks, has " + numbers.length + " numbers");
    }
    double[][] points = new double[POINTS][2];
    for (int i = 0; i < numbers.length; i++) {
      double value;
      try {
        value = Double.parseDouble(numbers[i]);
      } catch (NumberFormatException e) {
        throw new BundleException(where + ": " + numbers[i] + " is no number", e);
      }
      if (!(Math.abs(value) < 100_000)) {
        throw new BundleException(where + ": " + numbers[i] + " is no place in a picture");
      }
      points[i / 2][i % 2] = value;
    }
    return points;
  }
}
