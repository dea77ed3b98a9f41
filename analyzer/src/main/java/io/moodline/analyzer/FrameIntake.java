package io.moodline.analyzer;

import io.moodline.runtime.KafkaConnection;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Takes frames from the two topics, live before recorded: a log knows no priority, so the one that
 * must wait is paused. While both have frames, live ones get {@code liveWeight} turns and
 * recordings get one, so each has a share that the other can not take; a turn that finds nothing is
 * anybody's.
 *
 * <p>Owns the consumer. Confined to the thread that calls {@link #next}, but for {@link #wakeUp}.
 */
final class FrameIntake implements AutoCloseable {
  /** How long to wait for frames with none in hand. */
  static final Duration IDLE_WAIT = Duration.ofMillis(100);

  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(10);
  private static final Duration REWIND_PATIENCE = Duration.ofSeconds(30);

  /** Most bytes that one answer of a broker holds; a batch is cut from what was fetched. */
  private static final int FETCH_BYTES = 16 * 1024 * 1024;

  /** So many times as many live turns while recordings are slowed. */
  private static final int SLOWED = 4;

  /** Whose frames a micro-batch is taken from. */
  private enum Turn {
    LIVE,
    RECORDINGS,
    BOTH
  }

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final String liveTopic;
  private final String recordingTopic;
  private final Batching batching;
  private final int pollFrames;
  private final AnalyzerMetrics metrics;
  private boolean revoked;
  private final Set<TopicPartition> held = new HashSet<>();
  private @Nullable Turn turn = Turn.BOTH; // null when partitions have to be sorted anew
  private int liveTurns;
  private int liveWeight;

  /**
   * How frames are taken.
   *
   * @param frames most of a micro-batch
   * @param deadline how long one that is not full waits for more
   * @param liveWeight turns of live frames for each turn of recordings while both wait
   */
  record Batching(int frames, Duration deadline, int liveWeight) {}

  FrameIntake(
      KafkaConnection kafka,
      String clientId,
      String group,
      Batching batching,
      AnalyzerMetrics metrics) {
    this.batching = batching;
    this.pollFrames = Math.max(1, batching.frames() / 2);
    this.liveWeight = batching.liveWeight();
    this.liveTopic = kafka.topics().frames();
    this.recordingTopic = kafka.topics().recordingFrames();
    this.metrics = metrics;
    this.consumer =
        kafka.groupConsumer(
            clientId,
            group,
            Map.of(
                ConsumerConfig.MAX_POLL_RECORDS_CONFIG, pollFrames,
                ConsumerConfig.FETCH_MAX_BYTES_CONFIG, FETCH_BYTES,
                // A fetch that waits for recordings holds up the next one, which is for live
                // frames.
                ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG, 100));
    consumer.subscribe(List.of(liveTopic, recordingTopic), new Reassigned());
  }

  /**
   * Partitions were taken away, and whoever has them now reads from what is committed: what was
   * taken and is not committed must be forgotten. The broker knows which member commits, not
   * whether the partition is still its own.
   */
  static final class RevokedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RevokedException() {
      super("partitions were taken away");
    }
  }

  /** New partitions come unpaused. */
  private final class Reassigned implements ConsumerRebalanceListener {
    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      revoked = true;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      consumer.resume(consumer.paused());
      resumeHeld();
    }
  }

  /**
   * Frames of one turn; none when there is nothing to do.
   *
   * @param wait for frames of any kind when none are there
   * @throws RevokedException when partitions were taken away: forget what is not committed and
   *     {@link #rewind}
   */
  ConsumerRecords<byte[], byte[]> next(Duration wait) {
    ConsumerRecords<byte[], byte[]> records = takeTurns(wait);
    if (revoked) {
      revoked = false;
      metrics.revoked();
      throw new RevokedException();
    }
    reportLag();
    return records;
  }

  private ConsumerRecords<byte[], byte[]> takeTurns(Duration wait) {
    boolean live = liveTurns < liveWeight;
    liveTurns = live ? liveTurns + 1 : 0;
    listenTo(live ? Turn.LIVE : Turn.RECORDINGS);
    ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ZERO);
    if (records.isEmpty() && !revoked) {
      liveTurns = 0;
      listenTo(Turn.BOTH);
      records = consumer.poll(wait);
    }
    return records;
  }

  /** An empty micro-batch. */
  MicroBatch newBatch() {
    return new MicroBatch(batching.deadline());
  }

  /** Whether a micro-batch of so many frames has room for those of another turn. */
  boolean fits(int frames) {
    return frames + pollFrames <= batching.frames();
  }

  private void listenTo(Turn wanted) {
    if (turn == wanted) {
      return;
    }
    turn = wanted;
    Set<TopicPartition> all = consumer.assignment();
    Predicate<TopicPartition> heard =
        partition ->
            !held.contains(partition)
                && (wanted == Turn.BOTH
                    || partition.topic().equals(liveTopic) == (wanted == Turn.LIVE));
    Map<Boolean, List<TopicPartition>> byHeard =
        all.stream().collect(Collectors.partitioningBy(heard));
    consumer.pause(byHeard.getOrDefault(false, List.of()));
    consumer.resume(byHeard.getOrDefault(true, List.of()));
  }

  /**
   * Takes nothing more of the record's partition until {@link #resumeHeld} or {@link #rewind}, then
   * this record again; returns where that is. A rebalance may let it come earlier.
   */
  OffsetAndMetadata hold(ConsumerRecord<byte[], byte[]> record) {
    TopicPartition partition = new TopicPartition(record.topic(), record.partition());
    OffsetAndMetadata from = new OffsetAndMetadata(record.offset(), record.leaderEpoch(), "");
    consumer.seek(partition, from);
    consumer.pause(List.of(partition));
    held.add(partition);
    metrics.held(held.size());
    return from;
  }

  /** Takes of all partitions again. */
  void resumeHeld() {
    held.clear();
    turn = null;
    metrics.held(0);
  }

  private void reportLag() {
    Map<String, Long> lag = new HashMap<>(Map.of(liveTopic, 0L, recordingTopic, 0L));
    for (TopicPartition partition : consumer.assignment()) {
      consumer
          .currentLag(partition)
          .ifPresent(records -> lag.merge(partition.topic(), records, Long::sum));
    }
    lag.forEach(metrics::lag);
  }

  /** Gives recordings a smaller share while live frames are late, or their usual one. */
  void slowRecordings(boolean slow) {
    liveWeight = (slow ? SLOWED : 1) * batching.liveWeight();
  }

  /** Goes back to what is committed. */
  void rewind() {
    resumeHeld();
    Set<TopicPartition> mine = consumer.assignment();
    Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(mine, REWIND_PATIENCE);
    for (TopicPartition partition : mine) {
      OffsetAndMetadata offset = committed.get(partition);
      if (offset == null) {
        consumer.seekToBeginning(List.of(partition));
      } else {
        consumer.seek(partition, offset);
      }
    }
  }

  /** Who takes these frames: a transaction of one that was replaced is refused. */
  ConsumerGroupMetadata member() {
    return consumer.groupMetadata();
  }

  /** Whether the group has let this member in. */
  boolean hasJoined() {
    return consumer.groupMetadata().generationId() > 0;
  }

  /** Ends a wait in {@link #next} early; from any thread. */
  void wakeUp() {
    consumer.wakeup();
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(CLOSE_PATIENCE));
  }
}
