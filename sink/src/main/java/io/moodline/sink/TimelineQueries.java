package io.moodline.sink;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Reads timelines and ledgers. Every method throws {@link NotReadyException} while the stores that
 * hold the stream are starting or moving, and never answers with less than the owner of the stream
 * knows, unless it was asked {@link #orStale}; an unknown stream is empty, not an error.
 * Thread-safe.
 */
interface TimelineQueries {
  /**
   * Windows of a stream that start within a range, oldest first. Windows without any frame do not
   * exist: a hole in the answer is a hole in the stream.
   *
   * @param step one of {@code Steps.ALL}
   * @param from first start, inclusive
   * @param to first start that is not wanted
   * @param limit most windows to return, the oldest ones; above 0
   */
  List<TimelineWindow> windows(String streamId, Duration step, Instant from, Instant to, int limit);

  /**
   * The same, thinned for a picture of the scores.
   *
   * @param points most windows to return, above 0
   */
  default Thinned thinned(
      String streamId, Duration step, Instant from, Instant to, int limit, int points) {
    return Thinned.of(windows(streamId, step, from, to, limit), points);
  }

  /** The newest window of a stream. */
  Optional<TimelineWindow> latest(String streamId, Duration step);

  /** The oldest window of a stream. */
  Optional<TimelineWindow> earliest(String streamId, Duration step);

  /** From the start of the first to the end of the last 1 s window of a stream. */
  Optional<Extent> extent(String streamId);

  /** The account of one run; empty before its first frame was counted. */
  Optional<RunLedger> ledger(String streamId, String runId);

  /** The accounts of all runs of a stream, by first capture time; runs without frames first. */
  List<RunLedger> ledgers(String streamId);

  /**
   * Whether a run ended and {@link #windows} shows every frame that its ledger counts: from then on
   * the run adds nothing to the timeline. Long after its end that is taken for granted.
   */
  boolean settled(String streamId, String runId);

  /** The same for one request that can show a mark on its answer. */
  MarkedQueries orStale();

  /**
   * Windows that a picture needs most.
   *
   * @param windows as Avro bytes, oldest first
   * @param of how many there are
   * @param unreadable counts one of them that turns out to be unreadable, which is left out
   */
  record Thinned(List<byte[]> windows, int of, Runnable unreadable) {

    /** Those of windows that were read before. */
    static Thinned of(List<TimelineWindow> windows, int points) {
      ScoreSeries series = new ScoreSeries();
      windows.forEach(window -> series.add(Serdes.TIMELINE_WINDOW.encodeInside(window)));
      return new Thinned(series.pick(points), series.size(), () -> {});
    }

    /** Those of windows that are read page by page. */
    static Thinned read(TimelineWindows windows, int points) {
      ScoreSeries series = new ScoreSeries();
      try {
        windows.forEach(window -> series.add(Serdes.TIMELINE_WINDOW.encodeInside(window)));
      } catch (IOException e) {
        throw new UncheckedIOException("nothing is written here", e);
      }
      return new Thinned(series.pick(points), series.size(), () -> {});
    }

    /** Whether windows were left out to keep to the points. */
    boolean isThinned() {
      return windows.size() < of;
    }
  }

  /**
   * A range of event time.
   *
   * @param to not part of it
   */
  record Extent(Instant from, Instant to) {}
}
