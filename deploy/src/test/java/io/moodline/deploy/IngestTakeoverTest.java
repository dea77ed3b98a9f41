package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.KafkaConnection;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three processes share live streams and are killed at random: the others go on with what the dead
 * one ran, and no stream ever runs twice at once. {@code -Dmoodline.takeover.streams} and {@code
 * -Dmoodline.takeover.kills} say how many; a release is given 60 and 10.
 */
@Timeout(value = 1800, unit = TimeUnit.SECONDS)
class IngestTakeoverTest {
  private static final int STREAMS = Integer.getInteger("moodline.takeover.streams", 9);
  private static final int KILLS = Integer.getInteger("moodline.takeover.kills", 2);
  private static final int INSTANCES = 3;
  private static final int PARTITIONS = 4;
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  @TempDir Path home;
  private EmbeddedBroker broker;
  private KafkaConnection kafka;
  private Cluster cluster;

  /** What is committed, by stream, in the order of the log. */
  private final Map<String, List<Frame>> frames = new LinkedHashMap<>();

  private KafkaConsumer<byte[], byte[]> reader;

  @BeforeEach
  void start() throws Exception {
    broker = EmbeddedBroker.start(home.resolve("broker"), 0);
    kafka = new KafkaConnection(broker.bootstrapServers(), new Topics("moodline"), PARTITIONS);
    cluster = new Cluster(home, broker.bootstrapServers());
  }

  @AfterEach
  void stop() throws Exception {
    if (reader != null) {
      reader.close();
    }
    cluster.close();
    broker.close();
  }

  @Test
  void everyStreamGoesOnAndNoneRunsTwice() throws Exception {
    List<String> alive = new ArrayList<>();
    for (int i = 0; i < INSTANCES; i++) {
      alive.add("member-" + i);
      cluster.start("ingest", "member-" + i);
    }
    openReader();
    for (int i = 0; i < STREAMS; i++) {
      put("cam-" + i);
    }
    awaitMore(3);

    Random random = new Random(7);
    for (int kill = 0; kill < KILLS; kill++) {
      boolean settled = kill % 2 == 0;
      if (settled) {
        awaitSettled();
      } // else: in the middle of what the start of another instance brings about
      cluster.kill("ingest", alive.remove(random.nextInt(alive.size())));
      long killed = System.nanoTime();
      long first = awaitMore(3);
      System.out.printf(
          "kill %d, %s: every stream had a new frame after %.1f s and three after %.1f s%n",
          kill + 1,
          settled ? "the group at rest" : "right after a start",
          (first - killed) / 1e9,
          (System.nanoTime() - killed) / 1e9);
      String next = "spare-" + kill;
      cluster.start("ingest", next);
      alive.add(next);
    }

    long runs = 0;
    for (int i = 0; i < STREAMS; i++) {
      runs += assertRunsFollowOneAnother("cam-" + i);
    }
    // The dead ran something: else nothing was shown.
    assertThat(runs).isGreaterThan(STREAMS);
  }

  /**
   * Waits until each stream has so many frames that were committed after this call.
   *
   * @return when each had one, as {@link System#nanoTime} has it
   */
  private long awaitMore(int wanted) {
    read();
    Map<String, Integer> before = new LinkedHashMap<>();
    frames.forEach((id, seen) -> before.put(id, pictures(seen)));
    awaitEach(before, 1);
    long first = System.nanoTime();
    awaitEach(before, wanted);
    return first;
  }

  private void awaitEach(Map<String, Integer> before, int more) {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(100))
        .untilAsserted(
            () -> {
              cluster.assertAlive();
              read();
              assertThat(frames).hasSize(STREAMS);
              frames.forEach(
                  (id, seen) ->
                      assertThat(pictures(seen))
                          .as(id)
                          .isGreaterThanOrEqualTo(before.getOrDefault(id, 0) + more));
            });
  }

  /** How many there are without the end marks, which a successor writes at once. */
  private static int pictures(List<Frame> seen) {
    return (int) seen.stream().filter(frame -> frame.getEndOfRun() == null).count();
  }

  /** Waits until all instances have their share and every stream runs. */
  private void awaitSettled() {
    String group = kafka.group("ingest");
    try (Admin admin = kafka.admin("test")) {
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                var known = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
                return known.groupState() == GroupState.STABLE
                    && known.members().size() == INSTANCES
                    && known.members().stream()
                        .noneMatch(it -> it.assignment().topicPartitions().isEmpty());
              });
    }
    awaitMore(1);
  }

  /**
   * Frames of a run are numbered without gap, none comes after its end mark, which counts them, and
   * none after the first of the next run: two processes at once would break one of these.
   */
  private long assertRunsFollowOneAnother(String id) {
    List<Frame> all = frames.get(id);
    List<String> runs = all.stream().map(Frame::getRunId).distinct().toList();
    List<String> inOrder = new ArrayList<>();
    long sequence = 0;
    for (Frame frame : all) {
      if (inOrder.isEmpty() || !inOrder.get(inOrder.size() - 1).equals(frame.getRunId())) {
        inOrder.add(frame.getRunId());
        sequence = 0;
      }
      assertThat(frame.getSequence()).as("%s of run %s", id, frame.getRunId()).isEqualTo(sequence);
      if (frame.getEndOfRun() != null) {
        assertThat(frame.getEndOfRun().getPublished()).isEqualTo(sequence);
      }
      sequence++;
    }
    assertThat(inOrder).as("runs of %s in the log", id).isEqualTo(runs);
    long ended = all.stream().filter(frame -> frame.getEndOfRun() != null).count();
    assertThat(ended).as("end marks of %s", id).isEqualTo(runs.size() - 1);
    return runs.size();
  }

  private void openReader() {
    reader = kafka.consumer("test", Map.of());
    List<TopicPartition> partitions =
        IntStream.range(0, PARTITIONS)
            .mapToObj(it -> new TopicPartition(kafka.topics().frames(), it))
            .toList();
    reader.assign(partitions);
    reader.seekToBeginning(partitions);
  }

  /** Reads what is committed by now. */
  private void read() {
    Map<TopicPartition, Long> ends = reader.endOffsets(reader.assignment());
    while (ends.entrySet().stream().anyMatch(it -> reader.position(it.getKey()) < it.getValue())) {
      for (ConsumerRecord<byte[], byte[]> record : reader.poll(Duration.ofMillis(200))) {
        Frame frame = Serdes.FRAME.decode(record.value());
        frames.computeIfAbsent(frame.getStreamId(), id -> new ArrayList<>()).add(frame);
      }
    }
  }

  private void put(String id) throws Exception {
    StreamSpec spec =
        StreamSpec.newBuilder()
            .setStreamId(id)
            .setName(id)
            .setLabels(Map.of())
            .setSource("synthetic:live?size=320x180&rate=2")
            .setKind(StreamKind.LIVE)
            .setStart(NOW)
            .setTargetFramesPerSecond(2)
            .setPurpose("demo")
            .setDesiredState(DesiredState.RUNNING)
            .setRevision(1)
            .setCreatedAt(NOW)
            .setUpdatedAt(NOW)
            .build();
    try (var producer = kafka.producer("test", Map.of())) {
      producer
          .send(
              new ProducerRecord<>(
                  kafka.topics().streams(),
                  StreamPartition.of(id, PARTITIONS),
                  id.getBytes(StandardCharsets.UTF_8),
                  Serdes.STREAM_SPEC.encode(spec)))
          .get();
    }
  }
}
