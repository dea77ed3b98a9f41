package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.ScoreQuantiles;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The answer by brute force: keeps every frame and recomputes every window from all of them. Shares
 * no code with the topology, neither the alignment of windows nor the order of keys.
 */
final class TimelineOracle {
  private static final List<Long> STEPS = List.of(1_000L, 10_000L, 60_000L, 3_600_000L);

  /** A window by stream, step and start in milliseconds. */
  record Slot(String stream, long step, long start) implements Comparable<Slot> {
    @Override
    public int compareTo(Slot other) {
      return (stream + step + "/" + start).compareTo(other.stream + other.step + "/" + other.start);
    }
  }

  private final long lateMillis;
  private final Set<String> seen = new HashSet<>();
  private final Map<String, Long> watermarks = new HashMap<>();
  private final Map<Slot, List<FrameFaces>> frames = new TreeMap<>();
  private int late;

  TimelineOracle(long lateMillis) {
    this.lateMillis = lateMillis;
  }

  /** Takes a frame as the topology would receive it. */
  void accept(FrameFaces frame) {
    String id = frame.getStreamId() + "/" + frame.getRunId() + "/" + frame.getSequence();
    if (frame.getEndOfRun() != null || !seen.add(id)) {
      return;
    }
    long time = micros(frame.getCaptureTime());
    long watermark = Math.max(time, watermarks.getOrDefault(frame.getStreamId(), time));
    watermarks.put(frame.getStreamId(), watermark);
    long second = Math.floorDiv(time, 1_000_000L) * 1_000_000L;
    if (second + 1_000_000L + lateMillis * 1000 <= watermark) {
      late++;
      return;
    }
    for (long step : STEPS) {
      long start = Math.floorDiv(time, step * 1000) * step;
      frames
          .computeIfAbsent(new Slot(frame.getStreamId(), step, start), key -> new ArrayList<>())
          .add(frame);
    }
  }

  int late() {
    return late;
  }

  int windows() {
    return frames.size();
  }

  Set<Slot> slots() {
    return frames.keySet();
  }

  /** Asserts that {@code windows} are all windows there are, with the right content. */
  void check(Iterable<TimelineWindow> windows) {
    Map<Slot, TimelineWindow> found = new TreeMap<>();
    for (TimelineWindow window : windows) {
      found.put(
          new Slot(window.getStreamId(), window.getStepMillis(), window.getStart().toEpochMilli()),
          window);
    }
    assertThat(found.keySet()).isEqualTo(frames.keySet());
    frames.forEach((slot, expected) -> check(slot, expected, found.get(slot)));
  }

  private static void check(Slot slot, List<FrameFaces> frames, TimelineWindow window) {
    long analysed = frames.stream().filter(f -> f.getOutcome() == Outcome.ANALYSED).count();
    List<Face> faces = frames.stream().flatMap(f -> f.getFaces().stream()).toList();
    assertThat(window.getAnalysed()).as("analysed of %s", slot).isEqualTo(analysed);
    assertThat(window.getSkipped()).as("%s", slot).isEqualTo(reasons(frames, Outcome.SKIPPED));
    assertThat(window.getFailed()).as("%s", slot).isEqualTo(reasons(frames, Outcome.FAILED));
    assertThat(window.getDropped()).as("%s", slot).isEqualTo(dropped(frames));
    assertThat(window.getFaces()).as("faces of %s", slot).isEqualTo(faces.size());
    double rate = frames.get(0).getTargetFramesPerSecond();
    assertThat(window.getCoverage())
        .as("coverage of %s", slot)
        .isCloseTo(Math.min(1, analysed / (slot.step() / 1000.0 * rate)), within(1e-9));
    assertThat(window.getScores().keySet())
        .isEqualTo(faces.isEmpty() ? Set.of() : Set.copyOf(FakeFrames.LABELS));
    String dominant = null;
    double best = -1;
    for (int i = 0; i < FakeFrames.LABELS.size() && !faces.isEmpty(); i++) {
      int index = i;
      double mean = faces.stream().mapToDouble(f -> f.getScores().get(index)).sum() / faces.size();
      assertThat(window.getScores().get(FakeFrames.LABELS.get(i)))
          .as("mean of %s", slot)
          .isCloseTo(mean, within(1e-9));
      double labelled =
          faces.stream()
              .filter(f -> f.getReasons().isEmpty())
              .mapToDouble(f -> f.getScores().get(index))
              .average()
              .orElse(-1);
      if (labelled > best + 1e-12) {
        best = labelled;
        dominant = FakeFrames.LABELS.get(i);
      }
    }
    checkQuantiles(slot, faces, window);
    assertThat(window.getLabelled())
        .as("labelled of %s", slot)
        .isEqualTo(faces.stream().filter(f -> f.getReasons().isEmpty()).count());
    long blurred = faces.stream().filter(f -> f.getReasons().contains("BLURRED")).count();
    assertThat(window.getWithheld())
        .as("withheld of %s", slot)
        .isEqualTo(blurred == 0 ? Map.of() : Map.of("BLURRED", blurred));
    assertThat(window.getDominant()).as("dominant of %s", slot).isEqualTo(dominant);
  }

  /** By nearest rank among all scores, to half a bin. */
  private static void checkQuantiles(Slot slot, List<Face> faces, TimelineWindow window) {
    assertThat(window.getQuantiles().keySet()).isEqualTo(window.getScores().keySet());
    for (int i = 0; i < FakeFrames.LABELS.size() && !faces.isEmpty(); i++) {
      int index = i;
      double[] scores =
          faces.stream().mapToDouble(f -> f.getScores().get(index)).sorted().toArray();
      ScoreQuantiles found = window.getQuantiles().get(FakeFrames.LABELS.get(i));
      List<Float> told = List.of(found.getP10(), found.getP50(), found.getP90());
      for (int n = 0; n < 3; n++) {
        int rank = (new int[] {1, 5, 9}[n] * scores.length + 9) / 10;
        assertThat((double) told.get(n))
            .as("quantile %d of %s", n, slot)
            .isCloseTo(scores[rank - 1], within(0.01001));
      }
    }
  }

  private static Map<String, Long> reasons(List<FrameFaces> frames, Outcome outcome) {
    Map<String, Long> counts = new HashMap<>();
    frames.stream()
        .filter(frame -> frame.getOutcome() == outcome)
        .forEach(frame -> counts.merge(frame.getReason(), 1L, Long::sum));
    return counts;
  }

  private static Map<String, Long> dropped(List<FrameFaces> frames) {
    Map<String, Long> counts = new HashMap<>();
    frames.forEach(
        frame -> frame.getDroppedBefore().forEach((r, n) -> counts.merge(r, n, Long::sum)));
    return counts;
  }

  private static long micros(Instant time) {
    return time.getEpochSecond() * 1_000_000L + time.getNano() / 1000;
  }
}
