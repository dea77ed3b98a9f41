package io.moodline.sink;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Bounds how many of the places that all share one holder has. Thread-safe. */
final class Shares {
  private final int most;
  private final Map<String, Integer> held = new ConcurrentHashMap<>();

  Shares(int most) {
    this.most = most;
  }

  /**
   * Takes a place.
   *
   * @param holder who takes it; one without a name is not bounded
   * @return false when that has its share already
   */
  boolean take(String holder) {
    boolean[] taken = {true};
    if (!holder.isEmpty()) {
      held.compute(
          holder,
          (name, before) -> {
            int places = before == null ? 0 : before;
            taken[0] = places < most;
            return taken[0] ? places + 1 : places;
          });
    }
    return taken[0];
  }

  /** Gives a place back. */
  void giveBack(String holder) {
    held.computeIfPresent(holder, (name, places) -> places == 1 ? null : places - 1);
  }
}
