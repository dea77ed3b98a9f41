package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.moodline.analyzer.FaceCrops;
import io.moodline.ingest.SyntheticClip;
import io.moodline.ingest.SyntheticClip.Look;
import io.moodline.ingest.SyntheticClip.Pose;
import io.moodline.ingest.SyntheticClip.ScriptedFace;
import io.moodline.models.Bundle;
import io.moodline.models.Bundles;
import io.moodline.models.PosterV2Reference;
import io.moodline.models.RecipeWeights;
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
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.Frame;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A recording through POSTER V2 with seven and with eight classes: from a checkpoint over the
 * commands, FFmpeg, Kafka and the analyzer to the events, whose scores are those of the network
 * that was proven against PyTorch, on the same frames.
 */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class PosterV2EndToEndTest {
  private static final Map<String, Integer> MODELS = Map.of("raf", 7, "affect", 8);
  private static final int FRAMES = 3;

  @TempDir Path home;

  /** What came of a replay: the frames that were analysed and the event of each one's face. */
  private record Seen(Map<Long, byte[]> frames, Map<Long, JsonNode> events) {}

  @Test
  void eventsHoldTheScoresOfTheReference() throws Exception {
    MODELS.forEach(this::importCheckpoint);
    SyntheticClip clip =
        new SyntheticClip(
            640,
            360,
            10,
            0.2 * FRAMES,
            true,
            List.of(
                new ScriptedFace(
                    0, 1, Pose.at(200, 190, 120), Pose.at(400, 180, 170), false, Look.SURPRISE)));
    TestNode.addRecording(home, "face.mp4", clip);
    Map<String, Seen> seen = new TreeMap<>();
    try (EmbeddedBroker broker = EmbeddedBroker.start(home.resolve("broker"), 0);
        TestNode node =
            TestNode.start(
                home,
                Map.of(
                    RuntimeSettings.KAFKA_BOOTSTRAP.key(),
                    broker.bootstrapServers(),
                    RuntimeSettings.TOPIC_REPLICATION.key(),
                    "1"))) {
      for (String model : MODELS.keySet()) {
        seen.put(model, replay(node, broker.bootstrapServers(), model));
      }
    }
    for (Map.Entry<String, Seen> entry : seen.entrySet()) {
      check(entry.getKey(), entry.getValue());
    }
  }

  private void importCheckpoint(String name, int classes) {
    Path checkpoint = RecipeWeights.write("poster-v2", classes, home.resolve(name + ".npz"));
    Cli.Result imported =
        new Cli(home)
            .run(
                "model",
                "import",
                "--arch",
                "poster-v2",
                "--labels",
                classes == 7 ? "raf-db" : "affectnet-8",
                "--name",
                name,
                checkpoint.toString());
    assertThat(imported.code()).as(imported.err()).isZero();
    assertThat(checkpoint.toFile().delete()).isTrue();
  }

  private Seen replay(TestNode node, String bootstrap, String model) throws Exception {
    Settings settings = Settings.load(home, SettingsOptions.ALL, Map.of(), Map.of());
    KafkaConnection kafka =
        new KafkaConnection(
            bootstrap,
            new Topics(settings.get(RuntimeSettings.TOPIC_PREFIX)),
            settings.get(RuntimeSettings.TOPIC_PARTITIONS));
    ObjectNode request =
        ApiClient.object()
            .put("recording", "face.mp4")
            .put("purpose", "research")
            .put("model", model);
    SecretBox secrets = SecretBox.open(RuntimeSettings.secretKeyFile(settings));
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.consumer("test", Map.of());
        StreamKeys keys = StreamKeys.start("test", kafka, secrets, Failures.exitProcess())) {
      List<TopicPartition> partitions =
          IntStream.range(0, kafka.partitions())
              .mapToObj(i -> new TopicPartition(kafka.topics().recordingFrames(), i))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      String id = node.replays().start(request).path("id").asText();
      Map<Long, byte[]> frames = frames(consumer, keys, id);
      JsonNode replay = node.finished(id);
      assertThat(replay.path("ledger").path("analysed").asInt()).isEqualTo(FRAMES);
      assertThat(replay.path("model").asText()).isEqualTo(model);
      return new Seen(frames, events(node, id));
    }
  }

  /** The pictures as they were analysed, read while they are: they go a minute later. */
  private static Map<Long, byte[]> frames(
      KafkaConsumer<byte[], byte[]> consumer, StreamKeys keys, String stream) {
    Map<Long, byte[]> frames = new TreeMap<>();
    Awaitility.await()
        .atMost(Duration.ofMinutes(3))
        .until(
            () -> {
              for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                Frame frame = Serdes.FRAME.decode(record.value());
                if (frame.getStreamId().equals(stream) && frame.getEndOfRun() == null) {
                  DataKey key = keys.find(stream, frame.getKeyId()).orElseThrow();
                  frames.put(frame.getSequence(), SealedRecords.jpeg(frame, key));
                }
              }
              return frames.size() == FRAMES;
            });
    return frames;
  }

  private static Map<Long, JsonNode> events(TestNode node, String stream) throws Exception {
    Map<Long, JsonNode> events = new TreeMap<>();
    String path = "/api/v1/streams/" + stream + "/events?from=beginning";
    try (LiveLines lines = node.api().events(path, "", Duration.ofMinutes(1))) {
      boolean emotion = false;
      String text;
      while (events.size() < FRAMES && (text = lines.next()) != null) {
        if (text.startsWith("event:")) {
          emotion = text.substring(6).strip().equals("emotion");
        } else if (emotion && text.startsWith("data:")) {
          JsonNode event = ApiClient.JSON.readTree(text.substring(5));
          events.put(event.path("sequence").asLong(), event);
        }
      }
    }
    return events;
  }

  private void check(String model, Seen seen) {
    List<String> labels = new ArrayList<>();
    Map<Long, byte[]> faces = faces(model, seen, labels);
    double largest = 0;
    try (PosterV2Reference reference = new PosterV2Reference(labels.size())) {
      for (Map.Entry<Long, byte[]> face : faces.entrySet()) {
        double[] expected = reference.scores(face.getValue());
        JsonNode scores = seen.events().get(face.getKey()).path("scores");
        assertThat(scores).hasSize(MODELS.get(model));
        double lowest = 1;
        double highest = 0;
        for (int i = 0; i < expected.length; i++) {
          double score = scores.path(labels.get(i)).asDouble(-1);
          assertThat(score).as(model + " " + labels.get(i)).isCloseTo(expected[i], within(1e-4));
          largest = Math.max(largest, Math.abs(score - expected[i]));
          lowest = Math.min(lowest, score);
          highest = Math.max(highest, score);
        }
        // Scores that are all alike would agree in any order.
        assertThat(highest - lowest).isGreaterThan(0.01);
      }
    }
    System.out.println(model + ": largest difference of a score in the events: " + largest);
  }

  /** The face of each frame, found and cut out once more. */
  private Map<Long, byte[]> faces(String model, Seen seen, List<String> labels) {
    Bundle bundle = new Bundles(home.resolve("bundles")).resolve(model);
    labels.addAll(bundle.labels());
    Settings settings = Settings.load(home, SettingsOptions.ALL, Map.of(), Map.of());
    Map<Long, byte[]> faces = new TreeMap<>();
    try (FaceCrops crops = FaceCrops.ofWholePictures(bundle, home, settings)) {
      seen.frames()
          .forEach(
              (sequence, jpeg) -> {
                JsonNode event = seen.events().get(sequence);
                assertThat(event).as("event of frame %s", sequence).isNotNull();
                assertThat(event.path("modelDigest").asText()).isEqualTo(bundle.digest());
                faces.put(sequence, crops.read(jpeg, "frame " + sequence).orElseThrow().pixels());
              });
    }
    return faces;
  }
}
