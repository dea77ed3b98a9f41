package io.moodline.sink;

import java.awt.Color;
import java.util.List;
import java.util.Map;

/** The colour of each label in pictures; the page's own, so that both agree. Thread-safe. */
public final class LabelColours {
  /** For a face whose label is withheld. */
  public static final Color NONE = new Color(0xb0b0b0);

  private static final Map<String, Color> KNOWN =
      Map.of(
          "neutral", new Color(0x9b9b93),
          "happiness", new Color(0xe0a100),
          "surprise", new Color(0xd9742b),
          "sadness", new Color(0x2f6db3),
          "anger", new Color(0xb3332e),
          "disgust", new Color(0x5d8a3a),
          "fear", new Color(0x7a4fa3),
          "contempt", new Color(0x8a5a44));

  private static final List<Color> OTHERS =
      List.of(new Color(0xc2528b), new Color(0x7a6a3a), new Color(0x4aa3c7), new Color(0x9a9a2f));

  private LabelColours() {}

  /** The colour of a label. */
  public static Color of(String label) {
    Color known = KNOWN.get(label);
    return known == null ? OTHERS.get(Math.floorMod(label.hashCode(), OTHERS.size())) : known;
  }
}
