package io.moodline.sink;

import io.moodline.runtime.Health;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Rule;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * All rules, kept in memory from {@code rules.v1}, and the one place where the API writes them.
 *
 * <p>The thread {@code sink-rules} reads. Writes go one at a time. Revisions grow over removals
 * while the log remembers them. Thread-safe.
 */
final class RuleRegistry implements AutoCloseable {
  static final String HEALTH_PART = "rule registry";

  private static final TopicCopy.Names NAMES = new TopicCopy.Names("sink-rules", "rule", "rules");

  private final String topic;
  private final Clock clock;
  private final TopicCopy copy;
  private final ReentrantLock writing = new ReentrantLock();
  // Guarded by the copy.
  private final Map<String, Rule> rules = new TreeMap<>();
  private final Map<String, Long> revisions = new HashMap<>();

  private RuleRegistry(StageContext ctx, ApiMetrics metrics) {
    this.topic = ctx.kafka().topics().rules();
    this.clock = ctx.clock();
    ctx.health().report(HEALTH_PART, Health.State.STARTING, "reading the rules");
    this.copy = new TopicCopy(ctx, metrics, NAMES, List.of(topic));
    copy.start(this::take, () -> ctx.health().report(HEALTH_PART, Health.State.UP, ""));
  }

  static RuleRegistry start(StageContext ctx, ApiMetrics metrics) {
    return new RuleRegistry(ctx, metrics);
  }

  /** All rules by id. Like {@link #find} it answers 503 until the topic has been read. */
  List<Rule> all() {
    return copy.ask(() -> List.copyOf(rules.values()));
  }

  Optional<Rule> find(String id) {
    return copy.ask(() -> Optional.ofNullable(rules.get(id)));
  }

  /** What became of a write. */
  record Written(Rule rule, boolean created) {}

  /**
   * Writes a rule that was read before, and returns when {@link #find} shows it.
   *
   * @param demand what the revision that is there must be
   */
  Written put(String id, String expression, boolean enabled, Precondition demand) {
    writing.lock();
    try {
      Optional<Rule> before = find(id);
      demand.check(before.map(Rule::getRevision));
      if (before.isPresent()
          && before.get().getExpression().equals(expression)
          && before.get().getEnabled() == enabled) {
        return new Written(before.get(), false);
      }
      Rule rule = new Rule(id, expression, enabled, nextRevision(id), clock.instant());
      copy.write(topic, id, Serdes.RULE.encode(rule));
      return new Written(rule, before.isEmpty());
    } finally {
      writing.unlock();
    }
  }

  /** Removes a rule; false when there is none. */
  boolean remove(String id, Precondition demand) {
    writing.lock();
    try {
      Optional<Rule> before = find(id);
      if (before.isEmpty()) {
        return false;
      }
      demand.check(before.map(Rule::getRevision));
      copy.write(topic, id, null);
      return true;
    } finally {
      writing.unlock();
    }
  }

  private long nextRevision(String id) {
    return copy.look(() -> 1 + revisions.getOrDefault(id, 0L));
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    copy.take(record, Serdes.RULE, Rule::getRuleId, rules)
        .ifPresent(rule -> revisions.merge(rule.getRuleId(), rule.getRevision(), Math::max));
  }

  @Override
  public void close() {
    copy.close();
  }
}
