package io.moodline.sink;

import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tracker to beat: a strong face goes on with the track whose last box it overlaps most, best
 * pairs first; no motion, no second look.
 */
final class PlainTracker {
  private static final double LEAST = 0.3;

  private record Last(long track, Box box, Instant seen) {}

  private record Pair(Last last, int face, double overlap) {}

  private final double strongScore;
  private final Duration lost;
  private final List<Last> known = new ArrayList<>();
  private long next = 1;

  PlainTracker(double strongScore, Duration lost) {
    this.strongScore = strongScore;
    this.lost = lost;
  }

  Map<Integer, Long> follow(FrameFaces frame) {
    Instant time = frame.getCaptureTime();
    known.removeIf(last -> Duration.between(last.seen(), time).compareTo(lost) > 0);
    List<Pair> pairs = new ArrayList<>();
    List<Face> faces = frame.getFaces();
    for (int i = 0; i < faces.size(); i++) {
      for (Last last : known) {
        double overlap = Boxes.overlap(last.box(), faces.get(i).getBox());
        if (overlap >= LEAST && faces.get(i).getFaceScore() >= strongScore) {
          pairs.add(new Pair(last, i, overlap));
        }
      }
    }
    pairs.sort((a, b) -> Double.compare(b.overlap(), a.overlap()));
    Map<Integer, Long> tracks = new HashMap<>();
    Set<Last> taken = new HashSet<>();
    for (Pair pair : pairs) {
      if (!tracks.containsKey(pair.face()) && taken.add(pair.last())) {
        tracks.put(pair.face(), pair.last().track());
      }
    }
    known.removeAll(taken);
    for (int i = 0; i < faces.size(); i++) {
      if (faces.get(i).getFaceScore() >= strongScore) {
        long track = tracks.computeIfAbsent(i, face -> next++);
        known.add(new Last(track, faces.get(i).getBox(), time));
      }
    }
    return tracks;
  }
}
