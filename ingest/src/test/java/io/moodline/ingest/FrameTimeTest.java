package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SealedRecords;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.TopicSetup;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamStatus;
import io.moodline.schemas.v1.TimeSource;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole stage with a camera whose pictures carry their numbers, and a network whose delays are
 * scripted: packet by packet the link's clock says when it arrived, however fast the machine is.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class FrameTimeTest {
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final Instant START = Instant.parse("2026-11-26T09:00:00Z");
  private static final int STEP_MILLIS = 1000 / TestMedia.RATE;

  /** How long pictures are under way, in turn; none overtakes another. */
  private static final int[] DELAY_MILLIS = {90, 350, 260, 170, 80, 40, 410, 320, 230, 130, 30, 0};

  @TempDir static Path home;
  private static EmbeddedBroker broker;
  private static KafkaConnection kafka;
  private static TestMedia media;
  private String hardware = HardwareWish.OFF;
  private final Queue<Throwable> bugs = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() throws Exception {
    media = TestMedia.make(home.resolve("clips"), 320, 240);
    Files.createDirectories(home.resolve("media"));
    broker = EmbeddedBroker.start(home.resolve("data"), 0);
    kafka = new KafkaConnection(broker.bootstrapServers(), new Topics("times"), 4);
    TopicSetup.apply(kafka, 1, List.of(kafka.group("ingest"), kafka.group("analyzer")));
  }

  @AfterAll
  static void stop() {
    broker.close();
  }

  @Test
  void setsTheMediaClockByTheLeastDelayedArrivalsWithoutReports() throws Exception {
    List<Timed> frames = frames("plain", null, "", 50);
    for (Timed timed : frames) {
      assertThat(timed.frame().getTimeSource()).isEqualTo(TimeSource.ARRIVAL);
      assertThat(timed.late()).isBetween(-1000L, 91_000L);
      assertThat(timed.late()).isLessThanOrEqualTo(timed.frame().getTimeUncertaintyMicros());
    }
    for (Timed timed : frames.subList(30, 50)) {
      assertThat(timed.late()).isBetween(-1000L, 10_000L);
    }
    StreamStatus status = status("plain");
    assertThat(status.getTimeSource()).isEqualTo(TimeSource.ARRIVAL);
    assertThat(status.getTimeUncertaintyMicros()).isBetween(0L, 100_000L);
    assertThat(status.getSenderClockOffsetMicros()).isNull();
  }

  @Test
  void takesEachFramesTimeFromReportsOverTcpAndUdp() throws Exception {
    Instant clock = START.minusMillis(150);
    List<Timed> overTcp = frames("tcp", clock, "", 30);
    // A report may be read behind the packets that were sent behind it.
    List<Timed> overUdp = frames("udp", clock, "?transport=udp", 46).subList(36, 46);
    for (Timed timed : Stream.concat(overTcp.stream(), overUdp.stream()).toList()) {
      assertThat(timed.frame().getTimeSource()).isEqualTo(TimeSource.SENDER_REPORT);
      assertThat(timed.late()).isBetween(-150_100L, -149_900L);
      assertThat(timed.frame().getTimeUncertaintyMicros()).isBetween(0L, 100_000L);
      assertThat(timed.frame().getArrivalTime())
          .isBetween(
              timed.frame().getCaptureTime().plusMillis(100),
              timed.frame().getCaptureTime().plusMillis(400));
    }
    assertThat(status("tcp").getSenderClockOffsetMicros()).isBetween(-241_000L, -149_000L);
  }

  @Test
  void saysThatACamerasClockCanNotBeRight() throws Exception {
    Instant clock = Instant.parse("1970-01-01T00:00:12Z");
    for (Timed timed : frames("lost", clock, "", 12)) {
      assertThat(timed.frame().getTimeSource()).isEqualTo(TimeSource.ARRIVAL);
      assertThat(timed.late()).isBetween(-1000L, 91_000L);
    }
    long ahead = ChronoUnit.MICROS.between(START, clock);
    assertThat(status("lost").getSenderClockOffsetMicros()).isBetween(ahead - 91_000, ahead + 1000);
  }

  @Test
  void saysThatSoftwareDecodesWhereTheHardwareThatIsAskedForCanNotBeUsed() throws Exception {
    String asked = "cuda";
    String problem = HardwareDevices.open(asked).problem();
    hardware = asked;
    frames("asked", null, "", 4);
    StreamStatus status = status("asked");
    if (problem.isEmpty()) {
      assertThat(status.getDecodedBy()).isIn(asked, HardwareWish.SOFTWARE);
    } else {
      assertThat(status.getDecodedBy()).isEqualTo(HardwareWish.SOFTWARE);
      assertThat(status.getDecodedByReason()).isEqualTo(asked + ": " + problem);
    }
    hardware = HardwareWish.OFF;
    frames("off", null, "", 4);
    assertThat(status("off").getDecodedBy()).isEqualTo(HardwareWish.SOFTWARE);
    assertThat(status("off").getDecodedByReason()).isEqualTo("ingest.decoder.hardware is off");
  }

  /**
   * A frame.
   *
   * @param late by how much its time is later than its number says, microseconds
   */
  private record Timed(Frame frame, long late) {}

  private static List<Timed> timed(List<Frame> frames) throws Exception {
    List<Timed> timed = new ArrayList<>();
    int before = 0;
    int round = 0;
    for (Frame frame : frames) {
      byte[] jpeg = SealedRecords.jpeg(frame, null);
      int number = media.clip.numberOn(Clips.decode(jpeg));
      round += number < before ? 1 : 0; // the camera shows its clip again and again
      before = number;
      long millis = (long) (round * media.pictures.size() + number) * STEP_MILLIS;
      Instant right = START.plusMillis(millis);
      timed.add(new Timed(frame, ChronoUnit.MICROS.between(right, frame.getCaptureTime())));
    }
    return timed;
  }

  private List<Timed> frames(String id, Instant reportedStart, String query, int enough)
      throws Exception {
    List<Frame> frames = new ArrayList<>();
    try (TestCamera camera = TestCamera.start(media, media)) {
      camera.reportedStart = reportedStart;
      put(id, camera.rtsp("/NONE/live" + query));
      try (Ingest ingest = Ingest.start(context(), decoders())) {
        await()
            .atMost(PATIENCE)
            .until(
                () -> {
                  frames.clear();
                  read(kafka.topics().frames(), id)
                      .forEach(value -> frames.add(Serdes.FRAME.decode(value)));
                  return frames.size() >= enough;
                });
      } finally {
        remove(id);
      }
    }
    assertThat(bugs).isEmpty();
    assertThat(frames).extracting(Frame::getRunId).containsOnly(frames.get(0).getRunId());
    for (int i = 1; i < enough; i++) {
      assertThat(frames.get(i).getCaptureTime()).isAfter(frames.get(i - 1).getCaptureTime());
    }
    return timed(
        SealedPictures.opened(
            kafka, SecretBox.open(home.resolve("secret.key")), frames.subList(0, enough)));
  }

  /** The last that a stream had; the next start of an ingest sees that it is gone. */
  private StreamStatus status(String id) {
    List<byte[]> values =
        read(kafka.topics().streamStatus(), id).stream().filter(Objects::nonNull).toList();
    return Serdes.STREAM_STATUS.decode(values.get(values.size() - 1));
  }

  private StageContext context() {
    return new StageContext(
        "times",
        Settings.load(
            home,
            Setting.all(RuntimeSettings.ALL, IngestSettings.ALL),
            Map.of(),
            Map.of("ingest.stall.after", "60s", "ingest.reconnect.after", "90s")),
        kafka,
        new PrometheusRegistry(),
        new Health(),
        SecretBox.open(home.resolve("secret.key")),
        (name, cause) -> bugs.add(cause),
        Clock.systemUTC());
  }

  private Decoders decoders() {
    return new LinkedDecoders(
        DecoderPool.start(
            new FfmpegOrder(1280, 92, HardwareWish.of(hardware)),
            DecoderProcess.Patience.USUAL,
            true,
            (name, cause) -> bugs.add(cause)),
        AddressPolicy.usual(),
        Dialer.of("", Dialer.Patience.USUAL),
        new Arrivals());
  }

  private static void put(String id, String source) {
    StreamSpec spec =
        StreamSpec.newBuilder()
            .setStreamId(id)
            .setName(id)
            .setLabels(Map.of())
            .setSource(source)
            .setKind(StreamKind.LIVE)
            .setStart(null)
            .setTargetFramesPerSecond(TestMedia.RATE)
            .setPurpose("demo")
            .setDesiredState(DesiredState.RUNNING)
            .setRevision(1)
            .setCreatedAt(START)
            .setUpdatedAt(START)
            .build();
    send(id, Serdes.STREAM_SPEC.encode(spec));
  }

  private static void remove(String id) {
    send(id, null);
  }

  private static void send(String id, byte[] value) {
    byte[] key = id.getBytes(StandardCharsets.UTF_8);
    try (var producer = kafka.producer("test", Map.of())) {
      producer.send(
          new ProducerRecord<>(kafka.topics().streams(), StreamPartition.of(id, 4), key, value));
      producer.flush();
    }
  }

  /** The committed values of a stream on a topic. */
  private static List<byte[]> read(String topic, String id) {
    List<byte[]> values = new ArrayList<>();
    var partition = new TopicPartition(topic, StreamPartition.of(id, 4));
    try (KafkaConsumer<byte[], byte[]> consumer = kafka.consumer("test", Map.of())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          if (new String(record.key(), StandardCharsets.UTF_8).equals(id)) {
            values.add(record.value());
          }
        }
      }
    }
    return values;
  }

  /** Tells, packet by packet, when it came through the scripted network. */
  private static final class Arrivals extends Clock {
    private int picture;
    private int packets;

    @Override
    public synchronized Instant instant() {
      if (packets == TestCamera.packets(media.pictures.get(picture % media.pictures.size()))) {
        picture++;
        packets = 0;
      }
      packets++;
      return START.plusMillis(
          (long) picture * STEP_MILLIS + DELAY_MILLIS[picture % DELAY_MILLIS.length]);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }
}
