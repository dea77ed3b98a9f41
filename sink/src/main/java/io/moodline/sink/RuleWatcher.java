package io.moodline.sink;

import io.moodline.schemas.AlertKey;
import io.moodline.schemas.v1.Alert;
import io.moodline.schemas.v1.AlertState;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.RuleState;
import io.moodline.schemas.v1.RuleStates;
import io.moodline.schemas.v1.StreamKind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
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
 * Looks at each analysed frame with the eyes of all standing rules, and publishes an alert when one
 * begins or ceases to hold.
 *
 * <p>Time is the stream's own and never goes back: a late frame changes no rule. Nothing is held
 * over a gap of {@link #GAP} or three frames, nor over the end of a run. A rule that was changed,
 * switched off or removed is resolved within half a second. Confined to the task's stream thread.
 */
final class RuleWatcher extends ContextualProcessor<byte[], ScoredFrame, byte[], Alert> {
  static final Duration GAP = Duration.ofSeconds(5);

  private static final Duration LOOK = Duration.ofMillis(500);

  private final TimelineMetrics metrics;
  private final IdleStreams listening;
  private boolean fresh = true;
  private RuleBook book;
  private KeyValueStore<String, RuleStates> states;

  @SuppressWarnings("NullAway.Init") // Kafka Streams calls init before anything else
  RuleWatcher(Duration idle, TimelineMetrics metrics) {
    this.metrics = metrics;
    this.listening = new IdleStreams(idle.toMillis());
  }

  @Override
  public void init(ProcessorContext<byte[], Alert> context) {
    super.init(context);
    states = context.getStateStore(EmotionTimelines.RULE_STATES);
    book =
        new RuleBook(
            context.getStateStore(EmotionTimelines.RULES),
            context.getStateStore(EmotionTimelines.STREAMS),
            metrics);
    listening.clear();
    all().forEach(entry -> noteHeard(entry.key, entry.value));
    book.look();
    fresh = true;
    context.schedule(LOOK, PunctuationType.WALL_CLOCK_TIME, this::look);
  }

  @Override
  public void process(Record<byte[], ScoredFrame> record) {
    FrameFaces frame = record.value().frame();
    String id = frame.getStreamId();
    RuleStates before = states.get(id);
    boolean sameRun = before != null && before.getRunId().equals(frame.getRunId());
    if (frame.getEndOfRun() != null) {
      if (before != null && sameRun) {
        resolveAll(id, before);
      }
      return;
    }
    if (frame.getOutcome() != Outcome.ANALYSED) {
      return;
    }
    if (before != null && !sameRun) {
      resolveAll(id, before);
      before = null;
    }
    if (before == null || frame.getCaptureTime().isAfter(before.getTime())) {
      watch(record.value(), before);
    }
  }

  private void watch(ScoredFrame scored, @Nullable RuleStates before) {
    FrameFaces frame = scored.frame();
    String id = frame.getStreamId();
    List<RuleBook.Standing> rules = book.rulesFor(id);
    if (rules.isEmpty() && before == null) {
      return;
    }
    Map<String, RuleState> was = before == null ? Map.of() : before.getRules();
    boolean gap = before != null && isGap(before.getTime(), frame);
    RuleMoment moment = new RuleMoment(frame.getCaptureTime(), scored.events());
    Map<String, RuleState> is = new HashMap<>();
    for (RuleBook.Standing rule : rules) {
      RuleState state = was.get(rule.id());
      boolean same = state != null && state.getRevision() == rule.revision();
      is.put(rule.id(), step(id, rule, same ? state : null, gap, moment));
    }
    resolveStale(id, was, is, frame.getCaptureTime());
    put(id, new RuleStates(frame.getKind(), frame.getRunId(), frame.getCaptureTime(), is));
  }

  private RuleState step(
      String id,
      RuleBook.Standing rule,
      @Nullable RuleState before,
      boolean gap,
      RuleMoment moment) {
    @Nullable Instant[] since = new Instant[rule.program().helds()];
    if (before != null && !gap) {
      before.getSince().toArray(since);
    }
    boolean holds =
        new RuleEvaluator(since).holds(rule.program().condition(), moment.time(), moment::value);
    Instant firing = before == null ? null : before.getFiring();
    if (holds && firing == null) {
      firing = moment.time();
      tell(id, rule.id(), rule.revision(), firing, null, "holds: " + rule.expression());
    } else if (!holds && firing != null) {
      tell(
          id,
          rule.id(),
          rule.revision(),
          firing,
          moment.time(),
          "holds no longer: " + rule.expression());
      firing = null;
    }
    return new RuleState(
        rule.revision(), Collections.unmodifiableList(Arrays.asList(since)), firing);
  }

  private static boolean isGap(Instant last, FrameFaces frame) {
    Duration gap = Duration.between(last, frame.getCaptureTime());
    return gap.compareTo(GAP) > 0 && gap.toMillis() * frame.getTargetFramesPerSecond() > 3 * 1000;
  }

  /** Rules that are no more, or of another revision. */
  private void resolveStale(
      String id, Map<String, RuleState> was, Map<String, RuleState> is, Instant time) {
    was.forEach(
        (ruleId, state) -> {
          RuleState now = is.get(ruleId);
          Instant firing = state.getFiring();
          if (firing != null && (now == null || now.getRevision() != state.getRevision())) {
            tell(id, ruleId, state.getRevision(), firing, time, "the rule was changed or removed");
          }
        });
  }

  private void resolveAll(String id, RuleStates before) {
    before
        .getRules()
        .forEach(
            (ruleId, state) -> {
              Instant firing = state.getFiring();
              if (firing != null) {
                tell(id, ruleId, state.getRevision(), firing, before.getTime(), "the run ended");
              }
            });
    states.delete(id);
    listening.forget(id);
  }

  private void look(long now) {
    boolean changed = book.look() | fresh;
    fresh = false;
    for (String id : listening.takeSilent(now)) {
      RuleStates before = states.get(id);
      if (before != null) {
        resolveAll(id, before);
      }
    }
    if (changed) {
      all().forEach(entry -> dropStale(entry.key, entry.value));
    }
  }

  /** Resolves what rules that are no more had found, without waiting for a frame. */
  private void dropStale(String id, RuleStates before) {
    Map<String, RuleState> left = new HashMap<>(before.getRules());
    left.keySet()
        .removeIf(
            ruleId -> {
              RuleBook.Standing rule = book.rule(id, ruleId);
              RuleState state = before.getRules().get(ruleId);
              return rule == null || state == null || rule.revision() != state.getRevision();
            });
    if (left.size() < before.getRules().size()) {
      resolveStale(id, before.getRules(), left, before.getTime());
      put(id, new RuleStates(before.getKind(), before.getRunId(), before.getTime(), left));
    }
  }

  private void put(String id, RuleStates after) {
    if (after.getRules().isEmpty()) {
      states.delete(id);
      listening.forget(id);
    } else {
      states.put(id, after);
      noteHeard(id, after);
    }
  }

  private void noteHeard(String id, RuleStates state) {
    if (state.getKind() == StreamKind.LIVE) {
      listening.heard(id, context().currentSystemTimeMs());
    }
  }

  private List<KeyValue<String, RuleStates>> all() {
    List<KeyValue<String, RuleStates>> all = new ArrayList<>();
    try (KeyValueIterator<String, RuleStates> found = states.all()) {
      found.forEachRemaining(all::add);
    }
    return all;
  }

  private void tell(
      String streamId,
      String ruleId,
      long revision,
      Instant start,
      @Nullable Instant end,
      String message) {
    metrics.alert(end == null);
    byte[] key = (streamId + "/" + ruleId).getBytes(StandardCharsets.UTF_8);
    long now = context().currentSystemTimeMs();
    Alert alert =
        new Alert(
            ruleId,
            revision,
            streamId,
            end == null ? AlertState.FIRING : AlertState.RESOLVED,
            start,
            end,
            message,
            Instant.ofEpochMilli(now));
    context().forward(new Record<>(key, alert, now), EmotionTimelines.ALERTS);
    byte[] place = new AlertKey(streamId, start, ruleId).encode();
    context().forward(new Record<>(place, alert, now), EmotionTimelines.ALERT_HISTORY);
  }
}
