package io.moodline.sink;

import io.moodline.schemas.v1.EmotionSegment;
import io.moodline.schemas.v1.OpenSegment;
import io.moodline.schemas.v1.Sighting;
import io.moodline.schemas.v1.TrackFilter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Turns the sightings of one track into smoothed scores and segments.
 *
 * <p>Sightings of the last {@code revise} are kept in order of time and filtered anew when a late
 * one comes among them; older ones are settled into one belief and the sums of the segment that
 * they end in. A segment is final when the sighting that ended it is settled, so nothing can
 * contradict it; before that, corrections are published under the same key with a higher revision.
 * Thread-safe: all state is in what is passed.
 */
final class TrackSegments {
  /** An open segment that only grows is told again when it has grown by so much. */
  private static final Duration GROWTH = Duration.ofSeconds(1);

  private final LabelFilter filter;
  private final Duration revise;

  TrackSegments(TrackRules rules) {
    this.filter = new LabelFilter(rules.dwell(), rules.evidence());
    this.revise = rules.revise();
  }

  /** Whose segments they are. */
  record Owner(String streamId, String runId, long trackId) {
    /** Key of a segment: {@code stream/track/segment}. */
    byte[] key(long segment) {
      return (streamId + "/" + trackId + "/" + segment).getBytes(StandardCharsets.UTF_8);
    }
  }

  /**
   * What a sighting changed.
   *
   * @param after null once the track has ended
   * @param belief probability of each label at the sighting; empty where none was told yet or the
   *     sighting came too late
   * @param segments to publish
   * @param withdrawn numbers of segments that were published and do not exist after all
   */
  record Change(
      @Nullable TrackFilter after,
      List<Double> belief,
      List<EmotionSegment> segments,
      List<Long> withdrawn) {}

  /** The filter of a track that begins. */
  static TrackFilter first(List<String> labels, long nextSegment) {
    return new TrackFilter(
        labels,
        null,
        list(LabelFilter.ignorance(labels.size())),
        nextSegment,
        null,
        List.of(),
        List.of());
  }

  /** Takes one sighting, which may come late. */
  Change see(Owner owner, TrackFilter before, Sighting sighting) {
    if (before.getSettled() != null && sighting.getTime().isBefore(before.getSettled())) {
      return new Change(before, List.of(), List.of(), List.of());
    }
    List<Sighting> recent = inserted(before.getRecent(), sighting);
    Instant limit = recent.get(recent.size() - 1).getTime().minus(revise);
    int settled = (int) recent.stream().filter(it -> !it.getTime().isAfter(limit)).count();
    Walk walk = new Walk(before);
    List<Double> belief = walk.take(recent.subList(0, settled), sighting);
    Walk ahead = new Walk(walk);
    List<Double> later = ahead.take(recent.subList(settled, recent.size()), sighting);
    Telling telling = new Telling(owner, before);
    telling.tellFinal(walk.closed);
    telling.tellOpen(ahead.closed, ahead.open);
    TrackFilter after = walk.filter(recent.subList(settled, recent.size()), telling.standing);
    return new Change(
        after, belief.isEmpty() ? later : belief, telling.segments, telling.withdrawn());
  }

  /** Ends the track: all its segments are final. */
  Change end(Owner owner, TrackFilter before) {
    Walk walk = new Walk(before);
    walk.take(before.getRecent(), null);
    Telling telling = new Telling(owner, before);
    telling.tellFinal(walk.all());
    return new Change(null, List.of(), telling.segments, telling.withdrawn());
  }

  /** Number of the first segment that a new filter of an ended track may use. */
  long segmentAfter(TrackFilter before) {
    Walk walk = new Walk(before);
    walk.take(before.getRecent(), null);
    return walk.next;
  }

  /** Behind those of the same time. */
  private static List<Sighting> inserted(List<Sighting> recent, Sighting sighting) {
    List<Sighting> after = new ArrayList<>(recent);
    int place = after.size();
    while (place > 0 && after.get(place - 1).getTime().isAfter(sighting.getTime())) {
      place--;
    }
    after.add(place, sighting);
    return after;
  }

  /** Goes over sightings in order of time. */
  private final class Walk {
    private final List<String> labels;
    private final List<OpenSegment> closed = new ArrayList<>();
    private double[] belief;
    private @Nullable Instant time;
    private @Nullable OpenSegment open;
    private long next;

    Walk(TrackFilter start) {
      labels = start.getLabels();
      belief = start.getBelief().stream().mapToDouble(Double::doubleValue).toArray();
      time = start.getSettled();
      open = start.getOpen();
      next = start.getNextSegment();
    }

    Walk(Walk start) {
      labels = start.labels;
      belief = start.belief;
      time = start.time;
      open = start.open;
      next = start.next;
    }

    /** Returns the belief at {@code asked}, if it is among them and anything was told by then. */
    List<Double> take(List<Sighting> sightings, @Nullable Sighting asked) {
      List<Double> answer = List.of();
      for (Sighting sighting : sightings) {
        take(sighting);
        if (sighting == asked && open != null) {
          answer = list(belief);
        }
      }
      return answer;
    }

    private void take(Sighting sighting) {
      double seconds =
          time == null ? Double.POSITIVE_INFINITY : FollowedFaces.seconds(time, sighting.getTime());
      belief = filter.step(belief, seconds, sighting.getScores());
      time = sighting.getTime();
      if (open == null && sighting.getScores().isEmpty()) {
        return;
      }
      int label = LabelFilter.likeliest(belief);
      if (open != null && open.getLabel() == label) {
        open = grown(open, sighting);
      } else {
        if (open != null) {
          closed.add(ended(open, sighting.getTime()));
        }
        open = grown(begun(next++, label, sighting.getTime()), sighting);
      }
    }

    List<OpenSegment> all() {
      return Stream.concat(closed.stream(), Stream.ofNullable(open)).toList();
    }

    TrackFilter filter(List<Sighting> recent, List<EmotionSegment> published) {
      return new TrackFilter(labels, time, list(belief), next, open, recent, published);
    }
  }

  private static OpenSegment begun(long number, int label, Instant time) {
    return new OpenSegment(number, label, time, time, -1f, time, 0d, 0L);
  }

  private static OpenSegment ended(OpenSegment segment, Instant end) {
    return new OpenSegment(
        segment.getSegment(),
        segment.getLabel(),
        segment.getStart(),
        segment.getPeak(),
        segment.getPeakScore(),
        end,
        segment.getScoreSum(),
        segment.getScored());
  }

  private static OpenSegment grown(OpenSegment before, Sighting sighting) {
    boolean scored = !sighting.getScores().isEmpty();
    float score = scored ? sighting.getScores().get(before.getLabel()) : -1f;
    boolean peak = score > before.getPeakScore();
    return new OpenSegment(
        before.getSegment(),
        before.getLabel(),
        before.getStart(),
        peak ? sighting.getTime() : before.getPeak(),
        Math.max(score, before.getPeakScore()),
        sighting.getTime(),
        before.getScoreSum() + (scored ? score : 0),
        before.getScored() + (scored ? 1 : 0));
  }

  /** Compares what is with what was published. */
  private static final class Telling {
    private final Owner owner;
    private final List<String> labels;
    private final Map<Long, EmotionSegment> published = new HashMap<>();
    private final List<EmotionSegment> segments = new ArrayList<>();
    private final List<EmotionSegment> standing = new ArrayList<>();

    Telling(Owner owner, TrackFilter before) {
      this.owner = owner;
      this.labels = before.getLabels();
      before.getPublished().forEach(segment -> published.put(segment.getSegment(), segment));
    }

    void tellFinal(List<OpenSegment> closed) {
      for (OpenSegment sums : closed) {
        segments.add(segment(sums, published.remove(sums.getSegment()), true));
      }
    }

    void tellOpen(List<OpenSegment> closed, @Nullable OpenSegment open) {
      closed.forEach(sums -> tell(sums, Duration.ofNanos(1)));
      if (open != null) {
        tell(open, GROWTH);
      }
    }

    private void tell(OpenSegment sums, Duration growth) {
      EmotionSegment before = published.remove(sums.getSegment());
      EmotionSegment now = segment(sums, before, false);
      if (before == null || isNews(before, now, growth)) {
        segments.add(now);
        standing.add(now);
      } else {
        standing.add(before);
      }
    }

    private static boolean isNews(EmotionSegment before, EmotionSegment now, Duration growth) {
      Duration grown = Duration.between(before.getEnd(), now.getEnd()).abs();
      return !before.getLabel().equals(now.getLabel())
          || !before.getStart().equals(now.getStart())
          || grown.compareTo(growth) >= 0
          || (growth.compareTo(GROWTH) < 0 && before.getMeanScore() != now.getMeanScore());
    }

    List<Long> withdrawn() {
      return List.copyOf(published.keySet());
    }

    private EmotionSegment segment(
        OpenSegment sums, @Nullable EmotionSegment before, boolean isFinal) {
      return new EmotionSegment(
          owner.streamId(),
          owner.runId(),
          owner.trackId(),
          sums.getSegment(),
          labels.get(sums.getLabel()),
          sums.getStart(),
          sums.getPeak(),
          sums.getEnd(),
          sums.getScored() == 0 ? 0f : (float) (sums.getScoreSum() / sums.getScored()),
          before == null ? 1L : before.getRevision() + 1,
          isFinal);
    }
  }

  private static List<Double> list(double[] values) {
    List<Double> list = new ArrayList<>(values.length);
    for (double value : values) {
      list.add(value);
    }
    return list;
  }
}
