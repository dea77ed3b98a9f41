package io.moodline.analyzer;

import io.moodline.schemas.v1.AnalyzerLoad;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How far behind its live streams an analyzer is, and what it gives up for them. The ladder, by the
 * age of live frames when they are taken up:
 *
 * <ol>
 *   <li>from a quarter of the age at which they are stale: the model under trial sees no frames;
 *   <li>from half of it: recordings have a smaller share (and wait: none of their frames is lost);
 *   <li>stale frames are skipped.
 * </ol>
 *
 * <p>A step is taken at once and taken back when nothing has called for it for ten seconds.
 * Thread-safe.
 */
final class Load {
  private static final Duration CALM = Duration.ofSeconds(10);

  private final Duration staleAge;
  private final Clock clock;
  private final Consumer<State> changed;
  private final @Nullable Instant[] lastCalledFor = new Instant[AnalyzerLoad.values().length];
  private AnalyzerLoad current = AnalyzerLoad.NORMAL;
  private Instant since;
  private Duration oldest = Duration.ZERO;
  private long stale;

  /** What others are told. */
  record State(AnalyzerLoad load, Instant since, Duration oldest, long stale) {
    /** What is given up, in a clause for people; empty where nothing is. */
    String givenUp() {
      return switch (load) {
        case NORMAL -> "";
        case TRIAL_PAUSED -> "live frames are late: the model under trial is paused";
        case RECORDINGS_SLOWED -> "live frames are late: recordings are slowed";
        case FRAMES_SKIPPED -> "overloaded: live frames that are too old are skipped";
      };
    }
  }

  /**
   * Begins without load.
   *
   * @param changed called on the thread of the analyzer after each change
   */
  Load(Duration staleAge, Clock clock, Consumer<State> changed) {
    this.staleAge = staleAge;
    this.clock = clock;
    this.changed = changed;
    this.since = clock.instant();
  }

  /** A live frame is taken up; returns whether it is too old to be analysed. */
  boolean isStale(Instant captured) {
    Instant now = clock.instant();
    Duration age = Duration.between(captured, now);
    AnalyzerLoad called = calledFor(age);
    synchronized (this) {
      oldest = current == AnalyzerLoad.NORMAL || age.compareTo(oldest) > 0 ? age : oldest;
      lastCalledFor[called.ordinal()] = now;
      stale += called == AnalyzerLoad.FRAMES_SKIPPED ? 1 : 0;
    }
    return called == AnalyzerLoad.FRAMES_SKIPPED;
  }

  private AnalyzerLoad calledFor(Duration age) {
    if (age.compareTo(staleAge) > 0) {
      return AnalyzerLoad.FRAMES_SKIPPED;
    }
    if (age.compareTo(staleAge.dividedBy(2)) > 0) {
      return AnalyzerLoad.RECORDINGS_SLOWED;
    }
    return age.compareTo(staleAge.dividedBy(4)) > 0
        ? AnalyzerLoad.TRIAL_PAUSED
        : AnalyzerLoad.NORMAL;
  }

  /** The step that the last ten seconds call for; tells of a change. */
  AnalyzerLoad now() {
    boolean isNew;
    AnalyzerLoad wanted;
    synchronized (this) {
      wanted = wanted(clock.instant().minus(CALM));
      isNew = wanted != current;
      if (isNew) {
        current = wanted;
        since = clock.instant();
      }
    }
    if (isNew) {
      changed.accept(state());
    }
    return wanted;
  }

  private AnalyzerLoad wanted(Instant calm) {
    AnalyzerLoad[] steps = AnalyzerLoad.values();
    for (int i = steps.length - 1; i > 0; i--) {
      Instant last = lastCalledFor[i];
      if (last != null && last.isAfter(calm)) {
        return steps[i];
      }
    }
    return AnalyzerLoad.NORMAL;
  }

  synchronized State state() {
    return new State(current, since, oldest, stale);
  }
}
