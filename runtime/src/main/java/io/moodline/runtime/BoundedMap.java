package io.moodline.runtime;

import java.util.LinkedHashMap;
import java.util.Map;

/** A map that forgets rather than grow beyond so many entries. Confined to one thread at a time. */
public final class BoundedMap<K, V> extends LinkedHashMap<K, V> {
  private static final long serialVersionUID = 1L;

  private final int most;

  private BoundedMap(int most, boolean byUse) {
    super(16, 0.75f, byUse);
    this.most = most;
  }

  /** Forgets what was put first. */
  public static <K, V> Map<K, V> ofNewest(int most) {
    return new BoundedMap<>(most, false);
  }

  /** Forgets what was asked for or put longest ago. */
  public static <K, V> Map<K, V> ofLastUsed(int most) {
    return new BoundedMap<>(most, true);
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > most;
  }
}
