package io.moodline.sink;

/**
 * The stores that hold the answer are starting, restoring or moving to another instance: ask again
 * soon. The HTTP API answers 503 with {@code Retry-After}.
 */
final class NotReadyException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NotReadyException(String message) {
    super(message);
  }

  NotReadyException(String message, Throwable cause) {
    super(message, cause);
  }
}
