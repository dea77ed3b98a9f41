package io.moodline.sink;

import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.OpenWindow;
import io.moodline.schemas.v1.TrackSums;
import io.moodline.schemas.v1.TrackWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sums up what one track showed, by second and as a whole.
 *
 * <p>{@link FaceTracker} follows a face into a late frame only while the frame is at most {@code
 * revise} behind the last one. So a second is final once a sighting comes that is later than its
 * end by that much, and every event with a track is in its second, however late it came.
 * Thread-safe: all state is in what is passed.
 */
final class TrackTotals {
  private static final Duration SECOND = Steps.ALL.get(0);

  private final Duration revise;

  TrackTotals(TrackRules rules) {
    this.revise = rules.revise();
  }

  /**
   * What a sighting changed.
   *
   * @param after what to keep
   * @param settled seconds that are final now, in order
   */
  record Change(TrackSums after, List<TrackWindow> settled) {}

  /** The sums of a track with one more sighting. */
  Change see(@Nullable TrackSums before, FrameFaces frame, long track, Face face, Instant now) {
    TrackWindow whole = grown(before == null ? null : before.getWhole(), frame, track, face, now);
    List<TrackWindow> seconds =
        added(before == null ? List.of() : before.getSeconds(), frame, track, face, now);
    int settled = 0;
    while (settled < seconds.size()
        && !seconds.get(settled).getEnd().isAfter(whole.getCompleteTo())) {
      settled++;
    }
    return new Change(
        new TrackSums(whole, List.copyOf(seconds.subList(settled, seconds.size()))),
        List.copyOf(seconds.subList(0, settled)));
  }

  /** The whole of a track that has ended. */
  static TrackWindow ended(TrackSums sums, Instant now) {
    return TrackWindow.newBuilder(sums.getWhole()).setIsFinal(true).setUpdatedAt(now).build();
  }

  private TrackWindow grown(
      @Nullable TrackWindow before, FrameFaces frame, long track, Face face, Instant now) {
    Instant time = frame.getCaptureTime();
    Instant start = before == null || time.isBefore(before.getStart()) ? time : before.getStart();
    Instant end = before == null ? time : StreamClocks.later(before.getEnd(), time);
    return new TrackWindow(
        frame.getStreamId(),
        frame.getRunId(),
        track,
        0L,
        start,
        end,
        false,
        end.minus(revise),
        WindowSums.addWithoutBins(before == null ? null : before.getSums(), frame, face),
        now);
  }

  private static List<TrackWindow> added(
      List<TrackWindow> before, FrameFaces frame, long track, Face face, Instant now) {
    Instant start = Steps.startOf(frame.getCaptureTime(), SECOND);
    List<TrackWindow> after = new ArrayList<>(before);
    int place = after.size();
    while (place > 0 && after.get(place - 1).getStart().isAfter(start)) {
      place--;
    }
    boolean known = place > 0 && after.get(place - 1).getStart().equals(start);
    OpenWindow sums =
        WindowSums.add(known ? after.get(place - 1).getSums() : null, frame, List.of(face));
    Instant end = start.plus(SECOND);
    TrackWindow second =
        new TrackWindow(
            frame.getStreamId(),
            frame.getRunId(),
            track,
            SECOND.toMillis(),
            start,
            end,
            true,
            end,
            sums,
            now);
    if (known) {
      after.set(place - 1, second);
    } else {
      after.add(place, second);
    }
    return after;
  }
}
