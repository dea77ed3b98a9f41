package io.moodline.sink;

import io.moodline.schemas.v1.FaceTrack;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.RunTracks;
import io.moodline.schemas.v1.StreamKind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Second step of the timelines: follows the faces of each run with a {@link FaceTracker} and tells
 * when tracks begin, meet, part and end. A run's tracks end with its end mark, or when a live
 * stream fell silent on the wall clock. Confined to the task's stream thread.
 */
final class FaceFollower extends ContextualProcessor<byte[], FrameFaces, byte[], Object> {
  private static final Duration LOOK = Duration.ofSeconds(1);

  private final FaceTracker tracker;
  private final TimelineMetrics metrics;

  /** Live runs with tracks, by the text of their key. */
  private final IdleStreams listening;

  private KeyValueStore<byte[], RunTracks> tracks;
  private KeyValueStore<String, Long> numbers;

  @SuppressWarnings("NullAway.Init") // Kafka Streams calls init before anything else
  FaceFollower(TrackRules rules, Duration idle, TimelineMetrics metrics) {
    this.tracker = new FaceTracker(rules);
    this.listening = new IdleStreams(idle.toMillis());
    this.metrics = metrics;
  }

  @Override
  public void init(ProcessorContext<byte[], Object> context) {
    super.init(context);
    tracks = context.getStateStore(EmotionTimelines.TRACKS);
    numbers = context.getStateStore(EmotionTimelines.TRACK_NUMBERS);
    listening.clear();
    recall();
    context.schedule(LOOK, PunctuationType.WALL_CLOCK_TIME, this::endSilent);
  }

  @Override
  public void process(Record<byte[], FrameFaces> record) {
    FrameFaces frame = record.value();
    String streamId = frame.getStreamId();
    byte[] key = Ledgers.key(streamId, frame.getRunId());
    RunTracks before = tracks.get(key);
    FaceTracker.Step step =
        frame.getEndOfRun() == null
            ? tracker.follow(before, frame, () -> nextNumber(streamId))
            : tracker.end(before, streamId, frame.getRunId());
    if (step.after() != before) {
      put(key, step.after());
    }
    tell(step.events());
    forward(new TrackStep(streamId, frame.getRunId(), frame, step.tracks(), step.ended()));
  }

  private long nextNumber(String streamId) {
    Long last = numbers.get(streamId);
    long next = last == null ? 1 : last + 1;
    numbers.put(streamId, next);
    return next;
  }

  private void put(byte[] key, @Nullable RunTracks after) {
    String run = new String(key, StandardCharsets.UTF_8);
    if (after == null) {
      tracks.delete(key);
      listening.forget(run);
    } else {
      tracks.put(key, after);
      noteHeard(run, after);
    }
  }

  private void noteHeard(String run, RunTracks after) {
    if (after.getKind() == StreamKind.LIVE) {
      listening.heard(run, context().currentSystemTimeMs());
    }
  }

  private void endSilent(long now) {
    for (String run : listening.takeSilent(now)) {
      byte[] key = run.getBytes(StandardCharsets.UTF_8);
      String streamId = run.substring(0, run.indexOf('/'));
      String runId = run.substring(run.indexOf('/') + 1);
      FaceTracker.Step step = tracker.end(tracks.get(key), streamId, runId);
      tracks.delete(key);
      tell(step.events());
      forward(new TrackStep(streamId, runId, null, Map.of(), step.ended()));
    }
  }

  private void tell(List<FaceTrack> events) {
    for (FaceTrack event : events) {
      metrics.track(event.getEvent());
      byte[] key =
          (event.getStreamId() + "/" + event.getTrackId()).getBytes(StandardCharsets.UTF_8);
      context()
          .forward(
              new Record<>(key, event, context().currentSystemTimeMs()),
              EmotionTimelines.TRACK_EVENTS);
    }
  }

  private void forward(TrackStep step) {
    byte[] key = Ledgers.key(step.streamId(), step.runId());
    for (String next : EmotionTimelines.AFTER_TRACKS) {
      context().forward(new Record<>(key, step, context().currentSystemTimeMs()), next);
    }
  }

  /** What the memory of this processor held before a restart, a crash or a move. */
  private void recall() {
    List<KeyValue<byte[], RunTracks>> all = new ArrayList<>();
    try (KeyValueIterator<byte[], RunTracks> found = tracks.all()) {
      found.forEachRemaining(all::add);
    }
    all.forEach(run -> noteHeard(new String(run.key, StandardCharsets.UTF_8), run.value));
  }
}
