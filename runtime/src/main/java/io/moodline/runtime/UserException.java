package io.moodline.runtime;

/**
 * Something the user gave or set is wrong, or something the user must provide is missing.
 *
 * <p>The message is one line that names the thing and the remedy and holds no secret: the command
 * line prints it and exits with code 2, the HTTP API answers with a 4xx problem.
 */
public final class UserException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UserException(String message) {
    super(message);
  }

  public UserException(String message, Throwable cause) {
    super(message, cause);
  }
}
