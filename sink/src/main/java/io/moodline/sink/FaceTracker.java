package io.moodline.sink;

import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FaceTrack;
import io.moodline.schemas.v1.FollowedFace;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.RunTracks;
import io.moodline.schemas.v1.TrackEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Follows the faces of one run from frame to frame.
 *
 * <p>Each face's motion is predicted by {@link FollowedFaces Kalman filters}; predictions and faces
 * are paired by how much they overlap, as well as all pairs together can be. First the strong faces
 * find their tracks. Then what is left of the tracks looks among the weak faces, which are often
 * real ones half hidden or out of focus: they keep a track alive but never begin one (the idea of
 * ByteTrack). A face that is left over is a track once a second frame shows it.
 *
 * <p>A track that is not seen is predicted on until it is lost. Where its box lies in another
 * track's, the face went behind that one: a merge, and a split when it comes out again.
 * Thread-safe: all state is in what is passed.
 */
final class FaceTracker {
  /** What a frame changed. */
  record Step(
      @Nullable RunTracks after,
      Map<Integer, Long> tracks,
      List<FaceTrack> events,
      List<Long> ended) {}

  private static final double LEAST_SIMILAR = 0.2;
  private static final double LEAST_OVERLAP = 0.3;
  private static final double HIDDEN = 0.5;
  private static final int CLOCK_STEPPED_BACK = 10;

  /** Of a frame with more faces the best ones are followed. */
  private static final int MOST_FACES = 200;

  private static final int MOST_FOLLOWED = 2 * MOST_FACES;

  private final TrackRules rules;

  FaceTracker(TrackRules rules) {
    this.rules = rules;
  }

  /**
   * Takes the next frame of a run.
   *
   * @param before null while nothing is followed
   * @param ids gives the number of the stream's next track
   */
  Step follow(@Nullable RunTracks before, FrameFaces frame, LongSupplier ids) {
    if (frame.getOutcome() != Outcome.ANALYSED) {
      return new Step(before, Map.of(), List.of(), List.of());
    }
    if (before == null || !frame.getCaptureTime().isBefore(before.getTime())) {
      return new Pass(before, frame, ids).run();
    }
    if (!before.getTime().minus(rules.revise()).isAfter(frame.getCaptureTime())) {
      return late(before, frame);
    }
    if (before.getBehind() + 1 < CLOCK_STEPPED_BACK) {
      RunTracks after =
          new RunTracks(
              before.getKind(), before.getTime(), before.getBehind() + 1, before.getFaces());
      return new Step(after, Map.of(), List.of(), List.of());
    }
    Step over = end(before, frame.getStreamId(), frame.getRunId());
    Step fresh = new Pass(null, frame, ids).run();
    return new Step(fresh.after(), fresh.tracks(), over.events(), over.ended());
  }

  /** Ends all tracks of a run. */
  Step end(@Nullable RunTracks before, String streamId, String runId) {
    List<FollowedFace> faces =
        before == null
            ? List.of()
            : before.getFaces().stream().filter(face -> face.getTrackId() != null).toList();
    return new Step(
        null,
        Map.of(),
        faces.stream()
            .map(
                face -> FollowedFaces.event(streamId, runId, face, TrackEvent.EXIT, face.getSeen()))
            .toList(),
        faces.stream().map(FollowedFaces::track).toList());
  }

  /** A frame of a moment that has passed finds its tracks where they were, and moves none. */
  private Step late(RunTracks before, FrameFaces frame) {
    double seconds = FollowedFaces.seconds(before.getTime(), frame.getCaptureTime());
    List<FollowedFace> known =
        before.getFaces().stream().filter(face -> face.getTrackId() != null).toList();
    double[][] overlaps =
        known.stream()
            .map(face -> FollowedFaces.box(face, seconds))
            .map(box -> overlaps(box, frame.getFaces()))
            .toArray(double[][]::new);
    int[] partners = Assignment.best(overlaps, LEAST_OVERLAP);
    Map<Integer, Long> tracks = new HashMap<>();
    for (int i = 0; i < partners.length; i++) {
      if (partners[i] != Assignment.NONE) {
        tracks.put(partners[i], FollowedFaces.track(known.get(i)));
      }
    }
    return new Step(before, tracks, List.of(), List.of());
  }

  private static double[] overlaps(Box box, List<Face> faces) {
    return faces.stream()
        .limit(MOST_FACES)
        .mapToDouble(face -> Boxes.overlap(box, face.getBox()))
        .toArray();
  }

  /** One frame in order of time. */
  private final class Pass {
    private final FrameFaces frame;
    private final Instant time;
    private final @Nullable Instant before;
    private final LongSupplier ids;
    private final List<FollowedFace> known;

    /** For each known face the index of its face in the frame, and the other way round. */
    private final int[] faceOf;

    private final int[] knownOf;
    private final List<FollowedFace> after = new ArrayList<>();
    private final Map<Integer, Long> tracks = new HashMap<>();
    private final List<FaceTrack> events = new ArrayList<>();
    private final List<Long> ended = new ArrayList<>();

    Pass(@Nullable RunTracks tracks, FrameFaces frame, LongSupplier ids) {
      this.frame = frame;
      this.time = frame.getCaptureTime();
      this.before = tracks == null ? null : tracks.getTime();
      this.ids = ids;
      double seconds = before == null ? 0 : FollowedFaces.seconds(before, time);
      this.known =
          tracks == null
              ? List.of()
              : tracks.getFaces().stream().map(face -> FollowedFaces.after(face, seconds)).toList();
      this.faceOf = filled(known.size());
      this.knownOf = filled(Math.min(MOST_FACES, frame.getFaces().size()));
    }

    Step run() {
      pair(this::isFollowed, this::isStrong, FollowedFaces::similarity, LEAST_SIMILAR);
      pair(this::wasSeenLast, face -> true, FollowedFaces::overlap, LEAST_OVERLAP);
      pair(
          face -> !isTrack(face) && !isLost(face),
          this::isStrong,
          FollowedFaces::similarity,
          LEAST_SIMILAR);
      for (int i = 0; i < known.size(); i++) {
        keep(known.get(i), faceOf[i]);
      }
      noteHidden();
      for (int i = 0; i < knownOf.length; i++) {
        if (knownOf[i] == Assignment.NONE && isStrong(frame.getFaces().get(i))) {
          begin(frame.getFaces().get(i).getBox());
        }
      }
      RunTracks left = after.isEmpty() ? null : new RunTracks(frame.getKind(), time, 0, after);
      return new Step(left, tracks, events, ended);
    }

    private boolean isTrack(FollowedFace face) {
      return face.getTrackId() != null;
    }

    private boolean isFollowed(FollowedFace face) {
      return isTrack(face) && !isLost(face);
    }

    private boolean wasSeenLast(FollowedFace face) {
      return isFollowed(face) && face.getSeen().equals(before);
    }

    private boolean isStrong(Face face) {
      return face.getFaceScore() >= rules.strongScore();
    }

    /** Pairs those of the known and of the frame's faces that have no partner yet. */
    private void pair(
        Predicate<FollowedFace> which, Predicate<Face> among, Likeness likeness, double least) {
      int[] rows =
          IntStream.range(0, faceOf.length)
              .filter(i -> faceOf[i] == Assignment.NONE && which.test(known.get(i)))
              .toArray();
      int[] columns =
          IntStream.range(0, knownOf.length)
              .filter(j -> knownOf[j] == Assignment.NONE && among.test(frame.getFaces().get(j)))
              .toArray();
      double[][] gains = new double[rows.length][columns.length];
      for (int i = 0; i < rows.length; i++) {
        for (int j = 0; j < columns.length; j++) {
          gains[i][j] = likeness.of(known.get(rows[i]), frame.getFaces().get(columns[j]).getBox());
        }
      }
      int[] partners = Assignment.best(gains, least);
      for (int i = 0; i < rows.length; i++) {
        if (partners[i] != Assignment.NONE) {
          faceOf[rows[i]] = columns[partners[i]];
          knownOf[columns[partners[i]]] = rows[i];
        }
      }
    }

    private void keep(FollowedFace face, int index) {
      if (index != Assignment.NONE) {
        see(face, index);
      } else if (isTrack(face) && !isLost(face)) {
        after.add(face);
      } else if (isTrack(face)) {
        tell(face, TrackEvent.EXIT, face.getSeen());
        ended.add(FollowedFaces.track(face));
      }
    }

    private void see(FollowedFace face, int index) {
      Face shown = frame.getFaces().get(index);
      boolean isNew = !isTrack(face);
      long id = isNew ? ids.getAsLong() : FollowedFaces.track(face);
      FollowedFace seen = FollowedFaces.seen(face, id, time, shown.getBox(), isStrong(shown));
      tracks.put(index, id);
      if (face.getOther() != null) {
        tell(seen, TrackEvent.SPLIT, time);
      } else if (isNew) {
        tell(seen, TrackEvent.ENTRY, time);
      }
      after.add(FollowedFaces.beside(seen, null));
    }

    private boolean isLost(FollowedFace face) {
      Duration limit = rules.lostAt(frame.getTargetFramesPerSecond());
      return Duration.between(face.getSeen(), time).compareTo(limit) > 0;
    }

    /** Looks for faces that went into another one's box. */
    private void noteHidden() {
      for (int i = 0; i < after.size(); i++) {
        FollowedFace face = after.get(i);
        if (!face.getSeen().equals(time) && face.getOther() == null) {
          Long other = holder(FollowedFaces.box(face, 0));
          if (other != null) {
            FollowedFace hidden = FollowedFaces.beside(face, other);
            after.set(i, hidden);
            tell(hidden, TrackEvent.MERGE, time);
          }
        }
      }
    }

    private void begin(Box box) {
      if (after.size() < MOST_FOLLOWED) {
        after.add(FollowedFaces.first(box, time, holder(box)));
      }
    }

    /** The track, seen in this frame, whose box holds most of another one. */
    private @Nullable Long holder(Box box) {
      Long holder = null;
      double most = HIDDEN;
      for (FollowedFace face : after) {
        double covered = Boxes.covered(box, FollowedFaces.box(face, 0));
        if (isTrack(face) && face.getSeen().equals(time) && covered > most) {
          holder = face.getTrackId();
          most = covered;
        }
      }
      return holder;
    }

    private void tell(FollowedFace face, TrackEvent event, Instant when) {
      events.add(FollowedFaces.event(frame.getStreamId(), frame.getRunId(), face, event, when));
    }
  }

  private interface Likeness {
    double of(FollowedFace known, Box box);
  }

  private static int[] filled(int length) {
    int[] partners = new int[length];
    Arrays.fill(partners, Assignment.NONE);
    return partners;
  }
}
