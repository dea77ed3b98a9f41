package io.moodline.deploy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Two models over the same frames: where their labels differ, and by how much their scores do. A
 * face of one is the face of the other that has the same frame and overlaps it most. Thread-safe.
 */
final class ReplayComparison {
  private static final double SAME_FACE = 0.5;
  private static final int SHOWN = 10;

  /** One face as both see it. */
  record Pair(FoundFace first, FoundFace second) {
    /**
     * How far the scores lie apart: half the sum of the differences, 0 (equal) to 1 (nothing in
     * common); a label that one model lacks counts as 0.
     */
    double distance() {
      TreeSet<String> labels = new TreeSet<>(first.scores().keySet());
      labels.addAll(second.scores().keySet());
      return labels.stream()
              .mapToDouble(
                  label ->
                      Math.abs(
                          first.scores().getOrDefault(label, 0.0)
                              - second.scores().getOrDefault(label, 0.0)))
              .sum()
          / 2;
    }

    boolean bothLabelled() {
      return first.label().isPresent() && second.label().isPresent();
    }

    boolean agree() {
      return first.label().equals(second.label());
    }
  }

  private final String firstModel;
  private final String secondModel;
  private final List<Pair> pairs = new ArrayList<>();
  private final int onlyFirst;
  private final int onlySecond;

  ReplayComparison(
      String firstModel, List<FoundFace> first, String secondModel, List<FoundFace> second) {
    this.firstModel = firstModel;
    this.secondModel = secondModel;
    Map<Long, List<FoundFace>> open = new HashMap<>();
    second.forEach(
        face -> open.computeIfAbsent(face.sequence(), it -> new ArrayList<>()).add(face));
    for (FoundFace face : first) {
      List<FoundFace> others = open.getOrDefault(face.sequence(), List.of());
      Optional<FoundFace> partner =
          others.stream()
              .filter(other -> overlap(face, other) >= SAME_FACE)
              .max(Comparator.comparingDouble(other -> overlap(face, other)));
      partner.ifPresent(
          other -> {
            others.remove(other);
            pairs.add(new Pair(face, other));
          });
    }
    this.onlyFirst = first.size() - pairs.size();
    this.onlySecond = second.size() - pairs.size();
  }

  /** Intersection over union of two boxes. */
  private static double overlap(FoundFace a, FoundFace b) {
    var one = a.mark();
    var two = b.mark();
    double width =
        Math.min(one.x() + one.width(), two.x() + two.width()) - Math.max(one.x(), two.x());
    double height =
        Math.min(one.y() + one.height(), two.y() + two.height()) - Math.max(one.y(), two.y());
    double both = Math.max(0, width) * Math.max(0, height);
    double all = one.width() * one.height() + two.width() * two.height() - both;
    return all <= 0 ? 0 : both / all;
  }

  List<Pair> pairs() {
    return pairs;
  }

  /** Faces to which both models give a label, and the same one. */
  long agreed() {
    return pairs.stream().filter(Pair::bothLabelled).filter(Pair::agree).count();
  }

  private long bothLabelled() {
    return pairs.stream().filter(Pair::bothLabelled).count();
  }

  private double meanDistance() {
    return pairs.stream().mapToDouble(Pair::distance).average().orElse(0);
  }

  /** How often the first says one label and the second another; "withheld" counts as a word. */
  private Map<String, Map<String, Long>> words() {
    Map<String, Map<String, Long>> words = new TreeMap<>();
    for (Pair pair : pairs) {
      words
          .computeIfAbsent(word(pair.first()), it -> new TreeMap<>())
          .merge(word(pair.second()), 1L, Long::sum);
    }
    return words;
  }

  private static String word(FoundFace face) {
    return face.label().orElse("withheld");
  }

  /** The faces whose scores lie farthest apart among those whose labels differ. */
  private List<Pair> widest() {
    return pairs.stream()
        .filter(pair -> !pair.agree())
        .sorted(Comparator.comparingDouble(Pair::distance).reversed())
        .limit(SHOWN)
        .toList();
  }

  ObjectNode json() {
    ObjectNode json = ApiClient.object();
    json.put("first", firstModel).put("second", secondModel);
    json.put("faces", pairs.size()).put("onlyFirst", onlyFirst).put("onlySecond", onlySecond);
    json.put("bothLabelled", bothLabelled()).put("agreed", agreed());
    json.put("meanDistance", meanDistance());
    json.set("labels", ApiClient.JSON.valueToTree(words()));
    ArrayNode differing = json.putArray("differing");
    pairs.stream()
        .filter(pair -> !pair.agree())
        .forEach(
            pair ->
                differing
                    .addObject()
                    .put("mediaTimeMicros", pair.first().mediaTimeMicros())
                    .put("sequence", pair.first().sequence())
                    .put("face", pair.first().face())
                    .put("first", word(pair.first()))
                    .put("second", word(pair.second()))
                    .put("distance", pair.distance()));
    return json;
  }

  void print(PrintStream out) {
    out.printf(
        Locale.ROOT,
        "%s and %s over the same frames: %d faces seen by both, %d and %d by one only%n",
        firstModel,
        secondModel,
        pairs.size(),
        onlyFirst,
        onlySecond);
    out.printf(
        Locale.ROOT,
        "Same label on %d of the %d faces that both label (%.1f %%); scores lie %.3f apart on average (0 to 1)%n",
        agreed(),
        bothLabelled(),
        bothLabelled() == 0 ? 100.0 : 100.0 * agreed() / bothLabelled(),
        meanDistance());
    out.printf("%n%-12s %-12s %8s%n", firstModel, secondModel, "faces");
    words()
        .forEach(
            (first, seconds) ->
                seconds.forEach(
                    (second, count) ->
                        out.printf(Locale.ROOT, "%-12s %-12s %8d%n", first, second, count)));
    if (!widest().isEmpty()) {
      out.printf("%nWhere they differ most:%n");
    }
    for (Pair pair : widest()) {
      out.printf(
          Locale.ROOT,
          "%s face %d: %s against %s, %.3f apart%n",
          TimelineText.clock(Duration.ofMillis(pair.first().mediaTimeMicros() / 1000)),
          pair.first().face(),
          word(pair.first()),
          word(pair.second()),
          pair.distance());
    }
  }
}
