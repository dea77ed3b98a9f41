package io.moodline.sink;

import io.javalin.http.Context;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands timelines out as files, written while they are read: a week takes the memory of one page.
 * At most {@value #MAX_EXPORTS} at a time, since each holds a thread of the server's. A file that
 * can not be finished breaks its connection, so that nobody takes a part for the whole.
 * Thread-safe.
 */
final class ExportRoutes implements Resource {
  private static final int MAX_EXPORTS = 8;
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final Logger log = LoggerFactory.getLogger(ExportRoutes.class);

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

  private void get(Context ctx) throws IOException {
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

  /** What writes a file. */
  interface Content {
    void write(OutputStream out) throws IOException;
  }

  /** Sends a file while it is written. */
  void send(Context ctx, String mediaType, String file, Content content) throws IOException {
    if (!places.tryAcquire()) {
      throw Problem.unavailable("there are " + MAX_EXPORTS + " exports already");
    }
    try {
      ctx.status(200)
          .header("Content-Type", mediaType)
          .header("Content-Disposition", "attachment; filename=\"" + file + "\"");
      write(ctx, content);
    } finally {
      places.release();
    }
  }

  private static void write(Context ctx, Content content) throws IOException {
    OutputStream out =
        new BufferedOutputStream(
            new PassOutput(ctx.res().getOutputStream(), Pass.of(ctx)), BUFFER_BYTES);
    try {
      content.write(out);
      out.flush();
    } catch (IOException | RuntimeException e) {
      if (!ctx.res().isCommitted()) {
        ctx.res().reset();
        throw e;
      }
      log.atDebug().addKeyValue("path", ctx.path()).setCause(e).log("export was not finished");
      disconnect(ctx);
    }
  }

  private static void disconnect(Context ctx) {
    ServletContextRequest.getServletContextRequest(ctx.req())
        .getConnectionMetaData()
        .getConnection()
        .getEndPoint()
        .close();
  }
}
