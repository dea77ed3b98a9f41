package io.moodline.sink;

import io.javalin.http.Context;
import io.javalin.websocket.WsConfig;
import io.javalin.websocket.WsContext;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.Worker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets readers of events in, over server-sent events and WebSockets: at most {@code
 * http.event-readers-max}. They share one consumer per partition, see {@link PartitionTail}, and
 * none has a thread.
 *
 * <p>The rule for slow readers: nothing is kept for them. One that is slower than the events reads
 * on from the log; one that does not take a block of events within {@code http.slow-reader-limit}
 * is cut. What it missed is in the log, and the id of the last event it saw leads there.
 *
 * <p>Threads: {@code sink-events-send-<n>} make and send what readers are shown; {@code
 * sink-events-watch} looks after silent ones. Thread-safe.
 */
final class EventRoutes implements Resource, AutoCloseable {
  private static final int RETRY_SECONDS = 10;
  private static final Duration WATCH = Duration.ofMillis(500);
  private static final Duration HEARTBEAT = Duration.ofSeconds(15);
  private static final Duration CROWDED_HEARTBEAT = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(4);
  private static final int MAX_WAITING = 4;
  private static final int SEND_THREADS = 2;
  private static final String SUBSCRIPTION = "moodline.subscription";

  /**
   * What a reader asked for.
   *
   * @param streamId the one stream whose removal ends the connection; empty when there is none
   * @param position where to start after; without {@code From.POSITION} its offsets mean nothing
   * @param pass whose end ends the connection
   */
  private record Subscription(
      Optional<String> streamId,
      EventFilter filter,
      int[] partitions,
      EventPosition position,
      EventReader.From from,
      Pass pass) {}

  private final StageContext stage;
  private final StreamRegistry registry;
  private final ApiMetrics metrics;
  private final int maxReaders;
  private final Semaphore places;
  private final int maxPerToken;
  private final Shares shares;
  private final Semaphore waiting = new Semaphore(MAX_WAITING);
  private final Duration slowReaderLimit;
  private final EventTails tails;
  private final CatchUps catchUps;
  private final ThreadPoolExecutor senders;
  private final Map<EventReader, Subscription> readers = new ConcurrentHashMap<>();
  private final Map<String, EventReader> sockets = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Object watching = new Object();
  private final Worker watch;

  EventRoutes(StageContext stage, StreamRegistry registry, ApiMetrics metrics) {
    this.stage = stage;
    this.registry = registry;
    this.metrics = metrics;
    this.maxReaders = stage.settings().get(SinkSettings.EVENT_READERS);
    this.places = new Semaphore(maxReaders);
    this.maxPerToken = stage.settings().get(SinkSettings.EVENT_READERS_PER_TOKEN);
    this.shares = new Shares(maxPerToken);
    this.slowReaderLimit = stage.settings().get(SinkSettings.SLOW_READER);
    this.tails = new EventTails(stage, metrics);
    this.catchUps = new CatchUps(stage);
    this.senders = senders();
    this.watch = Worker.start("sink-events-watch", this::watch, this::wakeUp, stage.failures());
  }

  private static ThreadPoolExecutor senders() {
    AtomicInteger number = new AtomicInteger();
    return new ThreadPoolExecutor(
        SEND_THREADS,
        SEND_THREADS,
        0,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(), // holds each reader once at most
        task -> {
          Thread thread = new Thread(task, "sink-events-send-" + number.incrementAndGet());
          thread.setDaemon(true);
          return thread;
        },
        new ThreadPoolExecutor.DiscardPolicy()); // only when closed
  }

  @Override
  public List<Route> routes() {
    return List.of(
        Route.get("/api/v1/streams/{id}/events", Role.VIEWER, this::ofStream),
        Route.get("/api/v1/events", Role.VIEWER, this::ofAll));
  }

  @Override
  public List<SocketRoute> sockets() {
    return List.of(
        new SocketRoute(
            "/api/v1/streams/{id}/events", Role.VIEWER, this::beforeStreamSocket, this::socket),
        new SocketRoute("/api/v1/events", Role.VIEWER, this::beforeSocket, this::socket));
  }

  /** Server-sent events of one stream. */
  private void ofStream(Context ctx) {
    open(ctx, streamSubscription(ctx));
  }

  /** Server-sent events of many streams. */
  private void ofAll(Context ctx) {
    open(ctx, subscription(ctx, Optional.empty(), EventFilter.read(ctx)));
  }

  private void open(Context ctx, Subscription subscription) {
    EventReader reader = admit(subscription, () -> SseChannel.open(ctx));
    ctx.future(
        () -> {
          reader.wake();
          return reader.done();
        });
  }

  /** Looks at a WebSocket of one stream before it is one. */
  private void beforeStreamSocket(Context ctx) {
    ctx.attribute(SUBSCRIPTION, streamSubscription(ctx));
  }

  /** As {@link #beforeStreamSocket}, of many streams. */
  private void beforeSocket(Context ctx) {
    ctx.attribute(SUBSCRIPTION, subscription(ctx, Optional.empty(), EventFilter.read(ctx)));
  }

  /** What happens on a WebSocket; what it is sent is read and dropped. */
  private void socket(WsConfig socket) {
    socket.onConnect(this::connected);
    socket.onClose(ctx -> left(ctx));
    socket.onError(ctx -> left(ctx));
    socket.onMessage(ctx -> {});
    socket.onBinaryMessage(ctx -> {});
  }

  private void connected(WsContext ctx) {
    Subscription subscription = ctx.attribute(SUBSCRIPTION);
    try {
      EventReader reader =
          admit(
              java.util.Objects.requireNonNull(subscription, "set before the upgrade"),
              () -> new SocketChannel(ctx.session));
      sockets.put(ctx.sessionId(), reader);
      reader.done().whenComplete((v, e) -> sockets.remove(ctx.sessionId(), reader));
      reader.wake();
    } catch (Problem problem) {
      ctx.closeSession(1013, problem.detail()); // "try again later"
    }
  }

  private void left(WsContext ctx) {
    EventReader reader = sockets.remove(ctx.sessionId());
    if (reader != null) {
      reader.gone();
    }
  }

  private Subscription streamSubscription(Context ctx) {
    String id = StreamRoutes.find(registry, StreamRoutes.id(ctx)).id();
    return subscription(ctx, Optional.of(id), EventFilter.read(ctx).ofStream(id));
  }

  private Subscription subscription(Context ctx, Optional<String> streamId, EventFilter filter) {
    filter.streams().forEach(id -> StreamRoutes.find(registry, id));
    int[] partitions = filter.partitions(stage.kafka().partitions());
    EventPosition position =
        EventPosition.start(stage.kafka().topics(), filter.kinds(), partitions);
    boolean fromBeginning = fromBeginning(ctx);
    Optional<String> lastId = lastEventId(ctx);
    lastId.ifPresent(position::moveTo);
    EventReader.From from =
        lastId.isPresent()
            ? EventReader.From.POSITION
            : fromBeginning ? EventReader.From.BEGINNING : EventReader.From.END;
    return new Subscription(streamId, filter, partitions, position, from, Pass.of(ctx));
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

  /** Opens a way to a reader once there is a place for it. */
  private interface Opening {
    EventChannel open();
  }

  private EventReader admit(Subscription subscription, Opening channel) {
    String holder = subscription.pass().holder();
    if (!shares.take(holder)) {
      throw Problem.tooMany(
          "this token has " + maxPerToken + " readers of events already", RETRY_SECONDS);
    }
    try {
      EventReader reader = admitOne(subscription, channel);
      reader.done().whenComplete((v, e) -> shares.giveBack(holder));
      return reader;
    } catch (RuntimeException e) {
      shares.giveBack(holder);
      throw e;
    }
  }

  private EventReader admitOne(Subscription subscription, Opening channel) {
    if (closed.get() || !takePlace()) {
      throw Problem.unavailable("there are " + maxReaders + " readers of events already");
    }
    try {
      EventReader reader = read(subscription, channel);
      metrics.eventReadersOpened.inc();
      metrics.eventReaders.inc();
      reader
          .done()
          .whenComplete(
              (v, e) -> {
                metrics.eventReaders.dec();
                places.release();
              });
      return reader;
    } catch (RuntimeException e) {
      places.release();
      throw e;
    }
  }

  /**
   * A reader that is no connection to this server, and takes no place of one. It does nothing
   * before it is woken.
   *
   * @param lastId id of the last event that it saw; where it has none of this subscription, it
   *     begins now
   */
  EventReader subscribe(EventFilter filter, String lastId, EventChannel channel) {
    int[] partitions = filter.partitions(stage.kafka().partitions());
    EventPosition position =
        EventPosition.start(stage.kafka().topics(), filter.kinds(), partitions);
    EventReader.From from = EventReader.From.END;
    try {
      position.moveTo(lastId);
      from = EventReader.From.POSITION;
    } catch (Problem e) {
      position = EventPosition.start(stage.kafka().topics(), filter.kinds(), partitions);
    }
    return read(
        new Subscription(Optional.empty(), filter, partitions, position, from, Pass.ALWAYS),
        () -> channel);
  }

  private EventReader read(Subscription subscription, Opening channel) {
    List<PartitionTail> shared = tails.acquire(subscription.partitions());
    try {
      shared.forEach(PartitionTail::awaitReady);
      EventReader reader = reader(subscription, shared, channel.open());
      readers.put(reader, subscription);
      shared.forEach(tail -> tail.add(reader));
      reader.done().whenComplete((v, e) -> left(reader, subscription, shared));
      return reader;
    } catch (RuntimeException e) {
      tails.release(subscription.partitions());
      throw e;
    }
  }

  private EventReader reader(
      Subscription subscription, List<PartitionTail> shared, EventChannel channel) {
    List<EventRing> rings = new ArrayList<>();
    int[] partitions = subscription.partitions();
    for (EventPosition.Source source : subscription.position().sources()) {
      int index = java.util.Arrays.binarySearch(partitions, source.partition().partition());
      rings.add(shared.get(index).ring(source.kind()));
    }
    return new EventReader(
        subscription.filter(),
        subscription.position(),
        subscription.from(),
        rings,
        channel,
        senders,
        catchUps,
        metrics);
  }

  private void left(EventReader reader, Subscription subscription, List<PartitionTail> shared) {
    if (readers.remove(reader) != null) {
      shared.forEach(tail -> tail.remove(reader));
      tails.release(subscription.partitions());
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

  private void watch(Worker self) throws InterruptedException {
    while (!self.stopping()) {
      Duration heartbeat = heartbeat();
      readers.keySet().forEach(reader -> reader.tick(heartbeat, slowReaderLimit));
      readers.forEach(this::endIfRemoved);
      readers.forEach(EventRoutes::endIfRevoked);
      tails.sweep();
      synchronized (watching) {
        if (!self.stopping()) {
          watching.wait(WATCH.toMillis());
        }
      }
    }
  }

  private void endIfRemoved(EventReader reader, Subscription subscription) {
    String id = subscription.streamId().orElse("");
    if (!id.isEmpty() && registry.find(id).isEmpty()) {
      reader.end(
          "stream '" + id + "' was removed",
          EventJson.removed(id).toString().getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void endIfRevoked(EventReader reader, Subscription subscription) {
    if (!subscription.pass().holds()) {
      reader.close(Pass.REVOKED);
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

  /** Consumers that read for all readers. */
  int consumers() {
    return tails.size();
  }

  /** Readers that were cut for taking nothing. */
  double cutReaders() {
    return metrics.eventReadersCut.get();
  }

  /** Ends every reader; new ones are refused. */
  void endReaders() {
    closed.set(true);
    readers.keySet().forEach(reader -> reader.close("the server is stopping"));
  }

  @Override
  public void close() {
    endReaders();
    watch.close();
    catchUps.close();
    tails.close();
    senders.shutdownNow();
  }
}
