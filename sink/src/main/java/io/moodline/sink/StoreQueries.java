package io.moodline.sink;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.TimelineWindow;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Answers from the stores of whichever instance holds them: windows from the table, ledgers from
 * the counting application. Every question is about one stream, so about one partition.
 * Thread-safe.
 */
final class StoreQueries implements MarkedQueries {
  private static final Duration FINEST = Steps.ALL.get(0);
  private static final Duration COARSEST = Steps.ALL.get(Steps.ALL.size() - 1);

  /** Values to look at where one is wanted, in case that it can not be read. */
  private static final int FEW = 4;

  /**
   * So long after its end mark a run's windows are all published, however far behind the table was;
   * from then on nobody counts them, since the finest ones are not kept for good.
   */
  private static final Duration SURE = Duration.ofHours(1);

  private final StoreReader stores;
  private final Clock clock;

  /** Answers that are never stale. */
  StoreQueries(StoreAsker stores, TimelineMetrics metrics, Clock clock) {
    this(new StoreReader(stores, metrics), clock);
  }

  private StoreQueries(StoreReader stores, Clock clock) {
    this.stores = stores;
    this.clock = clock;
  }

  @Override
  public MarkedQueries orStale() {
    return new StoreQueries(stores.orStale(), clock);
  }

  @Override
  public boolean stale() {
    return stores.stale();
  }

  @Override
  public List<TimelineWindow> windows(
      String streamId, Duration step, Instant from, Instant to, int limit) {
    List<TimelineWindow> windows = new ArrayList<>();
    scan(
        WindowRange.between(streamId, step, from, to),
        limit,
        value -> {
          stores.read(Serdes.TIMELINE_WINDOW, value).ifPresent(windows::add);
          return windows.size() < limit;
        });
    return windows;
  }

  /** Only scores are read, a long range by several threads; who shows a window reads all of it. */
  @Override
  public Thinned thinned(
      String streamId, Duration step, Instant from, Instant to, int limit, int points) {
    List<ScoreSeries> parts =
        WindowRange.between(streamId, step, from, to).parts().parallelStream()
            .map(part -> series(part, limit))
            .toList();
    ScoreSeries series = parts.get(0);
    parts.subList(1, parts.size()).forEach(series::addAll);
    return new Thinned(series.pick(points), series.size(), stores::unreadable);
  }

  private ScoreSeries series(WindowRange range, int limit) {
    ScoreSeries series = new ScoreSeries();
    scan(
        range,
        limit,
        value -> {
          stores.readInto(series, value);
          return series.size() < limit;
        });
    return series;
  }

  @Override
  public Optional<TimelineWindow> latest(String streamId, Duration step) {
    return edge(streamId, step, true);
  }

  @Override
  public Optional<TimelineWindow> earliest(String streamId, Duration step) {
    return edge(streamId, step, false);
  }

  @Override
  public Optional<Extent> extent(String streamId) {
    return earliest(streamId, FINEST)
        .flatMap(
            oldest ->
                latest(streamId, FINEST)
                    .map(newest -> new Extent(oldest.getStart(), newest.getStart().plus(FINEST))));
  }

  @Override
  public Optional<RunLedger> ledger(String streamId, String runId) {
    byte[] key = Ledgers.key(streamId, runId);
    return stores.ask(QueryStore.LEDGERS, streamId, key, key, 1, false).stream()
        .findFirst()
        .map(Serdes.RUN_LEDGER::decode);
  }

  @Override
  public List<RunLedger> ledgers(String streamId) {
    byte[] from = Ledgers.prefix(streamId);
    byte[] to = Arrays.copyOf(from, from.length);
    to[to.length - 1]++; // the prefix's last byte is the slash
    List<RunLedger> ledgers =
        new ArrayList<>(
            stores
                .ask(QueryStore.LEDGERS, streamId, from, to, StoreQuestion.MAX_LIMIT, false)
                .stream()
                .map(Serdes.RUN_LEDGER::decode)
                .toList());
    ledgers.sort(
        Comparator.comparing(
            RunLedger::getFirstCaptureTime, Comparator.nullsFirst(Comparator.naturalOrder())));
    return ledgers;
  }

  @Override
  public boolean settled(String streamId, String runId) {
    Optional<RunLedger> ledger = ledger(streamId, runId);
    if (ledger.isEmpty() || ledger.get().getEndOfRun() == null) {
      return false;
    }
    Instant ended = ledger.get().getEndedAt();
    if (ended == null || ended.isBefore(clock.instant().minus(SURE))) {
      return true;
    }
    long counted = Ledgers.frames(ledger.get()) - ledger.get().getLate();
    Instant first = ledger.get().getFirstCaptureTime();
    if (counted == 0 || first == null) {
      return true;
    }
    Instant last = ledger.get().getLastCaptureTime();
    // Windows are published finest step first: where the coarsest one is complete, all are.
    return (isComplete(streamId, last) || hasOpenRun(streamId))
        && framesShown(streamId, first, last) >= counted;
  }

  private boolean isComplete(String streamId, Instant time) {
    Instant start = Steps.startOf(time, COARSEST);
    return windows(streamId, COARSEST, start, start.plusMillis(1), 1).stream()
        .anyMatch(TimelineWindow::getComplete);
  }

  private boolean hasOpenRun(String streamId) {
    return ledgers(streamId).stream().anyMatch(ledger -> ledger.getEndOfRun() == null);
  }

  private long framesShown(String streamId, Instant first, Instant last) {
    long[] frames = {0};
    scan(
        new WindowRange(
            streamId, FINEST, Steps.startOf(first, FINEST).toEpochMilli(), last.toEpochMilli()),
        Integer.MAX_VALUE,
        value -> {
          stores
              .read(Serdes.TIMELINE_WINDOW, value)
              .ifPresent(window -> frames[0] += TimelineText.frames(window));
          return true;
        });
    return frames[0];
  }

  /**
   * Gives windows' bytes to {@code reader}, oldest first, until it has enough; a page at a time.
   */
  private void scan(WindowRange range, int limit, Predicate<byte[]> reader) {
    int page = Math.min(StoreQuestion.MAX_LIMIT, Math.max(1, limit));
    WindowRange left = range;
    boolean more = limit > 0 && !range.isEmpty();
    while (more) {
      List<byte[]> values =
          stores.ask(QueryStore.WINDOWS, left.streamId(), left.from(), left.to(), page, false);
      more = values.size() == page;
      for (byte[] value : values) {
        if (!reader.test(value)) {
          return;
        }
      }
      if (more) {
        left = left.after(lastStart(values));
      }
    }
  }

  /** When a page's last window starts that can be read. */
  private Instant lastStart(List<byte[]> page) {
    for (int i = page.size() - 1; i >= 0; i--) {
      Optional<TimelineWindow> window = stores.read(Serdes.TIMELINE_WINDOW, page.get(i));
      if (window.isPresent()) {
        return window.get().getStart();
      }
    }
    throw new NotReadyException("a page of " + page.size() + " windows can not be read");
  }

  private Optional<TimelineWindow> edge(String streamId, Duration step, boolean newest) {
    WindowRange all = WindowRange.all(streamId, step);
    return stores.ask(QueryStore.WINDOWS, streamId, all.from(), all.to(), FEW, newest).stream()
        .flatMap(value -> stores.read(Serdes.TIMELINE_WINDOW, value).stream())
        .findFirst();
  }
}
