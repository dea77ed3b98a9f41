package io.moodline.sink;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Rule;
import io.moodline.schemas.v1.StreamSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * The rules in force, each read once per revision, and the streams that they are meant for. Both
 * come from global stores, which every instance has in full. Confined to the task's stream thread.
 */
final class RuleBook {
  /** A rule of one revision that can be evaluated. */
  record Standing(String id, long revision, String expression, RuleProgram program) {}

  private final ReadOnlyKeyValueStore<byte[], byte[]> rules;
  private final ReadOnlyKeyValueStore<byte[], byte[]> streams;
  private final TimelineMetrics metrics;
  private Map<String, Standing> standing = Map.of();

  /** Rules by stream; forgotten at each look, since labels change too. */
  private final Map<String, List<Standing>> byStream = new HashMap<>();

  RuleBook(
      ReadOnlyKeyValueStore<byte[], byte[]> rules,
      ReadOnlyKeyValueStore<byte[], byte[]> streams,
      TimelineMetrics metrics) {
    this.rules = rules;
    this.streams = streams;
    this.metrics = metrics;
  }

  /** Takes in what changed; whether any rule did. */
  boolean look() {
    Map<String, Standing> found = new HashMap<>();
    try (KeyValueIterator<byte[], byte[]> all = rules.all()) {
      while (all.hasNext()) {
        KeyValue<byte[], byte[]> record = all.next();
        Standing rule = read(record.value);
        if (rule != null) {
          found.put(rule.id(), rule);
        }
      }
    }
    boolean changed = !standing.equals(found);
    standing = found;
    byStream.clear();
    return changed;
  }

  /** A rule that is meant for a stream; null where there is none any more. */
  @Nullable Standing rule(String streamId, String ruleId) {
    return rulesFor(streamId).stream()
        .filter(it -> it.id().equals(ruleId))
        .findFirst()
        .orElse(null);
  }

  /** The rules that are meant for a stream. */
  List<Standing> rulesFor(String streamId) {
    if (standing.isEmpty()) {
      return List.of();
    }
    return byStream.computeIfAbsent(streamId, this::select);
  }

  private List<Standing> select(String streamId) {
    StreamSpec spec = spec(streamId);
    List<Standing> selected = new ArrayList<>();
    for (Standing rule : standing.values()) {
      if (rule.program().isMeantFor(streamId, spec)) {
        selected.add(rule);
      }
    }
    return selected;
  }

  private @Nullable StreamSpec spec(String streamId) {
    byte[] value = streams.get(streamId.getBytes(StandardCharsets.UTF_8));
    try {
      return value == null ? null : Serdes.STREAM_SPEC.decode(value);
    } catch (UnreadableRecordException e) {
      return null; // the registry has dead-lettered it
    }
  }

  private @Nullable Standing read(byte[] value) {
    try {
      Rule rule = Serdes.RULE.decode(value);
      if (!rule.getEnabled()) {
        return null;
      }
      Standing before = standing.get(rule.getRuleId());
      if (before != null
          && before.revision() == rule.getRevision()
          && before.expression().equals(rule.getExpression())) {
        return before;
      }
      return new Standing(
          rule.getRuleId(),
          rule.getRevision(),
          rule.getExpression(),
          RuleParser.parse(rule.getExpression()));
    } catch (UnreadableRecordException | RuleSyntaxException e) {
      metrics.unreadableRule();
      return null;
    }
  }
}
