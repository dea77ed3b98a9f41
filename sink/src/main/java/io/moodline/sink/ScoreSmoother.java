package io.moodline.sink;

import io.moodline.schemas.v1.EmotionSegment;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Sighting;
import io.moodline.schemas.v1.TrackFilter;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Third step of the timelines: filters the scores of each track over time, publishes its segments,
 * and makes the public events. Raw scores stay as they are. Confined to the task's stream thread.
 */
final class ScoreSmoother extends ContextualProcessor<byte[], TrackStep, byte[], Object> {
  /** With this reason alone the picture of the face is good and the scores count. */
  private static final Set<String> TELLING = Set.of("UNSURE");

  private final TrackSegments segments;
  private final TimelineMetrics metrics;
  private KeyValueStore<byte[], TrackFilter> filters;

  @SuppressWarnings("NullAway.Init") // Kafka Streams calls init before anything else
  ScoreSmoother(TrackRules rules, TimelineMetrics metrics) {
    this.segments = new TrackSegments(rules);
    this.metrics = metrics;
  }

  @Override
  public void init(ProcessorContext<byte[], Object> context) {
    super.init(context);
    filters = context.getStateStore(EmotionTimelines.FILTERS);
  }

  @Override
  public void process(Record<byte[], TrackStep> record) {
    TrackStep step = record.value();
    FrameFaces frame = step.frame();
    if (frame != null) {
      Map<Integer, List<Double>> beliefs = new HashMap<>();
      step.tracks()
          .forEach((face, track) -> beliefs.put(face, see(owner(step, track), frame, face)));
      ScoredFrame scored = new ScoredFrame(frame, FaceEvents.of(frame, step.tracks(), beliefs));
      for (String next : EmotionTimelines.AFTER_SCORES) {
        context().forward(record.withValue(scored), next);
      }
    }
    step.ended().forEach(track -> end(owner(step, track)));
  }

  private List<Double> see(TrackSegments.Owner owner, FrameFaces frame, int index) {
    byte[] key = key(owner);
    TrackFilter filter = ready(owner, filters.get(key), frame.getLabels());
    TrackSegments.Change change =
        segments.see(
            owner,
            filter,
            new Sighting(frame.getCaptureTime(), evidence(frame.getFaces().get(index))));
    filters.put(key, change.after());
    tell(owner, change);
    return change.belief();
  }

  /** A model with other labels begins a filter of its own, and goes on with the numbers. */
  private TrackFilter ready(
      TrackSegments.Owner owner, @Nullable TrackFilter filter, List<String> labels) {
    if (filter == null) {
      return TrackSegments.first(labels, 0);
    }
    if (filter.getLabels().equals(labels)) {
      return filter;
    }
    tell(owner, segments.end(owner, filter));
    return TrackSegments.first(labels, segments.segmentAfter(filter));
  }

  /** Scores that were kept from an earlier frame were counted there. */
  private static List<Float> evidence(Face face) {
    boolean tells = !face.getKept() && TELLING.containsAll(face.getReasons());
    return tells ? face.getScores() : List.of();
  }

  private void end(TrackSegments.Owner owner) {
    TrackFilter filter = filters.delete(key(owner));
    if (filter != null) {
      tell(owner, segments.end(owner, filter));
    }
  }

  private void tell(TrackSegments.Owner owner, TrackSegments.Change change) {
    for (EmotionSegment segment : change.segments()) {
      metrics.segment(segment);
      forward(owner.key(segment.getSegment()), segment);
    }
    change.withdrawn().forEach(number -> forward(owner.key(number), null));
  }

  private void forward(byte[] key, @Nullable EmotionSegment segment) {
    context()
        .forward(
            new Record<>(key, segment, context().currentSystemTimeMs()), EmotionTimelines.SEGMENTS);
  }

  private static TrackSegments.Owner owner(TrackStep step, long track) {
    return new TrackSegments.Owner(step.streamId(), step.runId(), track);
  }

  private static byte[] key(TrackSegments.Owner owner) {
    return (owner.streamId() + "/" + owner.runId() + "/" + owner.trackId())
        .getBytes(StandardCharsets.UTF_8);
  }
}
