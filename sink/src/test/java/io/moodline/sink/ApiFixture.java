package io.moodline.sink;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Setting;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.TopicSetup;
import io.moodline.runtime.UserException;
import io.moodline.schemas.SourceReport;
import io.moodline.schemas.SourceUri;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.TimeSource;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The HTTP half of the sink over a real broker, with timelines that a test makes up. */
final class ApiFixture implements AutoCloseable {
  static final ObjectMapper JSON = new ObjectMapper();

  final Path home;
  final EmbeddedBroker broker;
  final StageContext stage;
  final FakeTimelines timelines = new FakeTimelines();
  final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
  final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(60))
          .build();
  final KafkaProducer<byte[], byte[]> producer;
  private final boolean real;
  private Sink sink;

  ApiFixture(Path home, Map<String, String> settings) throws Exception {
    this(home, settings, false);
  }

  /** With the real timelines instead of those that a test makes up. */
  ApiFixture(Path home, Map<String, String> settings, boolean real) throws Exception {
    this.home = home;
    this.real = real;
    broker = EmbeddedBroker.start(home.resolve("data"), 0);
    KafkaConnection kafka =
        new KafkaConnection(broker.bootstrapServers(), new Topics("moodline"), 2);
    TopicSetup.apply(kafka, 1, List.of());
    Map<String, String> given = new HashMap<>(settings);
    given.putIfAbsent("http.port", "0");
    given.putIfAbsent("http.requests-per-second", "0");
    stage =
        new StageContext(
            "test",
            Settings.load(
                home,
                Setting.all(RuntimeSettings.ALL, SinkSettings.ALL, TimelineSettings.ALL),
                Map.of(),
                given),
            kafka,
            new PrometheusRegistry(),
            new Health(),
            SecretBox.open(home.resolve("key")),
            (thread, cause) -> failures.add(cause),
            Clock.systemUTC());
    producer = kafka.producer("test", Map.of());
    start();
  }

  void start() {
    StageContext fresh =
        new StageContext(
            stage.instance(),
            stage.settings(),
            stage.kafka(),
            new PrometheusRegistry(),
            stage.health(),
            stage.secrets(),
            stage.failures(),
            stage.clock());
    sink =
        real
            ? Sink.start(fresh, CHECK, ApiFixture::probe)
            : Sink.start(fresh, CHECK, ApiFixture::probe, timelines);
    org.awaitility.Awaitility.await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> stage.health().isReady());
  }

  Sink sink() {
    return sink;
  }

  Path media() {
    return home.resolve("media");
  }

  /** Stands for what the process that wires the stages knows. */
  private static final RecordingCheck CHECK =
      new RecordingCheck() {
        @Override
        public void check(Path file) {
          ApiFixture.check(file);
        }

        @Override
        public void checkModel(String name) {
          if (name.startsWith("no-such")) {
            throw new UserException("model '" + name + "' is not installed: there are a, b");
          }
        }
      };

  /** Stands for ingest's probe: a camera on port 1 is off; the password is told by the rate. */
  private static SourceReport probe(SourceUri source) {
    if (source.port() == 1) {
      throw new UserException("the camera at " + source.host() + ":1 refuses the connection");
    }
    double rate = source.credentials().isPresent() ? 30 : 15;
    return new SourceReport(
        "h264",
        1920,
        1080,
        rate,
        rate,
        Optional.empty(),
        SourceReport.Clock.STEADY,
        Optional.of(new SourceReport.CaptureTime(TimeSource.SENDER_REPORT, 1500, null, -20_000L)),
        60,
        60 / 1920.0,
        4.4);
  }

  /** Stands for ingest's decoder: a file whose text says so can not be decoded. */
  private static void check(Path file) {
    try {
      if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains("BROKEN")) {
        throw new UserException("'" + file.getFileName() + "' holds no video that can be decoded");
      }
    } catch (IOException e) {
      throw new UserException("'" + file.getFileName() + "' can not be read", e);
    }
  }

  /** Bytes that look like an MP4 file from outside. */
  static byte[] mp4(String content) {
    return ("\0\0\0\030ftypisom\0\0\2\0isomiso2" + content).getBytes(StandardCharsets.ISO_8859_1);
  }

  void putRecording(String name) throws IOException {
    Files.createDirectories(media());
    Files.write(media().resolve(name), mp4("pictures"));
  }

  void send(String topic, String streamId, byte[] key, byte[] value) throws Exception {
    int partition = io.moodline.schemas.StreamPartition.of(streamId, stage.kafka().partitions());
    producer.send(new ProducerRecord<>(topic, partition, key, value)).get();
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + sink.port() + path);
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(60));
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> get(String path) throws Exception {
    return send(request(path).GET());
  }

  HttpResponse<String> delete(String path) throws Exception {
    return send(request(path).DELETE());
  }

  HttpResponse<String> put(String path, String json) throws Exception {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .PUT(HttpRequest.BodyPublishers.ofString(json)));
  }

  HttpResponse<String> post(String path, String json) throws Exception {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json)));
  }

  ApiDescription description() throws Exception {
    return new ApiDescription(get("/openapi.yaml").body());
  }

  static JsonNode json(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body());
  }

  void stop() {
    sink.close();
  }

  @Override
  public void close() {
    sink.close();
    producer.close();
    broker.close();
  }
}
