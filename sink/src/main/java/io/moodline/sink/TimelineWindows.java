package io.moodline.sink;

import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * The windows of one range, read page by page, so that a range of any length takes the memory of
 * one page. It may be read again; a live stream may have changed meanwhile. Confined to the thread
 * that reads.
 */
final class TimelineWindows {
  private static final int PAGE = 2000;

  private final Source source;
  private final Duration step;
  private final Instant from;
  private final Instant to;

  TimelineWindows(
      TimelineQueries timelines, String streamId, Duration step, Instant from, Instant to) {
    this(
        (start, end, limit) -> timelines.windows(streamId, step, start, end, limit),
        step,
        from,
        to);
  }

  TimelineWindows(Source source, Duration step, Instant from, Instant to) {
    this.source = source;
    this.step = step;
    this.from = Steps.startOf(from, step);
    this.to = to;
  }

  /** Where windows of one step come from, as {@link TimelineQueries#windows} gives them. */
  interface Source {
    List<TimelineWindow> windows(Instant from, Instant to, int limit);
  }

  /** What takes windows, oldest first. */
  interface Reader {
    void read(TimelineWindow window) throws IOException;
  }

  /** Gives every window to {@code reader}. */
  void forEach(Reader reader) throws IOException {
    Instant next = from;
    List<TimelineWindow> page;
    do {
      page = source.windows(next, to, PAGE);
      for (TimelineWindow window : page) {
        reader.read(window);
        next = TimelineText.end(window);
      }
    } while (page.size() == PAGE);
  }

  Duration step() {
    return step;
  }
}
