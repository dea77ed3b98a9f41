package io.moodline.sink;

import io.moodline.schemas.v1.EmotionSegment;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The segments of a track by brute force: keeps every sighting, sorts them, filters them all from
 * the first one on. Shares no code with the topology, the filter included.
 */
final class SegmentOracle {
  private record Seen(Instant time, List<Float> scores) {}

  private final double dwell;
  private final double evidence;
  private final List<Seen> seen = new ArrayList<>();

  SegmentOracle(TrackRules rules) {
    dwell = rules.dwell().toMillis() / 1e3;
    evidence = rules.evidence().toMillis() / 1e3;
  }

  void add(Instant time, List<Float> scores) {
    seen.add(new Seen(time, scores));
  }

  /** Label, start, peak, end, mean score, each segment in a line. */
  List<String> segments(List<String> labels) {
    seen.sort(Comparator.comparing(Seen::time));
    List<String> segments = new ArrayList<>();
    double[] belief = new double[labels.size()];
    Arrays.fill(belief, 1.0 / belief.length);
    List<Seen> members = new ArrayList<>();
    int label = -1;
    Seen last = null;
    for (Seen now : seen) {
      update(belief, last == null ? -1 : seconds(last.time(), now.time()), now.scores());
      last = now;
      if (label < 0 && now.scores().isEmpty()) {
        continue;
      }
      int best = 0;
      for (int i = 0; i < belief.length; i++) {
        best = belief[i] > belief[best] ? i : best;
      }
      if (best != label && label >= 0) {
        segments.add(text(labels, label, members, now.time()));
        members.clear();
      }
      label = best;
      members.add(now);
    }
    if (label >= 0) {
      segments.add(text(labels, label, members, members.get(members.size() - 1).time()));
    }
    return segments;
  }

  private void update(double[] belief, double seconds, List<Float> scores) {
    double stay = seconds < 0 ? 1 : Math.exp(-seconds / dwell);
    double weight = seconds < 0 ? 1 : Math.min(1, seconds / evidence);
    double total = 0;
    for (int i = 0; i < belief.length; i++) {
      belief[i] = stay * belief[i] + (1 - stay) / belief.length;
      if (!scores.isEmpty()) {
        belief[i] *= Math.exp(weight * Math.log(Math.max(0.01, scores.get(i))));
      }
      total += belief[i];
    }
    for (int i = 0; i < belief.length; i++) {
      belief[i] /= total;
    }
  }

  private static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toNanos() / 1e9;
  }

  private static String text(List<String> labels, int label, List<Seen> members, Instant end) {
    List<Seen> scored = members.stream().filter(it -> !it.scores().isEmpty()).toList();
    double mean = scored.stream().mapToDouble(it -> it.scores().get(label)).average().orElse(0);
    Instant peak = members.get(0).time();
    float most = -1;
    for (Seen member : scored) {
      if (member.scores().get(label) > most) {
        most = member.scores().get(label);
        peak = member.time();
      }
    }
    return "%s %s %s %s %.4f".formatted(labels.get(label), members.get(0).time(), peak, end, mean);
  }

  static String text(EmotionSegment segment) {
    return "%s %s %s %s %.4f"
        .formatted(
            segment.getLabel(),
            segment.getStart(),
            segment.getPeak(),
            segment.getEnd(),
            segment.getMeanScore());
  }
}
