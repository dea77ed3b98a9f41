package io.moodline.sink;

import java.time.Duration;
import java.util.function.DoubleBinaryOperator;

/** The condition of a rule, as {@link RuleParser} reads it. Thread-safe. */
sealed interface RuleCondition {
  /** {@code name > value}, true or false of one frame. */
  record Compare(String name, Operator operator, double value) implements RuleCondition {}

  /**
   * {@code what for least}.
   *
   * @param index which {@code for} of the rule it is, from 0
   */
  record Held(RuleCondition what, Duration least, int index) implements RuleCondition {}

  /** {@code first and second}. */
  record Both(RuleCondition first, RuleCondition second) implements RuleCondition {}

  /** {@code first or second}. */
  record Either(RuleCondition first, RuleCondition second) implements RuleCondition {}

  /** {@code not what}. */
  record Not(RuleCondition what) implements RuleCondition {}

  /** How a number is compared. Scores are floats, so the number is rounded to one as well. */
  enum Operator {
    ABOVE(">", (a, b) -> a > b ? 1 : 0),
    AT_LEAST(">=", (a, b) -> a >= b ? 1 : 0),
    BELOW("<", (a, b) -> a < b ? 1 : 0),
    AT_MOST("<=", (a, b) -> a <= b ? 1 : 0),
    EQUAL("=", (a, b) -> a == b ? 1 : 0),
    UNEQUAL("!=", (a, b) -> a != b ? 1 : 0);

    private final String sign;
    private final DoubleBinaryOperator holds;

    Operator(String sign, DoubleBinaryOperator holds) {
      this.sign = sign;
      this.holds = holds;
    }

    String sign() {
      return sign;
    }

    boolean holds(double value, double limit) {
      return holds.applyAsDouble((float) value, (float) limit) > 0;
    }
  }
}
