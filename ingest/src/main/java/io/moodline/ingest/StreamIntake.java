package io.moodline.ingest;

import io.moodline.runtime.KafkaConnection;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.StreamSpec;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The group on {@code streams.v1}, which is the scheduler: the member that owns a partition runs
 * its streams. An owned partition is read from its beginning each time, since specs are state and
 * not work to be done once. Confined to one thread.
 */
final class StreamIntake implements AutoCloseable {
  /** Told what changes, on the thread that polls. */
  interface Owner {
    /**
     * All specs of a partition are known; it is this instance's to run.
     *
     * @return false when that can not begin now: then it is told again after the next poll
     */
    boolean owned(int partition, Map<String, StreamSpec> specs) throws InterruptedException;

    /** A stream of an owned partition was registered, changed, or removed (null). */
    void changed(String streamId, @Nullable StreamSpec spec);

    /** A partition is about to go to another instance: what was done can still be committed. */
    void leaving(int partition);

    /** A partition was taken away: nothing of it can be committed. */
    void lost(int partition);

    /** A record that could not be read. */
    void unreadable(DeadLetter letter, byte @Nullable [] key);
  }

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final String topic;
  private final Owner owner;
  private final Clock clock;

  /** Partitions that do not run yet, with the end that each had when it was assigned. */
  private final Map<Integer, Long> loading = new HashMap<>();

  private final Map<Integer, Map<String, StreamSpec>> specs = new HashMap<>();

  StreamIntake(KafkaConnection kafka, String instance, Clock clock, Owner owner) {
    this.topic = kafka.topics().streams();
    this.owner = owner;
    this.clock = clock;
    this.consumer = kafka.groupConsumer("ingest-" + instance, kafka.group("ingest"), Map.of());
    consumer.subscribe(List.of(topic), new Rebalance());
  }

  /** Takes what has come, for at most {@code patience}. */
  void poll(Duration patience) throws InterruptedException {
    for (ConsumerRecord<byte[], byte[]> record : consumer.poll(patience)) {
      take(record);
    }
    for (int partition : Set.copyOf(loading.keySet())) {
      long end = loading.getOrDefault(partition, 0L);
      if (consumer.position(new TopicPartition(topic, partition)) >= end
          && owner.owned(partition, Map.copyOf(specs.getOrDefault(partition, Map.of())))) {
        loading.remove(partition);
      }
    }
  }

  /** Gives every owned partition to the owner again, as if it had just been assigned. */
  void reload() {
    List<TopicPartition> owned =
        consumer.assignment().stream().filter(p -> p.topic().equals(topic)).toList();
    owned.forEach(partition -> owner.lost(partition.partition()));
    load(owned);
  }

  /** Whether the group has given this instance its share, however small. */
  boolean hasJoined() {
    return consumer.groupMetadata().generationId() > 0;
  }

  /** Positions in the owned partitions: they fence, nothing resumes from them. */
  Map<TopicPartition, OffsetAndMetadata> offsets() {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (TopicPartition partition : consumer.assignment()) {
      offsets.put(partition, new OffsetAndMetadata(consumer.position(partition)));
    }
    return offsets;
  }

  ConsumerGroupMetadata member() {
    return consumer.groupMetadata();
  }

  /** Ends a poll that is waiting. Thread-safe. */
  void wakeUp() {
    consumer.wakeup();
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    String stream = new String(record.key(), StandardCharsets.UTF_8);
    StreamSpec spec = null;
    if (record.value() != null) {
      try {
        spec = Serdes.STREAM_SPEC.decode(record.value());
      } catch (UnreadableRecordException e) {
        owner.unreadable(deadLetter(record), record.key());
        return;
      }
    }
    Map<String, StreamSpec> known =
        specs.computeIfAbsent(record.partition(), partition -> new LinkedHashMap<>());
    if (spec == null) {
      known.remove(stream);
    } else {
      known.put(stream, spec);
    }
    if (!loading.containsKey(record.partition())) {
      owner.changed(stream, spec);
    }
  }

  private DeadLetter deadLetter(ConsumerRecord<byte[], byte[]> record) {
    return DeadLetter.newBuilder()
        .setTopic(record.topic())
        .setPartition(record.partition())
        .setOffset(record.offset())
        .setStage("ingest")
        .setReason("UNREADABLE")
        .setSizeBytes(record.value().length)
        .setSha256(sha256(record.value()))
        .setSeenAt(clock.instant())
        .build();
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private void load(Collection<TopicPartition> partitions) {
    partitions.forEach(partition -> specs.remove(partition.partition()));
    consumer.seekToBeginning(partitions);
    consumer
        .endOffsets(partitions)
        .forEach((partition, end) -> loading.put(partition.partition(), end));
  }

  @Override
  public void close() {
    consumer.close();
  }

  private final class Rebalance implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      load(partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      partitions.forEach(
          partition -> {
            if (loading.remove(partition.partition()) == null) {
              owner.leaving(partition.partition());
            }
            specs.remove(partition.partition());
          });
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      partitions.forEach(
          partition -> {
            loading.remove(partition.partition());
            owner.lost(partition.partition());
            specs.remove(partition.partition());
          });
    }
  }
}
