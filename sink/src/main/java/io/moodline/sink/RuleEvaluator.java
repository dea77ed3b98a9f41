package io.moodline.sink;

import io.moodline.sink.RuleCondition.Both;
import io.moodline.sink.RuleCondition.Compare;
import io.moodline.sink.RuleCondition.Either;
import io.moodline.sink.RuleCondition.Held;
import io.moodline.sink.RuleCondition.Not;
import java.time.Duration;
import java.time.Instant;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates a rule frame by frame. {@code for} remembers since which frame its condition holds
 * without a break; all parts of a rule are looked at in every frame, so that none misses one.
 * Confined to one thread.
 */
final class RuleEvaluator {
  private final @Nullable Instant[] since;
  private Instant time = Instant.EPOCH;
  private ToDoubleFunction<String> values = name -> 0;

  /**
   * Goes on from a state.
   *
   * @param since for each {@code for} of the rule; changed by {@link #holds}
   */
  RuleEvaluator(@Nullable Instant[] since) {
    this.since = since;
  }

  /**
   * Whether the rule holds at a frame, the next in order of time.
   *
   * @param values the number that a name stands for
   */
  boolean holds(RuleCondition rule, Instant now, ToDoubleFunction<String> numbers) {
    time = now;
    values = numbers;
    return holds(rule);
  }

  // Not short-circuited: & and | look at both sides.
  private boolean holds(RuleCondition condition) {
    if (condition instanceof Compare compare) {
      return compare.operator().holds(values.applyAsDouble(compare.name()), compare.value());
    }
    if (condition instanceof Both both) {
      return holds(both.first()) & holds(both.second());
    }
    if (condition instanceof Either either) {
      return holds(either.first()) | holds(either.second());
    }
    if (condition instanceof Not not) {
      return !holds(not.what());
    }
    return isHeld((Held) condition);
  }

  private boolean isHeld(Held held) {
    if (!holds(held.what())) {
      since[held.index()] = null;
      return false;
    }
    Instant start = since[held.index()];
    if (start == null) {
      since[held.index()] = time;
      start = time;
    }
    return Duration.between(start, time).compareTo(held.least()) >= 0;
  }
}
