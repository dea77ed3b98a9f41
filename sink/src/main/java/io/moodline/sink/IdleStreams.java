package io.moodline.sink;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Streams in the order in which they were last heard of, by the clock on the wall. Confined to the
 * task's stream thread.
 */
final class IdleStreams {
  private final long limitMillis;

  /** In access order, so that the silent ones come first. */
  private final Map<String, Long> heardAt = new LinkedHashMap<>(16, 0.75f, true);

  IdleStreams(long limitMillis) {
    this.limitMillis = limitMillis;
  }

  void heard(String streamId, long nowMillis) {
    heardAt.put(streamId, nowMillis);
  }

  void forget(String streamId) {
    heardAt.remove(streamId);
  }

  void clear() {
    heardAt.clear();
  }

  /** Takes out the streams that were silent for the limit or longer. */
  List<String> takeSilent(long nowMillis) {
    List<String> silent = new ArrayList<>();
    Iterator<Map.Entry<String, Long>> entries = heardAt.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<String, Long> entry = entries.next();
      if (nowMillis - entry.getValue() < limitMillis) {
        break;
      }
      silent.add(entry.getKey());
      entries.remove();
    }
    return silent;
  }
}
