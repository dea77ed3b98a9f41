package io.moodline.sink;

import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Timelines that a test makes up. Thread-safe. */
final class FakeTimelines implements MarkedQueries {
  final List<TimelineWindow> windows = new CopyOnWriteArrayList<>();
  final Map<String, RunLedger> ledgers = new ConcurrentHashMap<>();

  /** What every question fails with; null for none. */
  volatile @Nullable RuntimeException trouble;

  volatile boolean stale;

  /** Most windows that were asked for at a time. */
  volatile int largestPage;

  final Map<String, Boolean> settled = new ConcurrentHashMap<>();

  @Override
  public List<TimelineWindow> windows(
      String streamId, Duration step, Instant from, Instant to, int limit) {
    failInTrouble();
    largestPage = Math.max(largestPage, limit);
    return own(streamId, step)
        .filter(window -> !window.getStart().isBefore(from) && window.getStart().isBefore(to))
        .sorted(Comparator.comparing(TimelineWindow::getStart))
        .limit(limit)
        .toList();
  }

  private void failInTrouble() {
    RuntimeException now = trouble;
    if (now != null) {
      throw now;
    }
  }

  @Override
  public Optional<TimelineWindow> latest(String streamId, Duration step) {
    return own(streamId, step).max(Comparator.comparing(TimelineWindow::getStart));
  }

  @Override
  public Optional<TimelineWindow> earliest(String streamId, Duration step) {
    return own(streamId, step).min(Comparator.comparing(TimelineWindow::getStart));
  }

  private Stream<TimelineWindow> own(String streamId, Duration step) {
    return windows.stream()
        .filter(window -> window.getStreamId().equals(streamId))
        .filter(window -> window.getStepMillis() == step.toMillis());
  }

  @Override
  public boolean stale() {
    return stale;
  }

  @Override
  public MarkedQueries orStale() {
    return this;
  }

  @Override
  public List<RunLedger> ledgers(String streamId) {
    return ledgers.values().stream().filter(it -> it.getStreamId().equals(streamId)).toList();
  }

  @Override
  public Optional<Extent> extent(String streamId) {
    List<TimelineWindow> own =
        windows.stream()
            .filter(window -> window.getStreamId().equals(streamId))
            .filter(window -> window.getStepMillis() == 1000)
            .toList();
    return own.stream()
        .map(TimelineWindow::getStart)
        .min(Instant::compareTo)
        .map(
            start ->
                new Extent(
                    start,
                    own.stream()
                        .map(window -> window.getStart().plusMillis(window.getStepMillis()))
                        .max(Instant::compareTo)
                        .orElseThrow()));
  }

  @Override
  public Optional<RunLedger> ledger(String streamId, String runId) {
    failInTrouble();
    return Optional.ofNullable(ledgers.get(streamId + "/" + runId));
  }

  @Override
  public boolean settled(String streamId, String runId) {
    return settled.getOrDefault(streamId + "/" + runId, false);
  }
}
