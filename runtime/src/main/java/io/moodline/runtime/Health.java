package io.moodline.runtime;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What each part of the process says of itself. Ready means that every part is up; live means that
 * the process answers at all. Thread-safe.
 */
public final class Health {
  private final Map<String, Part> parts = new TreeMap<>();

  /** State of one part. */
  public enum State {
    STARTING,
    UP,
    DEGRADED,
    DOWN
  }

  /**
   * One part's state.
   *
   * @param reason a sentence for people, empty when there is nothing to say
   */
  public record Part(String name, State state, String reason) {}

  /** Records the state of a part. */
  public synchronized void report(String part, State state, String reason) {
    parts.put(part, new Part(part, state, reason));
  }

  /** All parts by name. */
  public synchronized List<Part> parts() {
    return List.copyOf(parts.values());
  }

  /** Whether work can be given to this process: nothing is starting or down. */
  public synchronized boolean isReady() {
    return !parts.isEmpty()
        && parts.values().stream()
            .allMatch(part -> part.state() == State.UP || part.state() == State.DEGRADED);
  }
}
