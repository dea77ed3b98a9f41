package io.moodline.sink;

import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Stands before the timelines while they start: the server answers before they do, since others
 * have to know its port. Thread-safe.
 */
final class QueryGate implements TimelineQueries, StoreAsker {
  private volatile @Nullable TimelineQueries queries;
  private volatile @Nullable StoreAsker local;
  private volatile @Nullable TrackQueries tracks;
  private volatile @Nullable AlertQueries alerts;

  /** Lets queries through. */
  void open(TimelineEngine engine) {
    this.local = engine.local();
    this.tracks = engine.tracks();
    this.alerts = engine.alerts();
    this.queries = engine.queries();
  }

  private TimelineQueries queries() {
    return opened(queries);
  }

  /** Answers about tracks. */
  TrackQueries tracks() {
    return opened(tracks);
  }

  /** Answers about alerts. */
  AlertQueries alerts() {
    return opened(alerts);
  }

  private static <T> T opened(@Nullable T part) {
    if (part == null) {
      throw new NotReadyException("timelines are starting: try again in a moment");
    }
    return part;
  }

  @Override
  public StoreAnswer ask(StoreQuestion question, boolean staleAllowed) {
    return opened(local).ask(question, staleAllowed);
  }

  @Override
  public List<TimelineWindow> windows(
      String streamId, Duration step, Instant from, Instant to, int limit) {
    return queries().windows(streamId, step, from, to, limit);
  }

  @Override
  public Thinned thinned(
      String streamId, Duration step, Instant from, Instant to, int limit, int points) {
    return queries().thinned(streamId, step, from, to, limit, points);
  }

  @Override
  public Optional<TimelineWindow> latest(String streamId, Duration step) {
    return queries().latest(streamId, step);
  }

  @Override
  public Optional<TimelineWindow> earliest(String streamId, Duration step) {
    return queries().earliest(streamId, step);
  }

  @Override
  public Optional<Extent> extent(String streamId) {
    return queries().extent(streamId);
  }

  @Override
  public Optional<RunLedger> ledger(String streamId, String runId) {
    return queries().ledger(streamId, runId);
  }

  @Override
  public List<RunLedger> ledgers(String streamId) {
    return queries().ledgers(streamId);
  }

  @Override
  public boolean settled(String streamId, String runId) {
    return queries().settled(streamId, runId);
  }

  @Override
  public MarkedQueries orStale() {
    return queries().orStale();
  }
}
