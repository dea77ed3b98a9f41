package io.moodline.analyzer;

import io.moodline.models.BundleException;
import io.moodline.models.Bundles;
import io.moodline.runtime.BoundedMap;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Why bundles could not be opened. To read a large one, to hash it and to score its canaries takes
 * seconds in which frames wait for it, so it is done again only when the bundle's files have
 * changed, or after {@link #LONGEST}, since a device may have been short of memory. Thread-safe.
 */
final class RefusedModels {
  /** Names come from a topic, so what is remembered of wrong ones is bounded. */
  static final int MOST = 100;

  private static final Duration LONGEST = Duration.ofHours(1);

  private final Bundles bundles;
  private final Clock clock;
  private final Map<String, Refusal> refusals = BoundedMap.ofNewest(MOST);

  /** What was wrong with the bundle while its files looked so. */
  private record Refusal(String files, Instant at, String why) {}

  RefusedModels(Bundles bundles, Clock clock) {
    this.bundles = bundles;
    this.clock = clock;
  }

  /**
   * What {@code opener} opens.
   *
   * @throws BundleException when it can not, or could not and nothing has changed
   */
  Model unlessRefused(String name, Supplier<Model> opener) {
    String files = bundles.state(name);
    Refusal before = refusal(name);
    if (before != null
        && before.files().equals(files)
        && clock.instant().isBefore(before.at().plus(LONGEST))) {
      throw new BundleException(before.why());
    }
    try {
      Model model = opener.get();
      put(name, null);
      return model;
    } catch (BundleException e) {
      put(name, new Refusal(files, clock.instant(), String.valueOf(e.getMessage())));
      throw e;
    }
  }

  private synchronized @Nullable Refusal refusal(String name) {
    return refusals.get(name);
  }

  private synchronized void put(String name, @Nullable Refusal refusal) {
    if (refusal == null) {
      refusals.remove(name);
    } else {
      refusals.put(name, refusal);
    }
  }
}
