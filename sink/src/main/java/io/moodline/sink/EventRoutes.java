package io.moodline.sink;

import io.javalin.http.Context;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import io.moodline.schemas.StreamPartition;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.KafkaException;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;

/**
 * Lets readers of server-sent events in: at most {@code http.event-readers-max}, each with a thread
 * and a consumer of its own, so that a slow one holds up nobody.
 *
 * <p>The rule for slow readers: nothing is kept for them. One that takes no byte for {@code
 * http.slow-reader-limit} is cut by the thread {@code sink-events-watch}; what it missed is in the
 * log, and the id of the last event it saw leads there. Thread-safe.
 */
final class EventRoutes implements AutoCloseable {
  private static final Duration WATCH = Duration.ofMillis(500);
  private static final Duration HEARTBEAT = Duration.ofSeconds(15);
  private static final Duration CROWDED_HEARTBEAT = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(4);
  private static final int MAX_WAITING = 4;

  private final StageContext stage;
  private final StreamRegistry registry;
  private final ApiMetrics metrics;
  private final int maxReaders;
  private final Semaphore places;
  private final Semaphore waiting = new Semaphore(MAX_WAITING);
  private final Duration slowReaderLimit;
  private final Set<EventReader> readers = ConcurrentHashMap.newKeySet();
  private final AtomicInteger number = new AtomicInteger();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Object watching = new Object();
  private final Worker watch;

  EventRoutes(StageContext stage, StreamRegistry registry, ApiMetrics metrics) {
    this.stage = stage;
    this.registry = registry;
    this.metrics = metrics;
    this.maxReaders = stage.settings().get(SinkSettings.EVENT_READERS);
    this.places = new Semaphore(maxReaders);
    this.slowReaderLimit = stage.settings().get(SinkSettings.SLOW_READER);
    this.watch = Worker.start("sink-events-watch", this::watch, this::wakeUp, stage.failures());
  }

  void get(Context ctx) throws IOException {
    StreamView stream = StreamRoutes.find(registry, StreamRoutes.id(ctx));
    Optional<String> lastId = lastEventId(ctx);
    boolean fromBeginning = fromBeginning(ctx);
    if (closed.get() || !takePlace()) {
      throw Problem.unavailable("there are " + maxReaders + " readers of events already");
    }
    EventReader reader = null;
    try {
      reader = reader(ctx, stream, lastId, fromBeginning);
      EventReader ready = reader;
      ctx.disableCompression()
          .header("Content-Type", "text/event-stream; charset=utf-8")
          .header("X-Accel-Buffering", "no");
      readers.add(ready);
      metrics.eventReadersOpened.inc();
      metrics.eventReaders.inc();
      ctx.future(
          () ->
              ready
                  .start(number.incrementAndGet(), stage.failures())
                  .whenComplete((v, e) -> left(ready)));
    } catch (KafkaException e) {
      throw Problem.unavailable("Kafka does not answer");
    } finally {
      if (reader == null) {
        places.release();
      }
    }
  }

  /**
   * A reader that left is noticed only when something is written to it. So where places are few,
   * readers are written to every second, and a newcomer waits for that.
   */
  private boolean takePlace() {
    if (places.tryAcquire()) {
      return true;
    }
    if (!waiting.tryAcquire()) {
      return false;
    }
    try {
      return places.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      waiting.release();
    }
  }

  private Duration heartbeat() {
    return places.availablePermits() <= maxReaders / 4 ? CROWDED_HEARTBEAT : HEARTBEAT;
  }

  private EventReader reader(
      Context ctx, StreamView stream, Optional<String> lastId, boolean fromBeginning)
      throws IOException {
    int partition = StreamPartition.of(stream.id(), stage.kafka().partitions());
    EventPosition position =
        lastId
            .map(id -> EventPosition.parse(id, stage.kafka().topics(), partition))
            .orElseGet(() -> EventPosition.start(stage.kafka().topics(), partition));
    EventReader.From from =
        lastId.isPresent()
            ? EventReader.From.POSITION
            : fromBeginning ? EventReader.From.BEGINNING : EventReader.From.END;
    var connection =
        ServletContextRequest.getServletContextRequest(ctx.req())
            .getConnectionMetaData()
            .getConnection();
    return EventReader.open(
        stage.kafka(),
        stream.id(),
        position,
        from,
        ctx.res().getOutputStream(),
        () -> connection.getEndPoint().close(),
        this::heartbeat,
        () -> registry.find(stream.id()).isPresent(),
        metrics);
  }

  private static Optional<String> lastEventId(Context ctx) {
    return Optional.ofNullable(ctx.header("Last-Event-ID"))
        .or(() -> Optional.ofNullable(ctx.queryParam("lastEventId")))
        .filter(id -> !id.isEmpty());
  }

  private static boolean fromBeginning(Context ctx) {
    String from = ctx.queryParam("from");
    if (from == null || from.equals("end")) {
      return false;
    }
    if (from.equals("beginning")) {
      return true;
    }
    throw Problem.malformed("from is not known: give beginning or end");
  }

  private void left(EventReader reader) {
    if (readers.remove(reader)) {
      places.release();
      metrics.eventReaders.dec();
    }
  }

  private void watch(Worker self) throws InterruptedException {
    while (!self.stopping()) {
      for (EventReader reader : readers) {
        if (reader.blockedFor().compareTo(slowReaderLimit) > 0) {
          reader.cut();
        }
      }
      synchronized (watching) {
        if (!self.stopping()) {
          watching.wait(WATCH.toMillis());
        }
      }
    }
  }

  private void wakeUp() {
    synchronized (watching) {
      watching.notifyAll();
    }
  }

  /** Readers that are connected. */
  int open() {
    return maxReaders - places.availablePermits();
  }

  /** Readers that were cut since the start. */
  double cutReaders() {
    return metrics.eventReadersCut.get();
  }

  /** Lets nobody in any more and ends all readers; their requests are answered to the end. */
  void endReaders() {
    closed.set(true);
    readers.forEach(EventReader::close);
  }

  @Override
  public void close() {
    endReaders();
    watch.close();
  }
}
