package io.moodline.sink;

import io.moodline.schemas.TrackKey;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.TrackSums;
import io.moodline.schemas.v1.TrackWindow;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Adds each sighting to its track's second and to the sums of the whole track. A second is
 * published once, when it is final; the whole when it begins, behind each second, and when it ends.
 * So at most two records per track and second go out, and a store keeps the last few seconds of the
 * tracks that go on, nothing of those that have ended. Confined to the task's stream thread.
 */
final class TrackRoller extends ContextualProcessor<byte[], TrackStep, byte[], TrackWindow> {
  private final TrackTotals totals;
  private KeyValueStore<byte[], TrackSums> sums;

  @SuppressWarnings("NullAway.Init") // Kafka Streams calls init before anything else
  TrackRoller(TrackRules rules) {
    this.totals = new TrackTotals(rules);
  }

  @Override
  public void init(ProcessorContext<byte[], TrackWindow> context) {
    super.init(context);
    sums = context.getStateStore(EmotionTimelines.TRACK_SUMS);
  }

  @Override
  public void process(Record<byte[], TrackStep> record) {
    TrackStep step = record.value();
    FrameFaces frame = step.frame();
    if (frame != null) {
      step.tracks().forEach((face, track) -> see(step, frame, track, face));
    }
    step.ended().forEach(track -> end(key(step, track)));
  }

  private void see(TrackStep step, FrameFaces frame, long track, int face) {
    byte[] key = key(step, track);
    TrackSums before = sums.get(key);
    TrackTotals.Change change = totals.see(before, frame, track, frame.getFaces().get(face), now());
    sums.put(key, change.after());
    change.settled().forEach(this::publish);
    if (before == null || !change.settled().isEmpty()) {
      publish(change.after().getWhole());
    }
  }

  private void end(byte[] key) {
    TrackSums last = sums.delete(key);
    if (last != null) {
      last.getSeconds().forEach(this::publish);
      publish(TrackTotals.ended(last, now()));
    }
  }

  private void publish(TrackWindow window) {
    TrackKey key =
        window.getStepMillis() == 0
            ? TrackKey.whole(window.getStreamId(), window.getTrackId())
            : new TrackKey(
                window.getStreamId(),
                Duration.ofMillis(window.getStepMillis()),
                window.getTrackId(),
                window.getStart());
    context().forward(new Record<>(key.encode(), window, context().currentSystemTimeMs()));
  }

  private Instant now() {
    return Instant.ofEpochMilli(context().currentSystemTimeMs());
  }

  private static byte[] key(TrackStep step, long track) {
    return (step.streamId() + "/" + step.runId() + "/" + track).getBytes(StandardCharsets.UTF_8);
  }
}
