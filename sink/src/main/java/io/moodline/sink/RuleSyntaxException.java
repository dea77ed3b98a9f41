package io.moodline.sink;

/** A rule that can not be read. The message is a sentence for the user. */
final class RuleSyntaxException extends Exception {
  private static final long serialVersionUID = 1L;

  private final int position;

  RuleSyntaxException(int position, String message) {
    super(message, null, false, false);
    this.position = position;
  }

  /** The character of the rule at which it went wrong, from 1; one behind its end at the most. */
  int position() {
    return position;
  }

  String sentence() {
    return "the rule can not be read at character " + position + ": " + getMessage();
  }
}
