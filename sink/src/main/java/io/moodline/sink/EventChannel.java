package io.moodline.sink;

import org.eclipse.jetty.util.Callback;

/**
 * How events reach one subscriber. Events are put, then sent together; nothing is put while
 * something is being sent. Confined to the reader's turns, but for {@link #cut}.
 */
interface EventChannel {
  /** The first thing a subscriber hears: where it stands. */
  void greet(String id);

  /**
   * One event.
   *
   * @param json the event's data, UTF-8
   */
  void put(String event, String id, byte[] json);

  /** Nothing happened up to here. */
  void heartbeat(String id);

  /** Whether something was put that is not sent. */
  boolean isEmpty();

  /** Sends what was put; {@code done} is told when the network has taken it. */
  void send(Callback done);

  /** Ends the connection in good order, with a reason where the protocol has a place for one. */
  void end(String reason);

  /** Breaks the connection, also while something is being sent. */
  void cut();
}
