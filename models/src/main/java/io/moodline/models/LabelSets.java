package io.moodline.models;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Label orders of the data sets that checkpoints were trained on, in this project's words. The
 * order is the index order of the network's output; the same seven words stand in another order in
 * each data set, so it is never guessed. Thread-safe.
 */
public final class LabelSets {
  private static final Map<String, List<String>> SETS =
      new TreeMap<>(
          Map.of(
              // RAF-DB's own numbering, 1 to 7.
              "raf-db",
              List.of("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"),
              // AffectNet's own numbering; OAENet uses it too.
              "affectnet-7",
              List.of("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger"),
              "affectnet-8",
              List.of(
                  "neutral",
                  "happiness",
                  "sadness",
                  "surprise",
                  "fear",
                  "disgust",
                  "anger",
                  "contempt"),
              // Folder names in alphabetical order; nothing published confirms it.
              "caer-s",
              List.of("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
              "ferplus",
              LiteBundle.LABELS));

  private LabelSets() {}

  /** The labels of a data set by its name, or the words of a comma-separated list. */
  public static List<String> parse(String text) {
    List<String> known = SETS.get(text.toLowerCase(Locale.ROOT));
    if (known != null) {
      return known;
    }
    if (!text.contains(",")) {
      throw new BundleException(
          "labels "
              + text
              + " are not known; give one of "
              + SETS.keySet()
              + " or words with commas");
    }
    List<String> labels = Arrays.stream(text.split(",", -1)).map(String::strip).toList();
    Manifest.checkLabels(labels, "labels");
    return labels;
  }

  /** The names that {@link #parse} knows, sorted. */
  public static List<String> names() {
    return List.copyOf(SETS.keySet());
  }
}
