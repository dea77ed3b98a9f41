package io.moodline.sink;

import io.moodline.runtime.AccessTokens;
import io.moodline.runtime.UserException;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ids of the tokens that are there, for open connections, which ask often: the file is looked
 * at every {@value #FRESH_MILLIS} ms at most, but for an id that is new. While it can not be read
 * nobody is known, as at the door. Thread-safe.
 */
final class KnownTokens {
  private static final int FRESH_MILLIS = 250;
  private static final long FRESH_NANOS = Duration.ofMillis(FRESH_MILLIS).toNanos();
  private static final Logger log = LoggerFactory.getLogger(KnownTokens.class);

  private final AccessTokens tokens;
  private Set<String> ids = Set.of(); // guarded by this
  private long readNanos = System.nanoTime() - 2 * FRESH_NANOS; // guarded by this

  KnownTokens(AccessTokens tokens) {
    this.tokens = tokens;
  }

  /** A pass that holds until the token is revoked. */
  Pass pass(String id) {
    return new Pass() {
      @Override
      public boolean holds() {
        return KnownTokens.this.holds(id);
      }

      @Override
      public String holder() {
        return id;
      }
    };
  }

  private synchronized boolean holds(String id) {
    if (!ids.contains(id) || System.nanoTime() - readNanos > FRESH_NANOS) {
      ids = read();
      readNanos = System.nanoTime();
    }
    return ids.contains(id);
  }

  private Set<String> read() {
    try {
      return tokens.all().stream()
          .map(AccessTokens.Entry::id)
          .collect(Collectors.toUnmodifiableSet());
    } catch (UserException e) {
      log.atWarn().addKeyValue("cause", e.getMessage()).log("open connections are ended");
      return Set.of();
    }
  }
}
