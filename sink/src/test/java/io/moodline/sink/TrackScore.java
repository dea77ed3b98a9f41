package io.moodline.sink;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Counts a tracker's errors against the known owners of the faces, as the MOT benchmarks do. */
final class TrackScore {
  private final Map<Integer, Long> lastTrack = new HashMap<>();
  private final Map<Integer, Boolean> wasFollowed = new HashMap<>();
  private final Map<Integer, Map<Long, Integer>> together = new HashMap<>();
  private final Map<Integer, Integer> faces = new HashMap<>();
  private final Map<Long, Integer> framesOfTrack = new HashMap<>();
  private final Set<Long> tracksOfNobody = new HashSet<>();
  private int switches;
  private int fragments;

  /** Takes one frame with the track that each face was given. */
  void add(TrackScene.Shot shot, Map<Integer, Long> tracks) {
    Map<Integer, Long> byOwner = new HashMap<>();
    for (int i = 0; i < shot.owners().size(); i++) {
      Long track = tracks.get(i);
      int owner = shot.owners().get(i);
      if (track != null) {
        framesOfTrack.merge(track, 1, Integer::sum);
        if (owner == TrackScene.NOBODY) {
          tracksOfNobody.add(track);
        } else {
          byOwner.put(owner, track);
        }
      }
      if (owner != TrackScene.NOBODY) {
        faces.merge(owner, 1, Integer::sum);
      }
    }
    shot.owners().stream()
        .filter(owner -> owner != TrackScene.NOBODY)
        .forEach(person -> note(person, byOwner.get(person)));
  }

  private void note(int person, @Nullable Long track) {
    if (track == null) {
      wasFollowed.replace(person, false);
      return;
    }
    together.computeIfAbsent(person, key -> new HashMap<>()).merge(track, 1, Integer::sum);
    Long last = lastTrack.put(person, track);
    if (last != null && !last.equals(track)) {
      switches++;
    }
    if (Boolean.FALSE.equals(wasFollowed.put(person, true))) {
      fragments++;
    }
  }

  /** Times that a person's track became another one. */
  int switches() {
    return switches;
  }

  /** Times that the following of a person was interrupted though the detector saw the face. */
  int fragments() {
    return fragments;
  }

  /** Share of the faces that the track which knows the person best has, 0 to 1: IDF1. */
  double identity() {
    List<Integer> people = List.copyOf(together.keySet());
    List<Long> tracks = List.copyOf(framesOfTrack.keySet());
    double[][] common = new double[people.size()][tracks.size()];
    for (int i = 0; i < people.size(); i++) {
      for (int j = 0; j < tracks.size(); j++) {
        common[i][j] = together.get(people.get(i)).getOrDefault(tracks.get(j), 0);
      }
    }
    int[] best = Assignment.best(common, 1);
    double right = 0;
    for (int i = 0; i < best.length; i++) {
      right += best[i] == Assignment.NONE ? 0 : common[i][best[i]];
    }
    double shown = faces.values().stream().mapToInt(Integer::intValue).sum();
    double given = framesOfTrack.values().stream().mapToInt(Integer::intValue).sum();
    return 2 * right / (shown + given);
  }

  int tracksOfNobody() {
    return tracksOfNobody.size();
  }
}
