package io.moodline.runtime;

import java.util.Optional;

/** Answers for the keys that records name. Thread-safe. */
@FunctionalInterface
public interface KeyRing {
  /**
   * The key that a record was sealed with; empty once it was thrown away, which is for good.
   *
   * @throws KeyUnavailableException when neither can be told now
   */
  Optional<DataKey> find(String streamId, String keyId);
}
