package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.TopicSetup;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.StreamStatus;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every fault of the table once, against the whole stage: each stream says the reason or lives
 * through it, plays when the fault is over, and a neighbour of them all is never disturbed. {@code
 * -Dmoodline.fault.rounds} says how often; how long each took to recover is printed.
 */
@Timeout(value = 3600, unit = TimeUnit.SECONDS)
class FaultTableTest {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final int AT_ONCE = Integer.getInteger("moodline.fault.at-once", 14);
  private static final int ROUNDS = Integer.getInteger("moodline.fault.rounds", 1);

  /** A fault of the camera begins with its 30th picture. */
  private static final int BEYOND_THE_FAULT = 45;

  @TempDir Path folder;
  private final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();
  private final Map<String, StreamStatus> now = new HashMap<>();
  private final Map<String, Set<String>> reasons = new HashMap<>();
  private final Set<String> runsOfTheNeighbour = new HashSet<>();
  private final Map<String, Long> healedMillis = new HashMap<>();
  private final Map<Fault, List<Double>> recoverySeconds = new EnumMap<>(Fault.class);
  private KafkaConnection kafka;
  private SecretBox secrets;
  private KafkaConsumer<byte[], byte[]> statuses;
  private int revision;

  @Test
  void everyFaultIsNamedOrLivedThroughAndOverWhenItEnds() throws Exception {
    TestMedia media = TestMedia.make(folder.resolve("media-1"), 320, 240);
    TestMedia other = TestMedia.make(folder.resolve("media-2"), 192, 144);
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
        TestCamera camera = TestCamera.start(media, other)) {
      kafka = new KafkaConnection(broker.bootstrapServers(), new Topics("faults"), 4);
      TopicSetup.apply(kafka, 1, List.of(kafka.group("ingest"), kafka.group("analyzer")));
      secrets = SecretBox.open(folder.resolve("secret.key"));
      try (KafkaConsumer<byte[], byte[]> consumer = kafka.consumer("faults", Map.of());
          Ingest ingest = Ingest.start(context(), decoders())) {
        statuses = consumer;
        var partitions =
            IntStream.range(0, 4)
                .mapToObj(p -> new TopicPartition(kafka.topics().streamStatus(), p))
                .toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        put("neighbour", camera.url(Fault.NONE));
        await(() -> isPlaying("neighbour", 3));
        List<Fault> faults =
            Stream.of(Fault.values()).filter(fault -> fault != Fault.NONE).toList();
        for (int round = 0; round < ROUNDS; round++) {
          for (int from = 0; from < faults.size(); from += AT_ONCE) {
            playThrough(camera, faults.subList(from, Math.min(faults.size(), from + AT_ONCE)));
          }
          faults.forEach(camera::breakAgain);
        }
        tellRecovery();
        long before = now.get("neighbour").getPublished();
        await(() -> isPlaying("neighbour", before + 10));
        assertThat(runsOfTheNeighbour).as("runs of the stream beside the faults").hasSize(1);
      }
      Awaitility.await().atMost(PATIENCE).until(() -> camera.connections() == 0 && links() == 0);
    }
    assertThat(bugs).isEmpty();
  }

  private void playThrough(TestCamera camera, List<Fault> faults) {
    faults.forEach(fault -> put(fault.name(), camera.url(fault)));
    for (Fault fault : faults) {
      await(
          () ->
              fault.isLivedThrough()
                  ? isPlaying(fault.name(), BEYOND_THE_FAULT)
                  : reasons.getOrDefault(fault.name(), Set.of()).stream()
                      .anyMatch(reason -> reason.contains(fault.reason)),
          () ->
              fault
                  + " was told as "
                  + reasons.get(fault.name())
                  + ", now "
                  + now.get(fault.name()));
    }
    for (Fault fault : faults) {
      camera.heal(fault);
      if (fault == Fault.LOCKED_OUT || fault == Fault.PASSWORD_CHANGED) {
        put(fault.name(), camera.url(fault) + "?again"); // an operator mends it: no waiting then
      }
      if (!fault.isLivedThrough()) {
        healedMillis.put(fault.name(), System.currentTimeMillis());
      }
    }
    for (Fault fault : faults) {
      if (!fault.isLivedThrough()) {
        await(
            () -> isPlaying(fault.name(), 3),
            () -> fault + " does not recover: " + now.get(fault.name()));
      }
    }
    faults.forEach(fault -> send(fault.name(), null));
    await(() -> faults.stream().noneMatch(fault -> now.containsKey(fault.name())));
    faults.forEach(fault -> reasons.remove(fault.name()));
  }

  /** From the end of a fault to the first status that shows a new frame. */
  private void tellRecovery() {
    recoverySeconds.forEach((fault, seconds) -> tell(fault.name(), seconds));
    tell("all", recoverySeconds.values().stream().flatMap(List::stream).toList());
  }

  private static void tell(String what, List<Double> seconds) {
    List<Double> sorted = seconds.stream().sorted().toList();
    System.out.printf(
        Locale.ROOT,
        "recovery from %s: %d times, p50 %.1f s, p99 %.1f s, longest %.1f s%n",
        what,
        sorted.size(),
        sorted.get(sorted.size() / 2),
        sorted.get((int) Math.ceil(sorted.size() * 0.99) - 1),
        sorted.get(sorted.size() - 1));
  }

  private boolean isPlaying(String stream, long frames) {
    StreamStatus status = now.get(stream);
    return status != null
        && status.getState() == StreamState.STREAMING
        && status.getPublished() >= frames;
  }

  private static long links() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("ingest-link-"))
        .count();
  }

  private void await(java.util.function.BooleanSupplier condition) {
    await(condition, () -> "now " + now);
  }

  private void await(
      java.util.function.BooleanSupplier condition, java.util.function.Supplier<String> otherwise) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(otherwise).isLessThan(deadline);
      assertThat(bugs).isEmpty();
      read();
    }
  }

  private void read() {
    for (var record : statuses.poll(Duration.ofMillis(200))) {
      String stream = new String(record.key(), StandardCharsets.UTF_8);
      if (record.value() == null) {
        now.remove(stream);
        continue;
      }
      StreamStatus status = Serdes.STREAM_STATUS.decode(record.value());
      now.put(stream, status);
      long after = record.timestamp() - healedMillis.getOrDefault(stream, Long.MAX_VALUE);
      if (after > 0 && isPlaying(stream, 1)) {
        healedMillis.remove(stream);
        recoverySeconds
            .computeIfAbsent(Fault.valueOf(stream), fault -> new ArrayList<>())
            .add(after / 1e3);
      }
      if (status.getReason() != null) {
        reasons.computeIfAbsent(stream, id -> new HashSet<>()).add(status.getReason());
      }
      if (stream.equals("neighbour") && status.getRunId() != null) {
        runsOfTheNeighbour.add(status.getRunId());
      }
    }
  }

  private void put(String id, String address) {
    SourceUri uri = SourceUri.parse(address);
    StreamSpec spec =
        StreamSpec.newBuilder()
            .setStreamId(id)
            .setName(id)
            .setLabels(Map.of())
            .setSource(uri.toString())
            .setSealedCredentials(ByteBuffer.wrap(secrets.seal("viewer:s3cret!", id)))
            .setKind(StreamKind.LIVE)
            .setTargetFramesPerSecond(10)
            .setPurpose("research")
            .setDesiredState(DesiredState.RUNNING)
            .setRevision(++revision)
            .setCreatedAt(Instant.EPOCH)
            .setUpdatedAt(Instant.EPOCH)
            .build();
    send(id, Serdes.STREAM_SPEC.encode(spec));
  }

  private void send(String id, byte @Nullable [] value) {
    try (var producer = kafka.producer("faults", Map.of())) {
      producer.send(
          new ProducerRecord<>(
              kafka.topics().streams(),
              StreamPartition.of(id, 4),
              id.getBytes(StandardCharsets.UTF_8),
              value));
    }
  }

  private StageContext context() {
    List<Setting<?>> known = Setting.all(RuntimeSettings.ALL, IngestSettings.ALL);
    return new StageContext(
        "faults",
        Settings.load(folder, known, Map.of(), Map.of("ingest.reconnect.after", "15s")),
        kafka,
        new PrometheusRegistry(),
        new Health(),
        secrets,
        (thread, cause) -> bugs.add(cause),
        Clock.systemUTC());
  }

  /** A camera's silence is told soon; a slow machine is given all the time it needs. */
  private Decoders decoders() {
    Duration minutes = Duration.ofMinutes(3);
    var patience = new DecoderProcess.Patience(minutes, minutes, minutes, minutes);
    return new LinkedDecoders(
        DecoderPool.start(
            new FfmpegOrder(1280, 92), patience, true, (name, cause) -> bugs.add(cause)),
        AddressPolicy.usual(),
        Dialer.of(
            "",
            new Dialer.Patience(
                Duration.ofSeconds(2), Duration.ofSeconds(3), Duration.ofSeconds(4))));
  }
}
