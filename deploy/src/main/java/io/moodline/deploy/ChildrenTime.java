package io.moodline.deploy;

import io.moodline.runtime.UserException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Processor time that this process's children have used, the decoders above all.
 *
 * @param nanos of each that lives, by process id
 */
record ChildrenTime(Map<Long, Long> nanos) {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration PAUSE = Duration.ofMillis(500);
  private static final double RESTING_SECONDS = 0.03;

  ChildrenTime {
    nanos = Map.copyOf(nanos);
  }

  static ChildrenTime now() {
    Map<Long, Long> nanos = new HashMap<>();
    ProcessHandle.current()
        .descendants()
        .forEach(
            child -> {
              Duration used = child.info().totalCpuDuration().orElse(Duration.ZERO);
              nanos.put(child.pid(), used.toNanos());
            });
    return new ChildrenTime(nanos);
  }

  /** A reading when none of them is at work: a spare that starts has its natives loaded. */
  static ChildrenTime atRest() throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    ChildrenTime before = now();
    while (true) {
      Thread.sleep(PAUSE.toMillis());
      ChildrenTime now = now();
      boolean same = now.nanos.keySet().equals(before.nanos.keySet());
      if (same && !now.nanos.isEmpty() && now.secondsSince(before) < RESTING_SECONDS) {
        return now;
      }
      if (System.nanoTime() > deadline) {
        throw new UserException("the decoders do not come to rest: try again when less runs here");
      }
      before = now;
    }
  }

  /** Seconds that those which lived then and now have used in between: no spare that starts. */
  double secondsSince(ChildrenTime earlier) {
    long used = 0;
    for (Map.Entry<Long, Long> child : earlier.nanos.entrySet()) {
      used += nanos.getOrDefault(child.getKey(), child.getValue()) - child.getValue();
    }
    return used / 1e9;
  }
}
