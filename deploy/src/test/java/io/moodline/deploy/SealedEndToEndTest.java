package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.ingest.SyntheticClip;
import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import io.moodline.runtime.DataKey;
import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.Failures;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StreamKeys;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the broker's own files tell of a recording, before and after it was erased. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class SealedEndToEndTest {
  private static final int FRAMES = 10;

  @TempDir static Path home;
  private static EmbeddedBroker broker;
  private static TestNode node;
  private static KafkaConnection kafka;

  @BeforeAll
  static void start() throws Exception {
    ScriptedFace face =
        new ScriptedFace(
            0, 2, Pose.at(200, 190, 120), Pose.at(400, 180, 170), false, Look.SURPRISE);
    SyntheticClip clip = new SyntheticClip(640, 360, 10, 0.2 * FRAMES, true, List.of(face));
    TestNode.addRecording(home, "face.mp4", clip);
    broker = EmbeddedBroker.start(home.resolve("broker"), 0);
    Map<String, String> set =
        Map.of(
            RuntimeSettings.KAFKA_BOOTSTRAP.key(),
            broker.bootstrapServers(),
            RuntimeSettings.TOPIC_REPLICATION.key(),
            "1");
    node = TestNode.start(home, set);
    Settings settings = Settings.load(home, SettingsOptions.ALL, Map.of(), set);
    kafka =
        new KafkaConnection(
            broker.bootstrapServers(),
            new Topics(settings.get(RuntimeSettings.TOPIC_PREFIX)),
            settings.get(RuntimeSettings.TOPIC_PARTITIONS));
  }

  @AfterAll
  static void stop() {
    try {
      node.close();
    } finally {
      broker.close();
    }
  }

  private static StreamKeys keys() {
    SecretBox secrets = SecretBox.open(home.resolve("secret.key"));
    return StreamKeys.start("test", kafka, secrets, Failures.exitProcess());
  }

  @Test
  void picturesAndFacesLieSealedAndErasingMakesThemUnreadable() throws Exception {
    String id;
    Frame frame;
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.consumer("test", Map.of())) {
      consumer.assign(partitions(kafka.topics().recordingFrames()));
      id = node.replay("face.mp4");
      frame = firstFrame(consumer, id);
    }
    JsonNode replay = node.finished(id);
    assertThat(replay.path("ledger").path("analysed").asInt()).isEqualTo(FRAMES);
    FrameFaces faces = firstFaces(id);
    assertThat(faces.getKeyId()).isEqualTo(frame.getKeyId());
    assertThat(faces.getFaces()).isEmpty();
    String event = id + "/" + faces.getRunId() + "/" + faces.getSequence() + "/0";
    String bootstrap = "kafka.bootstrap.servers=" + broker.bootstrapServers();
    try (StreamKeys keys = keys()) {
      DataKey key = keys.find(id, frame.getKeyId()).orElseThrow();
      byte[] jpeg = SealedRecords.jpeg(frame, key);
      Face face =
          SealedRecords.open(faces, keys, SealedRecords.Faces.IN_USE)
              .orElseThrow()
              .getFaces()
              .get(0);
      assertThat(jpeg).startsWith(0xFF, 0xD8).endsWith(0xFF, 0xD9);
      assertThat(filesWith("frames", middle(bytes(frame.getJpeg())))).isPositive();
      assertThat(filesWith("frames", middle(jpeg))).isZero();
      assertThat(filesWith("emotions", first(faces.getLabels(), face)))
          .as("the public event")
          .isPositive();
      assertThat(filesWith("faces", scores(face))).isZero();
    }
    assertThat(new Cli(home).ok("explain", event, "--set", bootstrap)).contains("surprise");

    JsonNode receipt = node.api().erase("/api/v1/streams/" + id + "/data");
    assertThat(receipt.at("/removed/moodline.stream-keys.v1").asInt()).isEqualTo(1);
    try (StreamKeys keys = keys()) {
      assertThat(keys.current(id)).isEmpty();
      assertThat(SealedRecords.open(faces, keys, SealedRecords.Faces.IN_USE)).isEmpty();
    }
    new Cli(home).refused(List.of("was erased"), "explain", event, "--set", bootstrap);

    // The next replay of the same recording is another stream, with a key of its own.
    JsonNode again = node.finished(node.replay("face.mp4"));
    assertThat(again.path("digest").asText()).isEqualTo(replay.path("digest").asText());
  }

  private static List<TopicPartition> partitions(String topic) {
    return Stream.iterate(0, i -> i < kafka.partitions(), i -> i + 1)
        .map(i -> new TopicPartition(topic, i))
        .toList();
  }

  /** A frame as it is published; it goes a minute after its analysis. */
  private static Frame firstFrame(KafkaConsumer<byte[], byte[]> consumer, String stream) {
    consumer.seekToBeginning(consumer.assignment());
    return await()
        .atMost(Duration.ofMinutes(3))
        .until(
            () -> {
              for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                Frame frame = Serdes.FRAME.decode(record.value());
                if (frame.getStreamId().equals(stream)) {
                  return frame;
                }
              }
              return null;
            },
            java.util.Objects::nonNull);
  }

  /** The first outcome with faces. */
  private static FrameFaces firstFaces(String stream) {
    TopicPartition partition =
        new TopicPartition(kafka.topics().faces(), StreamPartition.of(stream, kafka.partitions()));
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.consumer("test", Map.of())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
          FrameFaces faces = Serdes.FRAME_FACES.decode(record.value());
          if (faces.getStreamId().equals(stream) && faces.getSealedFaces() != null) {
            return faces;
          }
        }
      }
    }
    throw new AssertionError("no face was found in stream " + stream);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static byte[] middle(byte[] bytes) {
    return Arrays.copyOfRange(bytes, bytes.length / 2, bytes.length / 2 + 32);
  }

  /** As a plain record of faces.v1 would have them. */
  private static byte[] scores(Face face) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * face.getScores().size()).order(ByteOrder.LITTLE_ENDIAN);
    face.getScores().forEach(bytes::putFloat);
    return bytes.array();
  }

  /** The first one as an event has it: by its label. */
  private static byte[] first(List<String> labels, Face face) {
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(labels.get(0).getBytes(StandardCharsets.UTF_8)).putFloat(face.getScores().get(0));
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  /** How many log files of topics of that kind hold these bytes. */
  private static long filesWith(String topic, byte[] bytes) throws IOException {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    AtomicLong found = new AtomicLong();
    Files.walkFileTree(
        home.resolve("broker"),
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            boolean wanted = file.getParent().getFileName().toString().contains(topic + ".v1");
            if (wanted && file.toString().contains(".log") && holds(file, text)) {
              found.incrementAndGet();
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // the broker removed it meanwhile
          }
        });
    return found.get();
  }

  private static boolean holds(Path file, String text) throws IOException {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
    } catch (NoSuchFileException e) {
      return false; // removed meanwhile
    }
  }
}
