package io.moodline.runtime;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Parts that one owner opened, closed in reverse order. Closing goes on when a part fails to close,
 * so that one broken part leaks no other. Thread-safe.
 */
public final class Owned implements AutoCloseable {
  private final String owner;
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  /** Parts of {@code owner}, a word or two that name it in the message of a failure. */
  public Owned(String owner) {
    this.owner = owner;
  }

  /** Takes a part over and returns it. */
  public synchronized <T extends AutoCloseable> T add(T part) {
    parts.push(part);
    return part;
  }

  /**
   * Closes every part, the last added first. A second call does nothing.
   *
   * @throws IllegalStateException when a part did not close; the others were closed all the same
   */
  @Override
  public synchronized void close() {
    IllegalStateException failure = null;
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception e) { // what AutoCloseable.close declares
        failure =
            failure == null ? new IllegalStateException(owner + " did not stop cleanly") : failure;
        failure.addSuppressed(e);
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
