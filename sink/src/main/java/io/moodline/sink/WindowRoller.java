package io.moodline.sink;

import io.moodline.schemas.Steps;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.OpenWindow;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.StreamClock;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Adds each frame to its window of every step and publishes what changed, at most twice a second,
 * and at once when a run ends.
 *
 * <p>All time is the stream's own. A window is complete when the stream's watermark has passed its
 * end by the grace, or when the stream ended or fell silent; it stays open for revisions until the
 * watermark has passed it by the late limit. Windows are published finest step first, so that a
 * coarse window is never ahead of the fine ones. Confined to the task's stream thread.
 */
final class WindowRoller extends ContextualProcessor<byte[], ScoredFrame, byte[], TimelineWindow> {
  private static final Duration PUBLISH_INTERVAL = Duration.ofMillis(500);
  private static final Instant END_OF_TIME = Instant.ofEpochMilli(Long.MAX_VALUE);

  private final WindowRules rules;
  private final TimelineMetrics metrics;

  /** Keys of windows that changed since they were published; rebuilt from the clocks at start. */
  private final Map<String, NavigableSet<byte[]>> touched = new HashMap<>();

  private final IdleStreams listening;
  private final IdleStreams resting;

  private KeyValueStore<byte[], RunLedger> ledgers;
  private KeyValueStore<String, StreamClock> clocks;
  private KeyValueStore<byte[], OpenWindow> windows;

  @SuppressWarnings("NullAway.Init") // Kafka Streams calls init before anything else
  WindowRoller(WindowRules rules, TimelineMetrics metrics) {
    this.rules = rules;
    this.metrics = metrics;
    this.listening = new IdleStreams(rules.idle().toMillis());
    this.resting = new IdleStreams(rules.idle().plus(rules.late()).toMillis());
  }

  @Override
  public void init(ProcessorContext<byte[], TimelineWindow> context) {
    super.init(context);
    ledgers = context.getStateStore(EmotionTimelines.LEDGERS);
    clocks = context.getStateStore(EmotionTimelines.CLOCKS);
    windows = context.getStateStore(EmotionTimelines.WINDOWS);
    touched.clear();
    listening.clear();
    resting.clear();
    recall();
    context.schedule(
        PUBLISH_INTERVAL, PunctuationType.WALL_CLOCK_TIME, now -> publishDueWindows(now));
  }

  @Override
  public void process(Record<byte[], ScoredFrame> record) {
    FrameFaces frame = record.value().frame();
    String id = frame.getStreamId();
    StreamClock clock = clocks.get(id);
    if (frame.getEndOfRun() == null || !frame.getDroppedBefore().isEmpty()) {
      clock = add(frame, clock == null ? StreamClocks.first(frame, rules.late()) : clock);
    }
    if (clock == null) {
      return; // a run that ended before its first frame
    }
    if (frame.getEndOfRun() != null && clock.getRunId().equals(frame.getRunId())) {
      end(id, clock);
    } else {
      clocks.put(id, clock);
      noteHeard(id, clock, context().currentSystemTimeMs());
    }
  }

  private StreamClock add(FrameFaces frame, StreamClock before) {
    StreamClock clock = StreamClocks.heard(before, frame);
    if (StreamClocks.isLate(clock, frame, rules.late())) {
      countLate(frame);
      return clock;
    }
    for (Duration step : Steps.ALL) {
      byte[] key = key(frame.getStreamId(), step, Steps.startOf(frame.getCaptureTime(), step));
      windows.put(key, WindowSums.add(windows.get(key), frame));
      touched.computeIfAbsent(frame.getStreamId(), id -> keySet()).add(key);
    }
    return StreamClocks.touched(clock, frame.getCaptureTime());
  }

  private void countLate(FrameFaces frame) {
    metrics.late();
    byte[] key = Ledgers.key(frame.getStreamId(), frame.getRunId());
    RunLedger ledger = ledgers.get(key);
    if (ledger != null && frame.getEndOfRun() == null) {
      ledgers.put(key, Ledgers.countLate(ledger));
    }
  }

  private void publishDueWindows(long now) {
    List.copyOf(touched.keySet()).forEach(id -> ifKnown(id, this::publish));
    listening.takeSilent(now).forEach(id -> ifKnown(id, this::end));
    resting.takeSilent(now).forEach(id -> ifKnown(id, this::closeForGood));
  }

  /** Forgets a stream that was erased since it was heard of. */
  private void ifKnown(String id, BiConsumer<String, StreamClock> then) {
    StreamClock clock = clocks.get(id);
    if (clock == null) {
      touched.remove(id);
    } else {
      then.accept(id, clock);
    }
  }

  /** No frame is expected: what is open is published as complete. */
  private void end(String id, StreamClock clock) {
    listening.forget(id);
    publish(id, StreamClocks.ended(clock));
  }

  private void publish(String id, StreamClock clock) {
    Instant completeTo =
        StreamClocks.later(clock.getCompleteTo(), clock.getWatermark().minus(rules.grace()));
    Instant keptFrom =
        StreamClocks.later(clock.getKeptFrom(), clock.getWatermark().minus(rules.late()));
    NavigableSet<byte[]> due = touched.containsKey(id) ? touched.remove(id) : keySet();
    due.addAll(keysEnding(id, clock.getCompleteTo(), clock.getEnded() ? END_OF_TIME : completeTo));
    for (byte[] key : due) {
      OpenWindow window = windows.get(key);
      if (window != null) {
        forward(key, window, clock.getEnded(), completeTo);
      }
    }
    keysEnding(id, clock.getKeptFrom(), keptFrom).forEach(windows::delete);
    clocks.put(id, StreamClocks.published(clock, completeTo, keptFrom));
  }

  private void forward(byte[] bytes, OpenWindow window, boolean ended, Instant completeTo) {
    TimelineKey key = TimelineKey.decode(bytes);
    boolean complete = ended || !key.start().plus(key.step()).isAfter(completeTo);
    long now = context().currentSystemTimeMs();
    TimelineWindow shown = WindowSums.toTimeline(key, window, complete, Instant.ofEpochMilli(now));
    context().forward(new Record<>(bytes, shown, now));
    metrics.published();
  }

  /**
   * Lets go of the windows behind the watermark of a stream that was silent for long: a thousand
   * recordings that were replayed once must not fill the store. The windows at the watermark stay,
   * so that a stream that comes back goes on adding to them.
   */
  private void closeForGood(String id, StreamClock clock) {
    Instant behind = clock.getEnded() ? clock.getWatermark() : clock.getCompleteTo();
    Instant keptFrom = StreamClocks.later(clock.getKeptFrom(), behind);
    if (keptFrom.isAfter(clock.getKeptFrom())) {
      keysEnding(id, clock.getKeptFrom(), keptFrom).forEach(windows::delete);
      clocks.put(id, StreamClocks.published(clock, clock.getCompleteTo(), keptFrom));
    }
  }

  /** Keys of the open windows that end after {@code after}, and at {@code to} or before. */
  private List<byte[]> keysEnding(String id, Instant after, Instant to) {
    List<byte[]> keys = new ArrayList<>();
    for (Duration step : Steps.ALL) {
      Instant first = Steps.startOf(after, step);
      Instant last = Steps.startOf(to, step).minusMillis(1);
      if (first.isBefore(last)) {
        addKeys(key(id, step, first), key(id, step, last), keys);
      }
    }
    return keys;
  }

  private void addKeys(byte[] from, byte[] to, List<byte[]> keys) {
    try (KeyValueIterator<byte[], OpenWindow> found = windows.range(from, to)) {
      found.forEachRemaining(entry -> keys.add(entry.key));
    }
  }

  /** What the memory of this processor held before a restart, a crash or a move. */
  private void recall() {
    long now = context().currentSystemTimeMs();
    List<KeyValue<String, StreamClock>> all = new ArrayList<>();
    try (KeyValueIterator<String, StreamClock> found = clocks.all()) {
      found.forEachRemaining(all::add);
    }
    for (KeyValue<String, StreamClock> entry : all) {
      noteHeard(entry.key, entry.value, now);
      Instant from = entry.value.getTouchedFrom();
      if (from != null) {
        NavigableSet<byte[]> keys = touched.computeIfAbsent(entry.key, id -> keySet());
        for (Duration step : Steps.ALL) {
          List<byte[]> found = new ArrayList<>();
          addKeys(
              key(entry.key, step, Steps.startOf(from, step)),
              key(entry.key, step, entry.value.getTouchedTo()),
              found);
          keys.addAll(found);
        }
      }
    }
  }

  private void noteHeard(String id, StreamClock clock, long now) {
    resting.heard(id, now);
    if (clock.getKind() == StreamKind.LIVE && !clock.getEnded()) {
      listening.heard(id, now);
    }
  }

  private static byte[] key(String id, Duration step, Instant start) {
    return new TimelineKey(id, step, start).encode();
  }

  private static NavigableSet<byte[]> keySet() {
    return new TreeSet<>(Arrays::compareUnsigned);
  }
}
