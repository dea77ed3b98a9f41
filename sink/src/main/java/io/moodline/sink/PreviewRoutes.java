package io.moodline.sink;

import io.javalin.http.Context;
import io.moodline.runtime.KeyRing;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import io.moodline.schemas.v1.FrameFaces;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows pictures: one {@link PreviewFeed} per stream that is looked at, shared by its viewers and
 * closed with the last of them. Each viewer has a thread {@code sink-viewer-<n>}; one that is slow
 * misses pictures, and nothing is kept for it. Thread-safe.
 */
final class PreviewRoutes implements Resource, AutoCloseable {
  private static final int MAX_VIEWERS = 32;
  private static final Duration FIRST = Duration.ofSeconds(5);
  private static final Duration REPEAT = Duration.ofSeconds(5);

  /** A viewer's connection without a picture: who has left it shows only when one is sent. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final String BOUNDARY = "moodline-frame";
  private static final Logger log = LoggerFactory.getLogger(PreviewRoutes.class);

  private final StageContext stage;
  private final StreamRegistry registry;
  private final KeyRing keys;
  private final Semaphore places = new Semaphore(MAX_VIEWERS);
  private final AtomicInteger number = new AtomicInteger();
  private final Map<String, Shared> feeds = new HashMap<>(); // guarded by itself
  private volatile boolean closed;

  PreviewRoutes(StageContext stage, StreamRegistry registry, KeyRing keys) {
    this.stage = stage;
    this.keys = keys;
    this.registry = registry;
  }

  /** A feed and how many look at it. */
  private static final class Shared {
    private final PreviewFeed feed;
    private int users;

    Shared(PreviewFeed feed) {
      this.feed = feed;
    }
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/streams/{id}/preview", Role.VIEWER, this::watch),
        Route.get("/api/v1/streams/{id}/preview.jpg", Role.VIEWER, this::picture));
  }

  private void picture(Context ctx) throws IOException, InterruptedException {
    StreamView stream = StreamRoutes.find(registry, StreamRoutes.id(ctx));
    boolean overlay = overlay(ctx);
    takePlace();
    try {
      PreviewFeed feed = acquire(stream);
      try {
        PreviewPicture picture = feed.next(null, FIRST).orElseThrow(() -> noPicture(stream.id()));
        byte[] jpeg = picture.jpeg(overlay);
        headers(picture.frame()).forEach(ctx::header);
        ctx.status(200).header("Content-Type", "image/jpeg").result(jpeg);
      } finally {
        release(stream.id(), feed);
      }
    } finally {
      places.release();
    }
  }

  private static Problem noPicture(String id) {
    return Problem.unavailable(
        "stream '" + id + "' has shown no analysed picture in the last seconds");
  }

  private void watch(Context ctx) throws IOException {
    StreamView stream = StreamRoutes.find(registry, StreamRoutes.id(ctx));
    boolean overlay = overlay(ctx);
    takePlace();
    PreviewFeed feed = null;
    try {
      feed = acquire(stream);
    } finally {
      if (feed == null) {
        places.release();
      }
    }
    PreviewFeed shared = feed;
    ctx.disableCompression()
        .header("Content-Type", "multipart/x-mixed-replace; boundary=" + BOUNDARY)
        .header("X-Accel-Buffering", "no");
    OutputStream out = ctx.res().getOutputStream();
    Pass pass = Pass.of(ctx);
    ctx.future(() -> start(stream.id(), shared, overlay, pass, out));
  }

  private CompletableFuture<Void> start(
      String id, PreviewFeed feed, boolean overlay, Pass pass, OutputStream out) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Worker.start(
        "sink-viewer-" + number.incrementAndGet(),
        self -> {
          try {
            show(feed, overlay, pass, out);
          } catch (IOException e) {
            log.atDebug().addKeyValue("stream", id).log("viewer left");
          } finally {
            release(id, feed);
            places.release();
            done.complete(null);
          }
        },
        () -> {},
        stage.failures());
    return done;
  }

  /**
   * Pictures as they come; the last one again where none does, which shows who has left. Ends when
   * there is none for long.
   */
  private void show(PreviewFeed feed, boolean overlay, Pass pass, OutputStream out)
      throws IOException, InterruptedException {
    out.flush(); // the viewer learns that it is let in before there is a picture
    PreviewPicture shown = null;
    long lastNanos = System.nanoTime();
    while (!closed && System.nanoTime() - lastNanos < PATIENCE.toNanos()) {
      Duration wait = shown == null ? Duration.ofSeconds(1) : REPEAT;
      Optional<PreviewPicture> next = feed.next(shown, wait);
      if (feed.hasEnded() || !pass.holds()) {
        return;
      }
      shown = next.orElse(null);
      if (shown != null) {
        put(shown, shown.jpeg(overlay), out);
        lastNanos = System.nanoTime();
      }
    }
  }

  private static void put(PreviewPicture picture, byte[] jpeg, OutputStream out)
      throws IOException {
    StringBuilder head = new StringBuilder("--" + BOUNDARY + "\r\nContent-Type: image/jpeg\r\n");
    headers(picture.frame())
        .forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    head.append("Content-Length: ").append(jpeg.length).append("\r\n\r\n");
    out.write(head.toString().getBytes(StandardCharsets.US_ASCII));
    out.write(jpeg);
    out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  private static Map<String, String> headers(FrameFaces frame) {
    return Map.of(
        "Moodline-Run", frame.getRunId(),
        "Moodline-Sequence", Long.toString(frame.getSequence()),
        "Moodline-Time", Times.show(frame.getCaptureTime()));
  }

  private void takePlace() {
    if (closed || !places.tryAcquire()) {
      throw Problem.unavailable("there are " + MAX_VIEWERS + " viewers already");
    }
  }

  private PreviewFeed acquire(StreamView stream) {
    synchronized (feeds) {
      Shared shared = feeds.get(stream.id());
      if (shared == null || shared.feed.hasEnded()) {
        shared = new Shared(open(stream));
        feeds.put(stream.id(), shared);
      }
      shared.users++;
      return shared.feed;
    }
  }

  private PreviewFeed open(StreamView stream) {
    return new PreviewFeed(stage, stream, keys, () -> registry.find(stream.id()));
  }

  private void release(String id, PreviewFeed feed) {
    PreviewFeed last = null;
    synchronized (feeds) {
      @Nullable Shared shared = feeds.get(id);
      if (shared != null && shared.feed == feed && --shared.users == 0) {
        feeds.remove(id);
        last = shared.feed;
      }
    }
    if (last != null) {
      last.close();
    }
  }

  private static boolean overlay(Context ctx) {
    String overlay = Optional.ofNullable(ctx.queryParam("overlay")).orElse("false");
    return switch (overlay) {
      case "true" -> true;
      case "false" -> false;
      default -> throw Problem.malformed("overlay is neither true nor false");
    };
  }

  /** How many feeds are open. */
  int feeds() {
    synchronized (feeds) {
      return feeds.size();
    }
  }

  /** Ends all viewers, so that the server need not wait for them. */
  void endViewers() {
    closed = true;
    synchronized (feeds) {
      feeds.values().forEach(it -> it.feed.end());
    }
  }

  @Override
  public void close() {
    endViewers();
  }
}
