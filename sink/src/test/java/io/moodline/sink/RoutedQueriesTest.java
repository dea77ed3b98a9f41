package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
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
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.StreamKind;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two sinks on one broker: every question may be put to either. */
@Timeout(600)
class RoutedQueriesTest {
  private static final int PARTITIONS = 4;
  private static final int FRAMES = 200;
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path folder;
  private final ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final HttpClient http = HttpClient.newHttpClient();

  /** One sink with stores of its own. */
  private final class Instanced implements AutoCloseable {
    final Health health = new Health();
    final Sink sink;

    Instanced(KafkaConnection kafka, String name) {
      Map<String, String> set =
          Map.of(
              "http.port",
              "0",
              "kafka.bootstrap.servers",
              kafka.bootstrapServers(),
              "streams.state.folder",
              folder.resolve(name).toString(),
              "media.folder",
              folder.resolve("media").toString());
      StageContext stage =
          new StageContext(
              name,
              Settings.load(
                  folder,
                  Setting.all(RuntimeSettings.ALL, SinkSettings.ALL, TimelineSettings.ALL),
                  Map.of(),
                  set),
              kafka,
              new PrometheusRegistry(),
              health,
              SecretBox.open(folder.resolve("key")),
              (thread, cause) -> failures.add(cause),
              Clock.systemUTC());
      sink =
          Sink.start(
              stage,
              file -> {},
              source -> {
                throw new AssertionError("nothing is probed");
              });
    }

    HttpResponse<String> get(String path) throws Exception {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + sink.port() + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }

    /** The whole timeline; empty while nobody can answer. */
    List<JsonNode> windows(String stream, boolean stale) throws Exception {
      var answer = get("/api/v1/streams/" + stream + "/timeline?step=1s&from=2026-11-21T11:00:00Z");
      if (answer.statusCode() != 200) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
        return List.of();
      }
      JsonNode timeline = ApiFixture.json(answer);
      List<JsonNode> windows = new ArrayList<>();
      if (timeline.get("stale").booleanValue() == stale) {
        timeline.get("windows").forEach(windows::add);
      }
      return windows;
    }

    /** Streams of all alerts, the newest last. */
    List<String> alerts() throws Exception {
      List<String> streams = new ArrayList<>();
      ApiFixture.json(get("/api/v1/alerts"))
          .path("alerts")
          .forEach(alert -> streams.add(0, alert.get("stream").textValue()));
      return streams;
    }

    @Override
    public void close() {
      sink.close();
    }
  }

  @Test
  void answersAboutEveryStreamWhicheverInstanceIsAsked() throws Exception {
    List<String> streams =
        IntStream.range(0, 1000)
            .mapToObj(i -> "stream-" + i)
            .collect(
                java.util.stream.Collectors.toMap(
                    id -> StreamPartition.of(id, PARTITIONS),
                    id -> id,
                    (first, second) -> first,
                    java.util.TreeMap::new))
            .values()
            .stream()
            .toList();
    assertThat(streams).hasSize(PARTITIONS);
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("data"), 0)) {
      KafkaConnection kafka =
          new KafkaConnection(broker.bootstrapServers(), new Topics("moodline"), PARTITIONS);
      TopicSetup.apply(kafka, 1, List.of());
      register(kafka, streams);
      try (Instanced first = new Instanced(kafka, "first");
          Instanced second = new Instanced(kafka, "second")) {
        await("both run")
            .atMost(Duration.ofMinutes(3))
            .until(() -> first.health.isReady() && second.health.isReady());
        send(kafka, streams);
        for (String stream : streams) {
          for (Instanced asked : List.of(first, second)) {
            await(stream + " is whole and fresh")
                .atMost(Duration.ofMinutes(3))
                .until(() -> frames(asked.windows(stream, false)) == FRAMES);
          }
          await("both say the same of " + stream)
              .atMost(Duration.ofMinutes(3))
              .untilAsserted(
                  () -> {
                    List<JsonNode> windows = first.windows(stream, false);
                    assertThat(windows).isNotEmpty().isEqualTo(second.windows(stream, false));
                  });
        }
        assertThat(streams.stream().filter(id -> holds(first, id)))
            .as("both own something, so questions did travel")
            .hasSizeBetween(1, PARTITIONS - 1);
        for (Instanced asked : List.of(first, second)) {
          await("both list the alerts of all streams")
              .atMost(Duration.ofMinutes(3))
              .untilAsserted(() -> assertThat(asked.alerts()).isEqualTo(streams));
        }
        refusesStrangers(first);
        answersFromCopiesWhenTheOwnerIsGone(streams, first, second);
      }
    }
    assertThat(failures).isEmpty();
  }

  private void answersFromCopiesWhenTheOwnerIsGone(
      List<String> streams, Instanced gone, Instanced left) throws Exception {
    // Without leaving its group, as a killed process would: for a session's length nobody owns
    // what it owned.
    List<String> lost = streams.stream().filter(id -> holds(gone, id)).toList();
    for (String stream : lost) {
      await("the copy of " + stream + " has come as far as its owner")
          .atMost(Duration.ofMinutes(3))
          .until(() -> copied(left, stream) == FRAMES);
    }
    gone.sink.api().server().stop(); // the instance can not be asked any more
    for (String stream : lost) {
      var question = left.sink.queries();
      assertThatThrownBy(() -> question.earliest(stream, Duration.ofSeconds(1)))
          .as("only a marked answer may come from a copy")
          .isInstanceOf(NotReadyException.class);
      assertThat(frames(left.windows(stream, true))).isEqualTo(FRAMES);
    }
    gone.close();
    for (String stream : streams) {
      await(stream + " has a new owner")
          .atMost(Duration.ofMinutes(3))
          .until(() -> frames(left.windows(stream, false)) == FRAMES);
    }
  }

  private void refusesStrangers(Instanced instance) throws Exception {
    String path = "/internal/v1/stores/windows?stream=a&from=00&to=ff&limit=1";
    assertThat(instance.get(path).statusCode()).isEqualTo(403);
  }

  private static boolean holds(Instanced instance, String stream) {
    byte[] all = new byte[0];
    try {
      instance
          .sink
          .stores()
          .ask(
              new StoreQuestion(QueryStore.WINDOWS, stream, all, new byte[] {-1}, 1, false), false);
      return true;
    } catch (NotReadyException e) {
      return false;
    }
  }

  /** Frames in the windows that an instance has a copy of. */
  private static long copied(Instanced instance, String stream) {
    try {
      return instance
          .sink
          .stores()
          .ask(
              new StoreQuestion(
                  QueryStore.WINDOWS,
                  stream,
                  new io.moodline.schemas.TimelineKey(
                          stream, Duration.ofSeconds(1), Instant.ofEpochMilli(Long.MIN_VALUE))
                      .encode(),
                  new io.moodline.schemas.TimelineKey(
                          stream, Duration.ofSeconds(1), Instant.ofEpochMilli(Long.MAX_VALUE))
                      .encode(),
                  5000,
                  false),
              true)
          .values()
          .stream()
          .map(Serdes.TIMELINE_WINDOW::decode)
          .mapToLong(
              window ->
                  window.getAnalysed()
                      + Ledgers.sum(window.getSkipped())
                      + Ledgers.sum(window.getFailed()))
          .sum();
    } catch (NotReadyException e) {
      return -1;
    }
  }

  private static long frames(List<JsonNode> windows) {
    return windows.stream().mapToLong(window -> window.get("frames").longValue()).sum();
  }

  private static void register(KafkaConnection kafka, List<String> streams) {
    try (var producer = kafka.producer("test", Map.of())) {
      for (String stream : streams) {
        producer.send(
            new ProducerRecord<>(
                kafka.topics().streams(),
                stream.getBytes(StandardCharsets.UTF_8),
                Serdes.STREAM_SPEC.encode(
                    io.moodline.schemas.v1.StreamSpec.newBuilder()
                        .setStreamId(stream)
                        .setName(stream)
                        .setLabels(Map.of())
                        .setSource("webcam:0")
                        .setKind(StreamKind.LIVE)
                        .setTargetFramesPerSecond(5)
                        .setPurpose("demo")
                        .setDesiredState(io.moodline.schemas.v1.DesiredState.RUNNING)
                        .setRevision(1)
                        .setCreatedAt(NOON)
                        .setUpdatedAt(NOON)
                        .build())));
      }
    }
  }

  private static void send(KafkaConnection kafka, List<String> streams) {
    Random random = new Random(3);
    try (var producer = kafka.producer("test", Map.of())) {
      for (String stream : streams) {
        var alert = FakeAlerts.alert(stream, "r", NOON.plusSeconds(streams.indexOf(stream)), null);
        producer.send(
            new ProducerRecord<>(
                kafka.topics().alertHistory(),
                StreamPartition.of(stream, PARTITIONS),
                FakeAlerts.key(alert),
                Serdes.ALERT.encode(alert)));
        for (FrameFaces frame :
            FakeFrames.run(random, stream, "r1", StreamKind.LIVE, NOON, FRAMES)) {
          producer.send(face(kafka, stream, frame));
        }
        producer.send(
            face(
                kafka,
                stream,
                FakeFrames.endMark(stream, "r1", FRAMES, StreamKind.LIVE, NOON.plusSeconds(100))));
      }
    }
  }

  private static ProducerRecord<byte[], byte[]> face(
      KafkaConnection kafka, String stream, FrameFaces frame) {
    return new ProducerRecord<>(
        kafka.topics().faces(),
        stream.getBytes(StandardCharsets.UTF_8),
        Serdes.FRAME_FACES.encode(frame));
  }
}
