package io.moodline.sink;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The words of a rule, one at a time. Confined to the thread that reads the rule. */
final class RuleTokens {
  /** What a token is. */
  enum Kind {
    WORD("a name"),
    TEXT("a text in quotes"),
    NUMBER("a number"),
    DURATION("a length of time such as 3s"),
    SIGN("a sign"),
    END("the end of the rule");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  /**
   * A token.
   *
   * @param text without quotes
   * @param position of its first character in the rule, from 1
   */
  record Token(Kind kind, String text, int position) {
    boolean is(String word) {
      return (kind == Kind.WORD || kind == Kind.SIGN) && text.equals(word);
    }

    String shown() {
      return kind == Kind.END ? "the rule ends" : "'" + text + "' stands";
    }
  }

  private static final Pattern TOKEN =
      Pattern.compile(
          "(?<duration>[0-9]{1,6}(ms|s|m|h))(?![A-Za-z0-9_.-])"
              + "|(?<number>[0-9]{1,9}(\\.[0-9]{1,9})?)(?![A-Za-z0-9_.-])"
              + "|(?<word>[A-Za-z0-9][A-Za-z0-9_.-]*)"
              + "|\"(?<text>[^\"\\p{Cntrl}]{1,200})\""
              + "|(?<sign>>=|<=|!=|>|<|=|\\(|\\))");

  private final String rule;
  private final Matcher matcher;
  private Token next;

  RuleTokens(String rule) throws RuleSyntaxException {
    this.rule = rule;
    this.matcher = TOKEN.matcher(rule);
    this.next = read(0);
  }

  Token peek() {
    return next;
  }

  Token take() throws RuleSyntaxException {
    Token taken = next;
    next = taken.kind() == Kind.END ? taken : read(matcher.end());
    return taken;
  }

  private Token read(int from) throws RuleSyntaxException {
    int start = from;
    while (start < rule.length() && Character.isWhitespace(rule.charAt(start))) {
      start++;
    }
    if (start == rule.length()) {
      return new Token(Kind.END, "", start + 1);
    }
    if (!matcher.find(start) || matcher.start() != start) {
      throw new RuleSyntaxException(start + 1, "this character begins nothing that is known");
    }
    for (Kind kind : Kind.values()) {
      String text =
          kind == Kind.END ? null : matcher.group(kind.name().toLowerCase(java.util.Locale.ROOT));
      if (text != null) {
        return new Token(kind, text, start + 1);
      }
    }
    throw new IllegalStateException("a token of no kind");
  }
}
