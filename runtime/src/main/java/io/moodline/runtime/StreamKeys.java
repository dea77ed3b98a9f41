package io.moodline.runtime;

import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.v1.StreamKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of all streams, as {@code stream-keys.v1} says. One thread follows the topic from its
 * beginning. That a key is not there is said only after the topic was read to where it ended when
 * the question came, open transactions included: a frame may be seen before its key's record is.
 * The writer of a key is the ingest that owns the stream's partition; erasing removes it.
 *
 * <p>Owns a consumer and an admin client. Thread-safe; {@link #find} and {@link #current} wait for
 * at most {@value #PATIENCE_SECONDS} s.
 */
public final class StreamKeys implements KeyRing, AutoCloseable {
  /** Where streams have their ids; none can have this one. */
  static final String CHECK = "#secret";

  private static final int PATIENCE_SECONDS = 5;
  private static final Duration POLL = Duration.ofMillis(200);
  private static final Duration POSITION_PATIENCE = Duration.ofSeconds(10);
  private static final Duration FAILURE_PAUSE = Duration.ofSeconds(1);
  private static final int MOST_REMEMBERED = 10_000;
  private static final String HEALTH_PART = "stream keys";
  private static final Logger log = LoggerFactory.getLogger(StreamKeys.class);

  private final KafkaConnection kafka;
  private final SecretBox secrets;
  private final Health health;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Admin admin;
  private final Object view = new Object(); // guards the three maps
  private final Map<String, Known> keys = new HashMap<>();
  private final Map<Integer, Long> positions = new HashMap<>();

  /** The last keys that were asked for or seen to go, as stream/key: asking again costs nothing. */
  private final Map<String, Boolean> thrownAway = BoundedMap.ofNewest(MOST_REMEMBERED);

  private int unopened; // confined to the thread that reads
  private @Nullable Worker worker;

  /** A key as its record has it; without the key itself where another secret sealed it. */
  private record Known(String id, Optional<DataKey> key) {}

  /** A record and what it says; no key where it is a tombstone or can not be read. */
  private record Read(
      ConsumerRecord<byte[], byte[]> record, String stream, @Nullable Known known) {}

  private StreamKeys(KafkaConnection kafka, SecretBox secrets, Health health, String name) {
    this.kafka = kafka;
    this.secrets = secrets;
    this.health = health;
    this.consumer = kafka.consumer(name, Map.of());
    this.admin = kafka.admin(name);
  }

  /**
   * Starts to follow the topic for a stage, whose health says when keys can not be opened. The
   * first stage of all leaves a key that is no stream's: whoever comes later with another secret is
   * refused, although there may be no streams yet.
   *
   * @param stage its name, for the names of the thread and the clients
   * @throws UserException when this process has another secret than the one that is in use
   */
  public static StreamKeys start(String stage, StageContext context) {
    StreamKeys keys =
        start(stage, context.kafka(), context.secrets(), context.health(), context.failures());
    try {
      keys.leaveCheck(stage);
      return keys;
    } catch (RuntimeException e) {
      keys.close();
      throw e;
    }
  }

  /** The same for whoever has no stage. */
  public static StreamKeys start(
      String name, KafkaConnection kafka, SecretBox secrets, Failures failures) {
    return start(name, kafka, secrets, new Health(), failures);
  }

  private static StreamKeys start(
      String name, KafkaConnection kafka, SecretBox secrets, Health health, Failures failures) {
    StreamKeys keys = new StreamKeys(kafka, secrets, health, name + "-stream-keys");
    try {
      keys.follow(name, failures);
      keys.checkSecret();
      return keys;
    } catch (RuntimeException e) {
      keys.close();
      throw e;
    }
  }

  /**
   * Throws the keys away that another secret sealed, which is lost: nobody can use them any more.
   *
   * @return how many
   */
  public static int giveUpLost(KafkaConnection kafka, SecretBox secrets, Failures failures) {
    try (StreamKeys keys = new StreamKeys(kafka, secrets, new Health(), "lost-stream-keys");
        KafkaProducer<byte[], byte[]> producer = kafka.producer("lost-stream-keys", Map.of())) {
      keys.follow("lost", failures);
      keys.readAll();
      List<String> lost = keys.lost();
      for (String stream : lost) {
        byte[] key = stream.getBytes(StandardCharsets.UTF_8);
        int partition = StreamPartition.of(stream, kafka.partitions());
        producer.send(new ProducerRecord<>(kafka.topics().streamKeys(), partition, key, null));
      }
      producer.flush();
      return streams(lost);
    }
  }

  private boolean isReadAndEmpty() {
    try {
      readAll();
    } catch (KeyUnavailableException e) {
      return false;
    }
    synchronized (view) {
      return keys.isEmpty();
    }
  }

  private void leaveCheck(String stage) {
    if (!isReadAndEmpty()) {
      return;
    }
    DataKey check = DataKey.create(CHECK);
    try (KafkaProducer<byte[], byte[]> producer =
        kafka.producer(stage + "-secret-check", Map.of())) {
      byte[] value =
          Serdes.STREAM_KEY.encode(record(check, Instant.now().truncatedTo(ChronoUnit.MICROS)));
      producer
          .send(
              new ProducerRecord<>(
                  kafka.topics().streamKeys(),
                  StreamPartition.of(CHECK, kafka.partitions()),
                  CHECK.getBytes(StandardCharsets.UTF_8),
                  value))
          .get();
    } catch (ExecutionException | KafkaException e) {
      // A process that may only read leaves it to those that make keys.
      log.atWarn().addKeyValue("cause", e.toString()).log("no check of the secret could be left");
      return;
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
    checkSecret(); // another process may have left one at the same time
  }

  /** How many of these are streams'. */
  private static int streams(Collection<String> owners) {
    return owners.size() - (owners.contains(CHECK) ? 1 : 0);
  }

  private List<String> lost() {
    synchronized (view) {
      return keys.entrySet().stream()
          .filter(entry -> entry.getValue().key().isEmpty())
          .map(Map.Entry::getKey)
          .toList();
    }
  }

  private void readAll() {
    for (int partition = 0; partition < kafka.partitions(); partition++) {
      readToEnd(partition);
    }
  }

  private void follow(String stage, Failures failures) {
    List<TopicPartition> partitions =
        IntStream.range(0, kafka.partitions())
            .mapToObj(i -> new TopicPartition(kafka.topics().streamKeys(), i))
            .toList();
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    worker = Worker.start(stage + "-stream-keys", this::run, consumer::wakeup, failures);
  }

  /** What is there at the start shows at once whether this process has the right secret. */
  private void checkSecret() {
    try {
      readAll();
    } catch (KeyUnavailableException e) {
      log.atWarn().addKeyValue("cause", e.getMessage()).log("streams' keys are still being read");
      return;
    }
    if (!lost().isEmpty()) {
      throw new UserException(
          "the streams' keys are sealed with another secret key than this process has: give"
              + " secret.key.file the file that the other processes have, or the one of before; if"
              + " it is lost for good, secret.key.lost gives up what it sealed");
    }
  }

  @Override
  public Optional<DataKey> find(String streamId, String keyId) {
    synchronized (view) {
      Known known = keys.get(streamId);
      if (known != null && known.id().equals(keyId)) {
        return Optional.of(opened(streamId, known));
      }
      if (thrownAway.containsKey(streamId + "/" + keyId)) {
        return Optional.empty();
      }
    }
    Optional<DataKey> current = current(streamId);
    if (current.isPresent() && current.get().id().equals(keyId)) {
      return current;
    }
    synchronized (view) {
      thrownAway.put(streamId + "/" + keyId, true);
    }
    return Optional.empty();
  }

  /**
   * The key that a stream has now; empty when it has none, or none any more.
   *
   * @throws KeyUnavailableException when that can not be told now
   */
  public Optional<DataKey> current(String streamId) {
    readToEnd(StreamPartition.of(streamId, kafka.partitions()));
    synchronized (view) {
      Known known = keys.get(streamId);
      return known == null ? Optional.empty() : Optional.of(opened(streamId, known));
    }
  }

  /** Whether a key is known to be thrown away, as far as the topic has been read. */
  public boolean isThrownAway(DataKey key) {
    synchronized (view) {
      return thrownAway.containsKey(key.streamId() + "/" + key.id());
    }
  }

  /** The record of a new key. */
  public StreamKey record(DataKey key, Instant now) {
    return StreamKey.newBuilder()
        .setStreamId(key.streamId())
        .setKeyId(key.id())
        .setSealedKey(ByteBuffer.wrap(secrets.sealKey(key)))
        .setCreatedAt(now)
        .build();
  }

  /** Waits before it says that a key can not be opened, since who hears it tries again at once. */
  private DataKey opened(String streamId, Known known) {
    if (known.key().isEmpty()) {
      await(() -> keys.get(streamId) != known);
      throw new KeyUnavailableException(
          "the key of stream "
              + streamId
              + " is sealed with another secret key: this process needs the same secret.key.file as"
              + " the others");
    }
    return known.key().get();
  }

  /** Waits for what the thread reads; false when that does not come in time. */
  private boolean await(BooleanSupplier read) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    try {
      synchronized (view) {
        while (!read.getAsBoolean()) {
          long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
          if (left <= 0) {
            return false;
          }
          view.wait(left);
        }
        return true;
      }
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }

  /** Waits until the thread has read what the partition holds now. */
  private void readToEnd(int partition) {
    long end = end(new TopicPartition(kafka.topics().streamKeys(), partition));
    if (!await(() -> positions.getOrDefault(partition, 0L) >= end)) {
      throw new KeyUnavailableException("the streams' keys can not be read to their end now");
    }
  }

  /** The end with what open transactions hold: one of them may bring the key that is asked for. */
  private long end(TopicPartition partition) {
    try {
      ListOffsetsOptions options = new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED);
      options.timeoutMs((int) TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
      return admin
          .listOffsets(Map.of(partition, OffsetSpec.latest()), options)
          .partitionResult(partition)
          .get()
          .offset();
    } catch (ExecutionException e) {
      throw new KeyUnavailableException("the streams' keys can not be read: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }

  /** Says so when there are keys that this process can not open, and when they are gone again. */
  private void report() {
    int sealed;
    int all;
    synchronized (view) {
      sealed = streams(lost());
      all = streams(keys.keySet());
    }
    if (sealed == unopened) {
      return;
    }
    boolean known = unopened > 0;
    unopened = sealed;
    if (sealed == 0) {
      health.report(HEALTH_PART, Health.State.UP, "");
      return;
    }
    String reason =
        sealed
            + " of "
            + all
            + " are sealed with another secret key: this process needs the same secret.key.file as"
            + " the others";
    health.report(HEALTH_PART, Health.State.DEGRADED, reason);
    if (!known) { // once: with another secret it is true of all that come
      log.atError().log("stream keys: {}", reason);
    }
  }

  private void run(Worker self) throws InterruptedException {
    try (consumer) {
      while (!self.stopping()) {
        read();
      }
    } catch (WakeupException e) {
      if (!self.stopping()) {
        throw e;
      }
    }
  }

  private void read() throws InterruptedException {
    try {
      List<Read> read = new ArrayList<>();
      try {
        WholeReads.take(consumer, consumer.poll(POLL), record -> read.add(read(record)));
      } finally {
        synchronized (view) {
          read.forEach(this::take); // before anything else that can fail: they do not come again
        }
      }
      Map<Integer, Long> reached = new HashMap<>();
      for (TopicPartition partition : consumer.assignment()) {
        reached.put(partition.partition(), consumer.position(partition, POSITION_PATIENCE));
      }
      synchronized (view) {
        reached.forEach(this::reached);
        view.notifyAll();
      }
      report();
    } catch (WakeupException | InterruptException e) {
      throw e;
    } catch (KafkaException e) {
      // Whoever needs a key that has not been read waits, and is told so.
      log.atWarn().addKeyValue("cause", e.toString()).log("streams' keys can not be read now");
      Thread.sleep(FAILURE_PAUSE.toMillis()); // a broker that is away needs no hammering
    }
  }

  /** A log that was cut is read again: what it held before is no longer so. */
  private void reached(int partition, long position) {
    Long before = positions.put(partition, position);
    if (before != null && position < before) {
      forget(partition);
      positions.put(partition, position);
    }
  }

  private void take(Read read) {
    ConsumerRecord<byte[], byte[]> record = read.record();
    if (record.offset() < positions.getOrDefault(record.partition(), 0L)) {
      forget(record.partition()); // old keys come before new
    }
    String stream = read.stream();
    Known before = keys.get(stream);
    Known now = read.known();
    if (now != null) {
      keys.put(stream, now);
    } else if (record.value() == null) {
      keys.remove(stream);
    } else {
      log.atWarn().addKeyValue("offset", record.offset()).log("a stream's key can not be read");
      return;
    }
    if (before != null && (now == null || !now.id().equals(before.id()))) {
      thrownAway.put(stream + "/" + before.id(), true);
    }
  }

  private void forget(int partition) {
    keys.keySet().removeIf(id -> StreamPartition.of(id, kafka.partitions()) == partition);
    thrownAway.clear();
    positions.remove(partition);
  }

  /** Opens a record; while nobody waits for the lock, since a registry may have to be asked. */
  private Read read(ConsumerRecord<byte[], byte[]> record) {
    String stream = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
    return new Read(record, stream, record.value() == null ? null : read(stream, record.value()));
  }

  private @Nullable Known read(String stream, byte[] value) {
    try {
      StreamKey key = Serdes.STREAM_KEY.decode(value);
      byte[] sealed = new byte[key.getSealedKey().remaining()];
      key.getSealedKey().duplicate().get(sealed);
      return new Known(key.getKeyId(), secrets.openKey(stream, key.getKeyId(), sealed));
    } catch (UnreadableRecordException e) {
      return null;
    }
  }

  @Override
  public void close() {
    if (worker != null) {
      worker.close();
    } else {
      consumer.close();
    }
    admin.close(Duration.ofSeconds(5));
  }
}
