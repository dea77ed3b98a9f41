package io.moodline.sink;

import java.util.concurrent.Semaphore;

/**
 * Bounds the windows that all answers under way hold in memory together, some 150 MB with their
 * scores: an answer that finds no room is refused, and does not wait with a thread in its hands.
 * Thread-safe.
 */
final class WindowRoom {
  static final int WINDOWS = 300_000;

  private final Semaphore room = new Semaphore(WINDOWS);

  /**
   * Makes an answer.
   *
   * @param windows most windows that it holds
   * @throws Problem when the others hold so many that these are too many
   */
  void hold(int windows, Runnable answer) {
    if (!room.tryAcquire(windows)) {
      throw Problem.unavailable(
          "large answers are under way: ask again, for less, or with step, which holds nothing");
    }
    try {
      answer.run();
    } finally {
      room.release(windows);
    }
  }
}
