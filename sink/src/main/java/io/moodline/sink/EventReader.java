package io.moodline.sink;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One subscriber: where it stands in each source, and what it is shown next.
 *
 * <p>Nothing is queued for it. It has its place in the shared rings, and at most one block of
 * {@value #BLOCK_RECORDS} records under way; when the network has taken that, the next is made. One
 * that is slower than the events falls out of the rings and reads on from the log, see {@link
 * CatchUps}; one that takes nothing at all is cut. A record is written at most once per connection,
 * and none that the filter accepts is left out, unless the log no longer holds it: then a {@code
 * gap} event says so.
 *
 * <p>Threads: whoever calls {@link #wake}; the reader's turns run one after the other, on the
 * executor or on the thread that catches it up. Thread-safe.
 */
final class EventReader {
  private static final int BLOCK_RECORDS = 64;
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Logger log = LoggerFactory.getLogger(EventReader.class);

  /** Where a reader starts. */
  enum From {
    BEGINNING,
    END,
    /** After the last event that it saw. */
    POSITION
  }

  private final EventFilter filter;
  private final List<EventRing> rings;
  private final EventChannel channel;
  private final Executor executor;
  private final CatchUps catchUps;
  private final ApiMetrics metrics;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final AtomicInteger wakeUps = new AtomicInteger();

  // Confined to the reader's turns.
  private final EventPosition position;
  private final Set<Integer> fromBeginning = new HashSet<>();
  private final Set<Integer> ahead = new HashSet<>();
  private boolean greeted;

  private volatile boolean sending;
  private volatile boolean catchingUp;
  private volatile boolean ended;
  private volatile boolean heartbeatDue;
  private volatile boolean retry;
  private volatile boolean cut;
  private volatile String farewell = "";
  private volatile byte @Nullable [] lastStatus;
  private volatile long lastSent = System.nanoTime();

  /**
   * A reader that does nothing before {@link #wake}.
   *
   * @param position where {@code from} is {@code POSITION}, the last event that it saw
   * @param rings one for each source of the position
   * @param executor runs short turns that never wait
   */
  EventReader(
      EventFilter filter,
      EventPosition position,
      From from,
      List<EventRing> rings,
      EventChannel channel,
      Executor executor,
      CatchUps catchUps,
      ApiMetrics metrics) {
    this.filter = filter;
    this.position = position;
    this.rings = List.copyOf(rings);
    this.channel = channel;
    this.executor = executor;
    this.catchUps = catchUps;
    this.metrics = metrics;
    for (int i = 0; i < rings.size(); i++) {
      if (from == From.END) {
        position.read(i, rings.get(i).end() - 1);
      } else if (from == From.BEGINNING) {
        fromBeginning.add(i);
      }
    }
  }

  /** Ends with the connection. */
  CompletableFuture<Void> done() {
    return done;
  }

  EventFilter filter() {
    return filter;
  }

  /** Something happened: the reader looks what it can do. */
  void wake() {
    if (wakeUps.getAndIncrement() == 0) {
      executor.execute(this::takeTurns);
    }
  }

  private void takeTurns() {
    int seen = 1;
    while (seen != 0) {
      try {
        turn();
      } catch (RuntimeException e) {
        log.atError().setCause(e).log("event reader failed");
        leave();
      }
      seen = wakeUps.addAndGet(-seen);
    }
  }

  private void turn() {
    if (ended || sending || catchingUp) {
      return;
    }
    if (!farewell.isEmpty()) {
      sayFarewell();
      return;
    }
    if (!fromBeginning.isEmpty()) {
      startCatchUp();
      return;
    }
    greet();
    if (!collect() && channel.isEmpty()) {
      startCatchUp();
      return;
    }
    if (channel.isEmpty() && heartbeatDue) {
      channel.heartbeat(position.toString());
    }
    send();
  }

  private void sayFarewell() {
    byte[] status = lastStatus;
    if (status == null) {
      channel.end(farewell);
      leave();
      return;
    }
    lastStatus = null;
    greet();
    putEvent(EventKind.STATUS.event(), status);
    send();
  }

  private void greet() {
    if (!greeted) {
      greeted = true;
      channel.greet(position.toString());
    }
  }

  /** Puts what the rings hold; false when some source has to be read from the log first. */
  private boolean collect() {
    for (int i = 0; i < rings.size(); i++) {
      if (isInLog(i, rings.get(i).read(position.next(i), 1).place())) {
        return false;
      }
    }
    int room = BLOCK_RECORDS;
    for (int i = 0; i < rings.size() && room > 0; i++) {
      room -= collect(i, room);
    }
    return true;
  }

  private boolean isInLog(int source, EventRing.Place place) {
    return place == EventRing.Place.BEHIND
        || place == EventRing.Place.AHEAD && !ahead.contains(source);
  }

  /** Reads on over what the filter refuses, until there is a block or nothing is left. */
  private int collect(int source, int room) {
    int put = 0;
    while (put < room) {
      EventRing.Slice slice = rings.get(source).read(position.next(source), room);
      for (EventRecord record : slice.records()) {
        put += put(source, record) ? 1 : 0;
      }
      position.read(source, slice.next() - 1);
      if (slice.records().size() < room) {
        return put;
      }
    }
    return put;
  }

  private boolean put(int source, EventRecord record) {
    position.read(source, record.offset());
    if (!filter.accepts(record) || rings.get(source).hides(record)) {
      return false;
    }
    putEvent(record.kind().event(), record.json());
    return true;
  }

  private void putEvent(String name, byte[] json) {
    channel.put(name, position.toString(), json);
    metrics.eventsSent.labelValues(name).inc();
  }

  private void send() {
    if (channel.isEmpty()) {
      return;
    }
    heartbeatDue = false;
    lastSent = System.nanoTime();
    sending = true;
    channel.send(Callback.from(this::sent, this::lost));
  }

  private void sent() {
    lastSent = System.nanoTime();
    sending = false;
    wake();
  }

  private void lost(Throwable cause) {
    log.atDebug().addKeyValue("cause", String.valueOf(cause)).log("event reader left");
    if (cut) {
      metrics.eventReadersCut.inc();
    }
    leave();
  }

  private void leave() {
    ended = true;
    done.complete(null);
  }

  private void startCatchUp() {
    catchingUp = true;
    metrics.eventCatchUps.inc();
    catchUps.add(this);
  }

  /**
   * Puts the next piece of the log for the sources that have left the rings.
   *
   * @throws org.apache.kafka.common.KafkaException when the log can not be read now
   */
  void catchUp(KafkaConsumer<byte[], byte[]> consumer) {
    if (!ended) {
      findBeginnings(consumer);
      greet();
      List<Integer> behind = behind(consumer);
      if (!behind.isEmpty()) {
        readLog(consumer, behind);
      }
    }
    send();
    catchingUp = false;
    wake();
  }

  /** Kafka did not answer; the next {@link #tick} tries again. */
  void catchUpFailed() {
    retry = true;
    catchingUp = false;
  }

  private void findBeginnings(KafkaConsumer<byte[], byte[]> consumer) {
    for (int source : List.copyOf(fromBeginning)) {
      position.read(source, beginning(consumer, source) - 1);
      fromBeginning.remove(source);
    }
  }

  /**
   * Which sources have to be read from the log. One that is ahead of this process is asked for its
   * end, once: another process may have read further than this one, and only beyond the end of the
   * log something is wrong.
   */
  private List<Integer> behind(KafkaConsumer<byte[], byte[]> consumer) {
    List<Integer> behind = new ArrayList<>();
    for (int i = 0; i < rings.size(); i++) {
      EventRing.Place place = rings.get(i).read(position.next(i), 1).place();
      if (place == EventRing.Place.BEHIND) {
        behind.add(i);
      } else if (place == EventRing.Place.AHEAD && ahead.add(i)) {
        TopicPartition source = partition(i);
        long end = consumer.endOffsets(List.of(source)).getOrDefault(source, position.next(i));
        if (position.next(i) > end) {
          skip(i, end);
        }
      }
    }
    return behind;
  }

  private void readLog(KafkaConsumer<byte[], byte[]> consumer, List<Integer> behind) {
    consumer.assign(behind.stream().map(this::partition).toList());
    behind.forEach(source -> consumer.seek(partition(source), position.next(source)));
    try {
      var records = consumer.poll(POLL);
      for (int source : behind) {
        records.records(partition(source)).forEach(record -> put(source, record));
        position.read(source, consumer.position(partition(source)) - 1);
      }
    } catch (OffsetOutOfRangeException e) {
      Map<TopicPartition, Long> lost = e.offsetOutOfRangePartitions();
      behind.stream()
          .filter(source -> lost.containsKey(partition(source)))
          .forEach(source -> skip(source, beginning(consumer, source)));
    }
  }

  private void put(int source, ConsumerRecord<byte[], byte[]> record) {
    try {
      kind(source).read(record).ifPresent(found -> put(source, found));
    } catch (io.moodline.schemas.AvroSerde.UnreadableRecordException e) {
      metrics.unreadable.labelValues(record.topic()).inc();
    }
  }

  private void skip(int source, long resumed) {
    long next = position.next(source);
    position.read(source, resumed - 1);
    metrics.eventGaps.inc();
    putEvent("gap", bytes(EventJson.gap(kind(source).source(), next, resumed).toString()));
  }

  private static long beginning(KafkaConsumer<byte[], byte[]> consumer, TopicPartition source) {
    return consumer.beginningOffsets(List.of(source)).getOrDefault(source, 0L);
  }

  private long beginning(KafkaConsumer<byte[], byte[]> consumer, int source) {
    return beginning(consumer, partition(source));
  }

  private TopicPartition partition(int source) {
    return position.sources().get(source).partition();
  }

  private EventKind kind(int source) {
    return position.sources().get(source).kind();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Looks after the reader from outside, now and then. */
  void tick(Duration heartbeat, Duration slowLimit) {
    Duration quiet = Duration.ofNanos(System.nanoTime() - lastSent);
    if (sending && quiet.compareTo(slowLimit) > 0) {
      cut();
    } else if (!sending && (retry || quiet.compareTo(heartbeat) > 0)) {
      heartbeatDue = !retry;
      retry = false;
      wake();
    }
  }

  /** Breaks the connection of a reader that takes nothing. */
  private void cut() {
    cut = true;
    channel.cut();
  }

  /**
   * Ends the connection in good order as soon as what is under way has been taken.
   *
   * @param status data of a last event, JSON in UTF-8
   */
  void end(String reason, byte[] status) {
    if (!farewell.isEmpty()) {
      return;
    }
    lastStatus = status;
    farewell = reason;
    wake();
  }

  /** The connection is gone. */
  void gone() {
    leave();
  }

  /** Ends the connection now. */
  void close(String reason) {
    farewell = reason;
    wake();
    if (sending) {
      channel.cut();
    }
  }
}
