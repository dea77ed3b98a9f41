package io.moodline.sink;

import io.moodline.runtime.KeyUnavailableException;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.StreamKeys;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes a stream's or a track's derived data out of stores and topics: the stream's key is thrown
 * away, so that its frames and faces can not be read any more, the topology is told to empty its
 * stores, and every record of the topics that are kept long gets a tombstone under its own key.
 * What was erased is erased again without harm. Thread-safe.
 */
final class DataEraser implements AutoCloseable {
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int REMEMBERED = 100_000;
  private static final Logger log = LoggerFactory.getLogger(DataEraser.class);

  private final StageContext stage;
  private final TimelineQueries timelines;
  private final Supplier<TrackQueries> tracks;
  private final Supplier<AlertQueries> alerts;
  private final StreamKeys keys;
  private final KafkaProducer<byte[], byte[]> producer;

  DataEraser(
      StageContext stage,
      TimelineQueries timelines,
      Supplier<TrackQueries> tracks,
      Supplier<AlertQueries> alerts,
      StreamKeys keys) {
    this.stage = stage;
    this.keys = keys;
    this.timelines = timelines;
    this.tracks = tracks;
    this.alerts = alerts;
    this.producer = stage.kafka().producer("sink-eraser", Map.of("max.block.ms", 10_000));
  }

  /**
   * Erases a stream that produces nothing any more.
   *
   * @return how many records of each topic were taken out, by the topic's name
   */
  Map<String, Long> eraseStream(String stream) throws InterruptedException {
    Topics topics = stage.kafka().topics();
    byte[] key = stream.getBytes(StandardCharsets.UTF_8);
    Map<String, Long> removed = new LinkedHashMap<>();
    removed.put(topics.streamKeys(), throwKeyAway(stream));
    long thrownAwayNanos = System.nanoTime();
    send(topics.erasures(), stream, key, new byte[0]);
    await(() -> timelines.ledgers(stream).isEmpty());
    for (String topic : erasable(topics)) {
      removed.put(topic, eraseRecords(topic, stream, OptionalLong.empty()));
    }
    await(() -> timelines.extent(stream).isEmpty());
    await(() -> tracks.get().tracks(stream, Long.MAX_VALUE, 1).isEmpty());
    await(() -> alerts.get().hasNone(stream));
    long age = System.nanoTime() - thrownAwayNanos;
    TimeUnit.NANOSECONDS.sleep(2 * Topics.KEY_SEGMENT.toNanos() - age);
    send(topics.streamKeys(), stream, key, null); // ends the segment that holds the key
    return removed;
  }

  /** The topics that hold what was derived from streams, a record for each key of it. */
  static List<String> erasable(Topics topics) {
    return List.of(
        topics.emotions(),
        topics.tracks(),
        topics.segments(),
        topics.timelines(),
        topics.trackTimelines(),
        topics.alertHistory());
  }

  /** From here on nobody can open what is still in the logs of frames and faces. */
  private long throwKeyAway(String stream) throws InterruptedException {
    boolean had;
    try {
      had = keys.current(stream).isPresent();
    } catch (KeyUnavailableException e) {
      had = true; // one that this process can not open is as good a key to throw away
    }
    byte[] key = stream.getBytes(StandardCharsets.UTF_8);
    send(stage.kafka().topics().streamKeys(), stream, key, null);
    return had ? 1 : 0;
  }

  /** Erases one track's events, segments and timeline; the stream's windows stay, sums of all. */
  Map<String, Long> eraseTrack(String stream, long track) throws InterruptedException {
    Topics topics = stage.kafka().topics();
    send(topics.erasures(), stream, ErasedData.key(stream, track), new byte[0]);
    Map<String, Long> removed = new LinkedHashMap<>();
    for (String topic :
        List.of(topics.emotions(), topics.tracks(), topics.segments(), topics.trackTimelines())) {
      removed.put(topic, eraseRecords(topic, stream, OptionalLong.of(track)));
    }
    await(() -> tracks.get().track(stream, track).isEmpty());
    return removed;
  }

  private static void await(BooleanSupplier gone) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!gone.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw Problem.unavailable("the data is being erased, but not all of it is gone: ask again");
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private long eraseRecords(String topic, String stream, OptionalLong track)
      throws InterruptedException {
    TopicPartition partition =
        new TopicPartition(topic, StreamPartition.of(stream, stage.kafka().partitions()));
    Set<ByteBuffer> erased = new HashSet<>();
    AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
    long count = 0;
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    try (KafkaConsumer<byte[], byte[]> consumer =
        stage.kafka().consumer("sink-eraser", Map.of("max.poll.records", 2000))) {
      consumer.assign(Set.of(partition));
      consumer.seekToBeginning(Set.of(partition));
      long end = consumer.endOffsets(Set.of(partition)).getOrDefault(partition, 0L);
      while (consumer.position(partition) < end) {
        var records = consumer.poll(POLL);
        if (!records.isEmpty()) {
          deadline = System.nanoTime() + PATIENCE.toNanos();
        } else if (System.nanoTime() > deadline) {
          throw new TimeoutException("no record for " + PATIENCE.toSeconds() + " s");
        }
        for (ConsumerRecord<byte[], byte[]> record : records) {
          if (record.offset() < end
              && isOf(record, stream, track)
              && erased.add(ByteBuffer.wrap(record.key()))) {
            producer.send(
                new ProducerRecord<>(topic, partition.partition(), record.key(), null),
                (written, e) -> failure.compareAndSet(null, e));
            count++;
          }
        }
        if (erased.size() > REMEMBERED) {
          erased.clear(); // a key that comes again is erased again
        }
      }
      producer.flush();
      if (failure.get() != null) {
        throw new KafkaException("a tombstone was not written", failure.get());
      }
      return count;
    } catch (KafkaException e) {
      log.atWarn()
          .addKeyValue("stream", stream)
          .addKeyValue("topic", topic)
          .setCause(e)
          .log("not all is erased");
      throw Problem.unavailable("not all is erased: " + Problem.unavailable(e).detail());
    }
  }

  private boolean isOf(ConsumerRecord<byte[], byte[]> record, String stream, OptionalLong track) {
    if (record.key() == null || record.value() == null) {
      return false;
    }
    Topics topics = stage.kafka().topics();
    boolean ordered =
        List.of(topics.timelines(), topics.trackTimelines(), topics.alertHistory())
            .contains(record.topic());
    boolean own =
        ordered
            ? startsWith(record.key(), StreamEraser.windowPrefix(stream))
            : startsWith(record.key(), Ledgers.prefix(stream));
    return own && (track.isEmpty() || track.equals(trackOf(record)));
  }

  private static boolean startsWith(byte[] key, byte[] prefix) {
    return key.length >= prefix.length
        && java.util.Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
  }

  private OptionalLong trackOf(ConsumerRecord<byte[], byte[]> record) {
    Topics topics = stage.kafka().topics();
    try {
      if (record.topic().equals(topics.emotions())) {
        Long track = Serdes.FACE_EMOTION.decode(record.value()).getTrackId();
        return track == null ? OptionalLong.empty() : OptionalLong.of(track);
      }
      if (record.topic().equals(topics.trackTimelines())) {
        return OptionalLong.of(Serdes.TRACK_WINDOW.decode(record.value()).getTrackId());
      }
      return OptionalLong.of(
          record.topic().equals(topics.tracks())
              ? Serdes.FACE_TRACK.decode(record.value()).getTrackId()
              : Serdes.EMOTION_SEGMENT.decode(record.value()).getTrackId());
    } catch (UnreadableRecordException e) {
      return OptionalLong.empty();
    }
  }

  private void send(String topic, String stream, byte[] key, byte @Nullable [] value)
      throws InterruptedException {
    int partition = StreamPartition.of(stream, stage.kafka().partitions());
    try {
      producer
          .send(new ProducerRecord<>(topic, partition, key, value))
          .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | java.util.concurrent.TimeoutException e) {
      throw Problem.unavailable("nothing is erased: Kafka does not answer");
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(5));
  }
}
