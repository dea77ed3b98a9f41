package io.moodline.deploy;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Processor time that this process's children have used, the decoders above all.
 *
 * @param nanos of each that lives, by process id
 */
record ChildrenTime(Map<Long, Long> nanos) {
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

  /** Seconds that those which lived then and now have used in between: no spare that starts. */
  double secondsSince(ChildrenTime earlier) {
    long used = 0;
    for (Map.Entry<Long, Long> child : earlier.nanos.entrySet()) {
      used += nanos.getOrDefault(child.getKey(), child.getValue()) - child.getValue();
    }
    return used / 1e9;
  }
}
