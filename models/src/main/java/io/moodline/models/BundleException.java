package io.moodline.models;

/**
 * A model file or a bundle that cannot be used. The message is one line that names the thing and
 * says what to do about it; callers show it and answer with exit code 2 or HTTP 4xx.
 */
public final class BundleException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public BundleException(String message) {
    super(onOneLine(message));
  }

  public BundleException(String message, Throwable cause) {
    super(onOneLine(message), cause);
  }

  /** Names inside a message come from files that anybody may have written. */
  private static String onOneLine(String message) {
    return message.replaceAll("[\\p{Cntrl}\u2028\u2029]+", " ");
  }
}
