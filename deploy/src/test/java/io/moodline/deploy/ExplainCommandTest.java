package io.moodline.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.TopicSetup;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.StreamKind;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code explain} against a broker that holds a frame and its outcome, or the outcome alone. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ExplainCommandTest {
  private static final int PARTITIONS = 2;
  private static final String RUN = "5b3cbb09-6d3f-4e0a-9d0c-7a3f6d2c1b10";

  @TempDir static Path folder;
  private static EmbeddedBroker broker;
  private static KafkaConnection kafka;

  @BeforeAll
  static void start() throws Exception {
    broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
    kafka = new KafkaConnection(broker.bootstrapServers(), new Topics("moodline"), PARTITIONS);
    TopicSetup.apply(kafka, 1, List.of());
    List<String> labels =
        List.of(
            "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt");
    List<Float> scores = new ArrayList<>(List.of(0f, 1f, 0f, 0f, 0f, 0f, 0f, 0f));
    Box box = new Box(177 / 512f, 66 / 512f, 97 / 512f, 97 / 512f);
    Face face =
        Face.newBuilder()
            .setBox(box)
            .setLandmarks(List.of())
            .setFaceScore(0.9f)
            .setScores(scores)
            .setReasons(List.of())
            .build();
    try (KafkaProducer<byte[], byte[]> producer = kafka.producer("test", Map.of())) {
      send(producer, kafka.topics().frames(), Serdes.FRAME.encode(frame(jpeg())));
      for (long sequence : new long[] {4, 5}) {
        FrameFaces outcome =
            FrameFaces.newBuilder()
                .setStreamId("lobby")
                .setRunId(RUN)
                .setSequence(sequence)
                .setKind(StreamKind.LIVE)
                .setDroppedBefore(Map.of())
                .setCaptureTime(Instant.ofEpochSecond(9))
                .setMediaTimeMicros(800_000)
                .setTargetFramesPerSecond(5)
                .setOutcome(Outcome.ANALYSED)
                .setWidth(512)
                .setHeight(512)
                .setFaces(List.of(face))
                .setDetector("opencv-cascade")
                .setModel("lite-ferplus")
                .setModelDigest("00")
                .setLabels(labels)
                .setAnalysedAt(Instant.ofEpochSecond(10))
                .build();
        send(producer, kafka.topics().faces(), Serdes.FRAME_FACES.encode(outcome));
      }
    }
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  private static void send(KafkaProducer<byte[], byte[]> producer, String topic, byte[] value)
      throws Exception {
    int partition = StreamPartition.of("lobby", PARTITIONS);
    byte[] key = "lobby".getBytes(StandardCharsets.UTF_8);
    producer.send(new ProducerRecord<>(topic, partition, key, value)).get();
  }

  private static byte[] jpeg() throws Exception {
    BufferedImage portrait = ImageIO.read(Samples.portrait().toFile());
    BufferedImage rgb = new BufferedImage(512, 512, BufferedImage.TYPE_INT_RGB);
    rgb.getGraphics().drawImage(portrait, 0, 0, null);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(rgb, "jpg", bytes);
    return bytes.toByteArray();
  }

  private static Frame frame(byte[] jpeg) {
    return Frame.newBuilder()
        .setStreamId("lobby")
        .setRunId(RUN)
        .setSequence(4)
        .setKind(StreamKind.LIVE)
        .setDroppedBefore(Map.of())
        .setCaptureTime(Instant.ofEpochSecond(9))
        .setMediaTimeMicros(800_000)
        .setTargetFramesPerSecond(5)
        .setWidth(512)
        .setHeight(512)
        .setJpeg(ByteBuffer.wrap(jpeg))
        .build();
  }

  private static Cli.Result explain(String event, String... more) {
    List<String> arguments = new ArrayList<>(List.of("explain", event));
    arguments.addAll(List.of("--set", "kafka.bootstrap.servers=" + broker.bootstrapServers()));
    arguments.addAll(List.of(more));
    return new Cli(folder.resolve("home")).run(arguments.toArray(String[]::new));
  }

  @Test
  void rebuildsCropTensorScoresAndGateWhileTheFrameIsKept() throws Exception {
    Path crop = folder.resolve("crop.png");
    Cli.Result result = explain("lobby/" + RUN + "/4/0", "--json", "--save-crop", crop.toString());
    assertThat(result.code()).as(result.err()).isZero();
    JsonNode answer = ApiClient.JSON.readTree(result.out());
    assertThat(answer.path("rebuilt").asBoolean()).isTrue();
    assertThat(answer.path("sameModel").asBoolean()).as("the digest is made up").isFalse();
    assertThat(answer.path("tensorSha256").asText()).hasSize(64);
    assertThat(answer.at("/rebuiltScores/happiness").asDouble()).isGreaterThan(0.8);
    assertThat(answer.path("largestDifference").asDouble()).isBetween(0.0, 0.2);
    assertThat(answer.at("/quality/pixels").asInt()).isEqualTo(100);
    assertThat(answer.path("gate").isObject()).isTrue();
    assertThat(ImageIO.read(crop.toFile()).getWidth()).isEqualTo(48);
    String first = answer.path("tensorSha256").asText();
    assertThat(explain("lobby/" + RUN + "/4/0").out()).contains(first, "RGB, SHA-256", "happiness");
  }

  @Test
  void saysClearlyThatTheFrameIsGone() {
    Cli.Result result = explain("lobby/" + RUN + "/5/0");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("happiness 1.0000", "the frame is gone: pictures are deleted a minute");
  }

  @Test
  void namesWhatIsNoEvent() throws Exception {
    for (String event :
        new String[] {"lobby", "lobby/x/y/0", "lobby/" + RUN + "/6/0", "lobby/" + RUN + "/4/1"}) {
      Cli.Result result = explain(event);
      assertThat(result.code()).isEqualTo(2);
      assertThat(result.err().strip().lines()).singleElement().asString().contains("moodline: ");
    }
    assertThat(Files.exists(folder.resolve("home"))).isTrue();
  }
}
