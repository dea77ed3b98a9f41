package io.moodline.sink;

import io.moodline.schemas.v1.OpenWindow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts the sums of windows together: what comes out is what one window over all of their frames
 * would hold. Confined to one thread.
 */
final class WindowMerge {
  private final Map<String, Long> analysedByRate = new HashMap<>();
  private final Map<String, Long> skipped = new HashMap<>();
  private final Map<String, Long> failed = new HashMap<>();
  private final Map<String, Long> dropped = new HashMap<>();
  private final Map<String, Long> withheld = new HashMap<>();
  private final List<String> labels = new ArrayList<>();
  private final List<Double> scoreSums = new ArrayList<>();
  private final List<Double> labelledSums = new ArrayList<>();
  private final ScoreBins bins = new ScoreBins();
  private long faces;
  private long scoredFaces;
  private long labelledFaces;

  void add(OpenWindow window) {
    addAll(analysedByRate, window.getAnalysedByRate());
    addAll(skipped, window.getSkipped());
    addAll(failed, window.getFailed());
    addAll(dropped, window.getDropped());
    addAll(withheld, window.getWithheld());
    faces += window.getFaces();
    scoredFaces += window.getScoredFaces();
    labelledFaces += window.getLabelledFaces();
    int[] places = window.getLabels().stream().mapToInt(this::place).toArray();
    addAll(scoreSums, window.getScoreSums(), places);
    addAll(labelledSums, window.getLabelledSums(), places);
    bins.addAll(window.getScoreBins(), places);
  }

  OpenWindow sums() {
    return new OpenWindow(
        Map.copyOf(analysedByRate),
        Map.copyOf(skipped),
        Map.copyOf(failed),
        Map.copyOf(dropped),
        faces,
        scoredFaces,
        List.copyOf(labels),
        List.copyOf(scoreSums),
        labelledFaces,
        List.copyOf(labelledSums),
        Map.copyOf(withheld),
        bins.write());
  }

  private int place(String label) {
    int known = labels.indexOf(label);
    if (known >= 0) {
      return known;
    }
    labels.add(label);
    scoreSums.add(0.0);
    labelledSums.add(0.0);
    return labels.size() - 1;
  }

  private static void addAll(Map<String, Long> to, Map<String, Long> more) {
    more.forEach((reason, count) -> to.merge(reason, count, Long::sum));
  }

  private static void addAll(List<Double> to, List<Double> more, int[] places) {
    for (int i = 0; i < more.size(); i++) {
      to.set(places[i], to.get(places[i]) + more.get(i));
    }
  }
}
