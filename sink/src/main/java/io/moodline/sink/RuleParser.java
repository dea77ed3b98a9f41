package io.moodline.sink;

import io.moodline.sink.RuleCondition.Both;
import io.moodline.sink.RuleCondition.Compare;
import io.moodline.sink.RuleCondition.Either;
import io.moodline.sink.RuleCondition.Held;
import io.moodline.sink.RuleCondition.Not;
import io.moodline.sink.RuleCondition.Operator;
import io.moodline.sink.RuleTokens.Kind;
import io.moodline.sink.RuleTokens.Token;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Reads rules by recursive descent.
 *
 * <pre>
 * rule       = either [ "where" filter { "and" filter } ]
 * either     = both { "or" both }
 * both       = unary { "and" unary }
 * unary      = "not" unary | held
 * held       = ( comparison | "(" either ")" ) { "for" duration }
 * comparison = value ( ">" | ">=" | "<" | "<=" | "=" | "!=" ) number
 * value      = "faces" | "followed" | label
 * filter     = ( "stream" | key ) ( "=" | "!=" ) text
 * </pre>
 *
 * A label, key or text is a word of letters, digits, {@code . _ -}, or anything in double quotes.
 * Confined to the thread that reads the rule.
 */
final class RuleParser {
  static final int MAX_LENGTH = 2000;
  static final Duration MAX_HELD = Duration.ofHours(24);

  private static final int MAX_DEPTH = 50;
  private static final Set<String> RESERVED = Set.of("and", "or", "not", "for", "where");

  private final RuleTokens tokens;
  private int helds;
  private int depth;

  private RuleParser(RuleTokens tokens) {
    this.tokens = tokens;
  }

  /**
   * Reads a rule.
   *
   * @throws RuleSyntaxException with the place of the first error
   */
  static RuleProgram parse(String rule) throws RuleSyntaxException {
    if (rule.length() > MAX_LENGTH) {
      throw new RuleSyntaxException(
          MAX_LENGTH + 1, "a rule has at most " + MAX_LENGTH + " characters");
    }
    return new RuleParser(new RuleTokens(rule)).rule();
  }

  private RuleProgram rule() throws RuleSyntaxException {
    RuleCondition condition = either();
    List<RuleProgram.Filter> filters = new ArrayList<>();
    if (takeIf("where")) {
      do {
        filters.add(filter());
      } while (takeIf("and"));
    }
    expect(Kind.END, filters.isEmpty() ? "'and', 'or', 'for' or 'where'" : "'and'");
    return new RuleProgram(condition, helds, filters);
  }

  private RuleCondition either() throws RuleSyntaxException {
    RuleCondition condition = both();
    while (takeIf("or")) {
      condition = new Either(condition, both());
    }
    return condition;
  }

  private RuleCondition both() throws RuleSyntaxException {
    RuleCondition condition = unary();
    while (takeIf("and")) {
      condition = new Both(condition, unary());
    }
    return condition;
  }

  private RuleCondition unary() throws RuleSyntaxException {
    if (++depth > MAX_DEPTH) {
      throw new RuleSyntaxException(
          tokens.peek().position(), "conditions are nested more than " + MAX_DEPTH + " deep");
    }
    RuleCondition condition = takeIf("not") ? new Not(unary()) : held();
    depth--;
    return condition;
  }

  private RuleCondition held() throws RuleSyntaxException {
    RuleCondition condition = primary();
    while (takeIf("for")) {
      condition = new Held(condition, duration(), helds++);
    }
    return condition;
  }

  private RuleCondition primary() throws RuleSyntaxException {
    if (!takeIf("(")) {
      return comparison();
    }
    RuleCondition condition = either();
    if (!takeIf(")")) {
      throw unexpected("')'");
    }
    return condition;
  }

  private RuleCondition comparison() throws RuleSyntaxException {
    String name = name("a label, 'faces' or 'followed'");
    Token sign = tokens.peek();
    Operator operator =
        Arrays.stream(Operator.values())
            .filter(it -> sign.is(it.sign()))
            .findFirst()
            .orElseThrow(() -> unexpected("one of > >= < <= = !="));
    tokens.take();
    double value = Double.parseDouble(expect(Kind.NUMBER, Kind.NUMBER.words()).text());
    return new Compare(name, operator, value);
  }

  private Duration duration() throws RuleSyntaxException {
    Token token = expect(Kind.DURATION, Kind.DURATION.words());
    String unit = token.text().replaceAll("[0-9]", "");
    long amount = Long.parseLong(token.text().substring(0, token.text().length() - unit.length()));
    Duration duration =
        switch (unit) {
          case "ms" -> Duration.ofMillis(amount);
          case "s" -> Duration.ofSeconds(amount);
          case "m" -> Duration.ofMinutes(amount);
          default -> Duration.ofHours(amount);
        };
    if (duration.compareTo(MAX_HELD) > 0) {
      throw new RuleSyntaxException(token.position(), "a condition can be held for 24h at most");
    }
    return duration;
  }

  private RuleProgram.Filter filter() throws RuleSyntaxException {
    String label = name("'stream' or the key of a label");
    boolean equal = tokens.peek().is("=");
    if (!equal && !tokens.peek().is("!=")) {
      throw unexpected("= or !=");
    }
    tokens.take();
    Token value = tokens.peek();
    if (value.kind() == Kind.SIGN || value.kind() == Kind.END) {
      throw unexpected("the label's value");
    }
    return new RuleProgram.Filter(label, equal, tokens.take().text());
  }

  private String name(String what) throws RuleSyntaxException {
    Token token = tokens.peek();
    boolean word = token.kind() == Kind.WORD && !RESERVED.contains(token.text());
    if (!word && token.kind() != Kind.TEXT) {
      throw unexpected(what);
    }
    return tokens.take().text();
  }

  private boolean takeIf(String word) throws RuleSyntaxException {
    boolean found = tokens.peek().is(word);
    if (found) {
      tokens.take();
    }
    return found;
  }

  private Token expect(Kind kind, String what) throws RuleSyntaxException {
    if (tokens.peek().kind() != kind) {
      throw unexpected(what);
    }
    return tokens.take();
  }

  private RuleSyntaxException unexpected(String wanted) {
    Token token = tokens.peek();
    return new RuleSyntaxException(
        token.position(), token.shown() + " where " + wanted + " is expected");
  }
}
