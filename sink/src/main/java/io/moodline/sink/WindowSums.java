package io.moodline.sink;

import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.OpenWindow;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.ScoreQuantiles;
import io.moodline.schemas.v1.TimelineWindow;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Adds frames to a window and makes the public window of the sums. Sums, not means, are kept: a
 * mean of means would drift. Thread-safe.
 */
final class WindowSums {
  /** Of a window that nothing was added to. */
  static final OpenWindow EMPTY =
      new OpenWindow(
          Map.of(),
          Map.of(),
          Map.of(),
          Map.of(),
          0L,
          0L,
          List.of(),
          List.of(),
          0L,
          List.of(),
          Map.of(),
          ByteBuffer.allocate(0));

  private WindowSums() {}

  /** The window with one more frame, or with the drops that an end mark reports. */
  static OpenWindow add(@Nullable OpenWindow window, FrameFaces frame) {
    OpenWindow before = window == null ? EMPTY : window;
    Map<String, Long> dropped = Ledgers.plus(before.getDropped(), frame.getDroppedBefore());
    if (frame.getEndOfRun() != null) {
      return OpenWindow.newBuilder(before).setDropped(dropped).build();
    }
    return add(before, frame, frame.getFaces(), dropped, true);
  }

  /** The window with some of a frame's faces, and nothing of its drops. */
  static OpenWindow add(@Nullable OpenWindow window, FrameFaces frame, List<Face> faces) {
    OpenWindow before = window == null ? EMPTY : window;
    return add(before, frame, faces, before.getDropped(), true);
  }

  /** The same without what quantiles are made of. */
  static OpenWindow addWithoutBins(@Nullable OpenWindow window, FrameFaces frame, Face face) {
    OpenWindow before = window == null ? EMPTY : window;
    return add(before, frame, List.of(face), before.getDropped(), false);
  }

  private static OpenWindow add(
      OpenWindow before,
      FrameFaces frame,
      List<Face> faces,
      Map<String, Long> dropped,
      boolean withBins) {
    List<Face> scored = faces.stream().filter(f -> !f.getScores().isEmpty()).toList();
    List<Face> labelled = scored.stream().filter(face -> face.getReasons().isEmpty()).toList();
    List<String> labels = scored.isEmpty() ? before.getLabels() : union(before, frame.getLabels());
    return new OpenWindow(
        Ledgers.plus(before.getAnalysedByRate(), analysed(frame)),
        Ledgers.plus(before.getSkipped(), Ledgers.reason(frame, Outcome.SKIPPED)),
        Ledgers.plus(before.getFailed(), Ledgers.reason(frame, Outcome.FAILED)),
        dropped,
        before.getFaces() + faces.size(),
        before.getScoredFaces() + scored.size(),
        labels,
        sums(labels, before.getScoreSums(), frame.getLabels(), scored),
        before.getLabelledFaces() + labelled.size(),
        sums(labels, before.getLabelledSums(), frame.getLabels(), labelled),
        Ledgers.plus(before.getWithheld(), withheld(faces)),
        withBins
            ? bins(before.getScoreBins(), labels, frame.getLabels(), scored)
            : before.getScoreBins());
  }

  private static ByteBuffer bins(
      ByteBuffer before, List<String> labels, List<String> frameLabels, List<Face> faces) {
    if (faces.isEmpty()) {
      return before;
    }
    ScoreBins bins = ScoreBins.read(before);
    for (int i = 0; i < frameLabels.size(); i++) {
      int index = labels.indexOf(frameLabels.get(i));
      for (Face face : faces) {
        bins.add(index, face.getScores().get(i));
      }
    }
    return bins.write();
  }

  private static Map<String, ScoreQuantiles> quantiles(OpenWindow sums) {
    ScoreBins bins = ScoreBins.read(sums.getScoreBins());
    Map<String, ScoreQuantiles> quantiles = new LinkedHashMap<>();
    for (int i = 0; i < sums.getLabels().size(); i++) {
      quantiles.put(
          sums.getLabels().get(i),
          new ScoreQuantiles(bins.quantile(i, 0.1), bins.quantile(i, 0.5), bins.quantile(i, 0.9)));
    }
    return quantiles;
  }

  /** Faces whose label is withheld, by reason. */
  private static Map<String, Long> withheld(List<Face> faces) {
    return faces.stream()
        .flatMap(face -> face.getReasons().stream().distinct())
        .collect(Collectors.groupingBy(reason -> reason, Collectors.counting()));
  }

  /** The public window. */
  static TimelineWindow toTimeline(
      TimelineKey key, OpenWindow sums, boolean complete, Instant now) {
    return new TimelineWindow(
        key.streamId(),
        key.step().toMillis(),
        key.start(),
        Ledgers.sum(sums.getAnalysedByRate()),
        sums.getSkipped(),
        sums.getFailed(),
        sums.getDropped(),
        coverage(sums, key.step()),
        sums.getFaces(),
        means(sums),
        dominant(sums),
        complete,
        sums.getLabelledFaces(),
        sums.getWithheld(),
        quantiles(sums),
        now);
  }

  private static Map<String, Long> analysed(FrameFaces frame) {
    return frame.getOutcome() == Outcome.ANALYSED
        ? Map.of(Double.toString(frame.getTargetFramesPerSecond()), 1L)
        : Map.of();
  }

  private static List<String> union(OpenWindow window, List<String> more) {
    if (window.getLabels().containsAll(more)) {
      return window.getLabels();
    }
    List<String> labels = new ArrayList<>(window.getLabels());
    more.stream().filter(label -> !labels.contains(label)).forEach(labels::add);
    return labels;
  }

  private static List<Double> sums(
      List<String> labels, List<Double> before, List<String> frameLabels, List<Face> faces) {
    List<Double> sums = new ArrayList<>(before);
    while (sums.size() < labels.size()) {
      sums.add(0.0);
    }
    for (int i = 0; i < frameLabels.size() && !faces.isEmpty(); i++) {
      int index = labels.indexOf(frameLabels.get(i));
      double sum = sums.get(index);
      for (Face face : faces) {
        sum += face.getScores().get(i);
      }
      sums.set(index, sum);
    }
    return sums;
  }

  /** Mean score by label, over the faces that have scores. */
  static Map<String, Double> means(OpenWindow sums) {
    return means(sums.getLabels(), sums.getScoreSums(), sums.getScoredFaces());
  }

  /** Label with the highest mean score over the faces whose label was not withheld. */
  static @Nullable String dominant(OpenWindow sums) {
    return dominant(means(sums.getLabels(), sums.getLabelledSums(), sums.getLabelledFaces()));
  }

  private static Map<String, Double> means(List<String> labels, List<Double> sums, long faces) {
    Map<String, Double> means = new LinkedHashMap<>();
    for (int i = 0; i < labels.size() && faces > 0; i++) {
      means.put(labels.get(i), (i < sums.size() ? sums.get(i) : 0) / faces);
    }
    return means;
  }

  /** What the window is said to show: only faces whose label the gate allowed have a say. */
  private static @Nullable String dominant(Map<String, Double> means) {
    String dominant = null;
    double best = -1;
    for (Map.Entry<String, Double> mean : means.entrySet()) {
      if (mean.getValue() > best) {
        best = mean.getValue();
        dominant = mean.getKey();
      }
    }
    return dominant;
  }

  /** Each analysed frame covers one interval of the rate that was in force when it was sampled. */
  private static double coverage(OpenWindow window, Duration step) {
    double seconds = step.toMillis() / 1000.0;
    double coverage = 0;
    for (Map.Entry<String, Long> frames : window.getAnalysedByRate().entrySet()) {
      coverage += frames.getValue() / (seconds * Double.parseDouble(frames.getKey()));
    }
    return Math.min(1, coverage);
  }
}
