package io.moodline.sink;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Comparator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Keeps some of the server's threads free. A reader or a sender that is slow holds the thread that
 * answers it; however many there are, health is still told. Other requests wait for a place, which
 * holds no thread, and hear after a while that there is none; and each that has to wait costs the
 * slowest reader its connection, if that takes nothing. Events and previews take a place only while
 * they begin. Thread-safe.
 */
final class ThreadReserve extends Handler.Wrapper {
  private static final String HEALTH = "/health/";
  private static final int MAX_WAITING = 1000;

  private final Semaphore places;
  private final Duration patience;
  private final Duration slowLimit;
  private final Set<Held> held = ConcurrentHashMap.newKeySet();
  private final LinkedBlockingQueue<Waiting> queue = new LinkedBlockingQueue<>(MAX_WAITING);

  /** A request without a place. */
  private static final class Waiting {
    private final Request request;
    private final Response response;
    private final Callback callback;

    Waiting(Request request, Response response, Callback callback) {
      this.request = request;
      this.response = response;
      this.callback = callback;
    }
  }

  /** The answer to a request that has a place: since when its reader has not taken a block. */
  private static final class Held extends Response.Wrapper {
    private volatile boolean writing;
    private volatile long sinceNanos;

    Held(Request request, Response response) {
      super(request, response);
    }

    @Override
    public void write(boolean last, ByteBuffer bytes, Callback callback) {
      sinceNanos = System.nanoTime();
      writing = true;
      super.write(last, bytes, Callback.from(() -> writing = false, callback));
    }

    /** How long its reader has let it wait. */
    long waitingNanos() {
      return writing ? System.nanoTime() - sinceNanos : 0;
    }

    void cut() {
      getRequest().getConnectionMetaData().getConnection().getEndPoint().close();
    }
  }

  /**
   * A reserve.
   *
   * @param places requests that may hold a thread at a time
   * @param patience how long others wait for a place
   * @param slowLimit a reader that does not take a block in so long may be cut
   */
  ThreadReserve(int places, Duration patience, Duration slowLimit) {
    this.places = new Semaphore(places);
    this.patience = patience;
    this.slowLimit = slowLimit;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) throws Exception {
    if (Request.getPathInContext(request).startsWith(HEALTH)) {
      return super.handle(request, response, callback);
    }
    if (!places.tryAcquire()) {
      await(new Waiting(request, response, callback));
      return true;
    }
    return answer(request, response, callback);
  }

  /** Answers in a place, and gives that on. */
  private boolean answer(Request request, Response response, Callback callback) throws Exception {
    Held answer = new Held(request, response);
    held.add(answer);
    try {
      return super.handle(request, answer, callback);
    } finally {
      held.remove(answer);
      places.release();
      letIn();
    }
  }

  private void await(Waiting waiting) {
    if (!queue.offer(waiting)) {
      refuse(waiting);
      return;
    }
    getServer()
        .getScheduler()
        .schedule(() -> giveUp(waiting), patience.toMillis(), TimeUnit.MILLISECONDS);
    letIn(); // the last place may have become free just before
    held.stream()
        .max(Comparator.comparingLong(Held::waitingNanos))
        .filter(slowest -> slowest.waitingNanos() > slowLimit.toNanos())
        .ifPresent(Held::cut);
  }

  private void giveUp(Waiting waiting) {
    if (queue.remove(waiting)) {
      refuse(waiting);
    }
  }

  private void letIn() {
    while (!queue.isEmpty() && places.tryAcquire()) {
      Waiting next = queue.poll();
      if (next == null) {
        places.release();
      } else {
        getServer().getThreadPool().execute(() -> answer(next));
      }
    }
  }

  private void answer(Waiting waiting) {
    try {
      if (!answer(waiting.request, waiting.response, waiting.callback)) {
        Response.writeError(waiting.request, waiting.response, waiting.callback, 404);
      }
    } catch (Exception e) {
      Response.writeError(waiting.request, waiting.response, waiting.callback, e);
    }
  }

  private static void refuse(Waiting waiting) {
    String body = Problem.body(503, "the server answers as many requests as it can: ask again");
    Response response = waiting.response;
    response.setStatus(503);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problem.CONTENT_TYPE);
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    response.getHeaders().put(HttpHeader.RETRY_AFTER, "2");
    ByteBuffer bytes = ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8));
    response.write(true, bytes, waiting.callback);
  }
}
