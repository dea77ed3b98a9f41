package io.moodline.analyzer;

/** A picture that can not be analysed, with the reason that its outcome will name. */
final class UnusablePictureException extends Exception {
  private static final long serialVersionUID = 1L;

  private final FailReason reason;

  UnusablePictureException(FailReason reason, String message) {
    super(message);
    this.reason = reason;
  }

  FailReason reason() {
    return reason;
  }
}
