package io.moodline.sink;

import io.javalin.http.Context;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/**
 * Hands timelines out as files, written while they are read: a week takes the memory of one page.
 * At most {@value #MAX_EXPORTS} at a time, since each holds a thread of the server's. A file that
 * can not be finished breaks its connection, so that nobody takes a part for the whole.
 * Thread-safe.
 */
final class ExportRoutes implements Resource {
  private static final int MAX_EXPORTS = 8;

  private final StreamRegistry registry;
  private final TimelineQueries timelines;
  private final TimelineRoutes ranges;
  private final Semaphore places = new Semaphore(MAX_EXPORTS);

  ExportRoutes(StreamRegistry registry, TimelineQueries timelines, TimelineRoutes ranges) {
    this.registry = registry;
    this.timelines = timelines;
    this.ranges = ranges;
  }

  @Override
  public List<Route> routes() {
    return List.of(Route.get("/api/v1/streams/{id}/timeline.{format}", Role.VIEWER, this::get));
  }

  private void get(Context ctx) {
    ExportFormat format =
        ExportFormat.of(ctx.pathParam("format"))
            .orElseThrow(() -> Problem.notFound("give timeline.csv, jsonl, arrow, vtt or eaf"));
    StreamView stream = StreamRoutes.find(registry, StreamRoutes.id(ctx));
    TimelineParams.Range range = ranges.range(ctx, stream);
    Duration step =
        Optional.ofNullable(ctx.queryParam("step"))
            .map(Times::readStep)
            .orElse(Duration.ofSeconds(1));
    String file = stream.id() + "-" + Times.showStep(step) + "." + format.ending();
    TimelineWindows windows =
        new TimelineWindows(timelines, stream.id(), step, range.from(), range.to());
    send(ctx, format.mediaType(), file, out -> format.write(stream.spec(), windows, out));
  }

  /** Sends a file while it is written. */
  void send(Context ctx, String mediaType, String file, Answers.Body content) {
    if (!places.tryAcquire()) {
      throw Problem.unavailable("there are " + MAX_EXPORTS + " exports already");
    }
    try {
      Answers.file(ctx, mediaType, file, content);
    } finally {
      places.release();
    }
  }
}
