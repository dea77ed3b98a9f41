package io.moodline.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.SchemaIds;
import io.moodline.schemas.SchemaUnavailableException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.StreamKey;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.avro.Schema;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 300, unit = TimeUnit.SECONDS)
class StreamKeysTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir static Path home;
  private static EmbeddedBroker broker;
  private static int tests;

  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final SecretBox secrets = SecretBox.open(home.resolve("secret.key"));
  private KafkaConnection kafka;
  private KafkaProducer<byte[], byte[]> producer;
  private StreamKeys keys;

  @BeforeAll
  static void startBroker() {
    broker = EmbeddedBroker.start(home.resolve("data"), 0);
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @BeforeEach
  void start() throws Exception {
    tests++;
    kafka = new KafkaConnection(broker.bootstrapServers(), new Topics("keys" + tests), 3);
    TopicSetup.apply(kafka, 1, List.of());
    producer = kafka.producer("test", Map.of());
    keys = startWith(secrets);
  }

  @AfterEach
  void stop() {
    keys.close();
    producer.close();
    assertThat(failures).isEmpty();
  }

  private StreamKeys startWith(SecretBox box) {
    return StreamKeys.start("test", kafka, box, (thread, cause) -> failures.add(cause));
  }

  private void send(KafkaProducer<byte[], byte[]> to, String stream, byte @Nullable [] value) {
    to.send(
        new ProducerRecord<>(
            kafka.topics().streamKeys(),
            StreamPartition.of(stream, kafka.partitions()),
            stream.getBytes(StandardCharsets.UTF_8),
            value));
    to.flush();
  }

  private byte[] record(DataKey key) {
    return Serdes.STREAM_KEY.encode(keys.record(key, Instant.EPOCH));
  }

  private DataKey put(String stream) {
    DataKey key = DataKey.create(stream);
    send(producer, stream, record(key));
    return key;
  }

  private static byte[] bytes(Optional<DataKey> key) {
    return key.orElseThrow().bytes();
  }

  @Test
  void findsAKeyAsSoonAsItsRecordIsThereAndNeverAfterItWasThrownAway() {
    assertThat(keys.current("lobby")).isEmpty();
    DataKey first = put("lobby");
    assertThat(bytes(keys.find("lobby", first.id()))).isEqualTo(first.bytes());
    assertThat(bytes(keys.current("lobby"))).isEqualTo(first.bytes());
    assertThat(keys.isThrownAway(first)).isFalse();
    assertThat(keys.find("lobby", "never-there")).isEmpty();
    assertThat(keys.find("door", first.id())).as("a key of another stream").isEmpty();

    send(producer, "lobby", null);
    assertThat(keys.current("lobby")).isEmpty();
    assertThat(keys.find("lobby", first.id())).isEmpty();
    assertThat(keys.isThrownAway(first)).isTrue();

    DataKey second = put("lobby");
    assertThat(bytes(keys.find("lobby", second.id()))).isEqualTo(second.bytes());
    assertThat(keys.find("lobby", first.id())).isEmpty();
    try (StreamKeys fresh = startWith(secrets)) {
      assertThat(bytes(fresh.find("lobby", second.id()))).isEqualTo(second.bytes());
      assertThat(fresh.find("lobby", first.id())).isEmpty();
    }
  }

  @Test
  void saysOfNoKeyThatItIsGoneWhileATransactionMayBringIt() {
    DataKey key = DataKey.create("hall");
    Map<String, Object> transactional =
        Map.of("transactional.id", "writer" + tests, "transaction.timeout.ms", 300_000);
    try (var writer = kafka.producer("writer", transactional)) {
      writer.initTransactions();
      writer.beginTransaction();
      send(writer, "hall", record(key));
      var answer = CompletableFuture.supplyAsync(() -> keys.find("hall", key.id()));
      assertThatThrownBy(answer::join).hasCauseInstanceOf(KeyUnavailableException.class);
      writer.commitTransaction();
    }
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(KeyUnavailableException.class)
        .untilAsserted(() -> assertThat(bytes(keys.find("hall", key.id()))).isEqualTo(key.bytes()));
  }

  @Test
  void noFileOfTheBrokerHoldsTheKeyItself() throws Exception {
    DataKey key = DataKey.create("lobby");
    byte[] record = record(key);
    send(producer, "lobby", record);
    assertThat(bytes(keys.current("lobby"))).isEqualTo(key.bytes());
    assertThat(filesWith(record)).isNotEmpty();
    assertThat(filesWith(key.bytes())).isEmpty();
  }

  private static List<Path> filesWith(byte[] bytes) throws IOException {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        home.resolve("data"),
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (file.toString().contains(".log") && holds(file, text)) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE; // the broker removed it meanwhile
          }
        });
    return found;
  }

  private static boolean holds(Path file, String text) throws IOException {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
    } catch (NoSuchFileException e) {
      return false; // removed meanwhile
    }
  }

  @Test
  void passesOverWhatIsNoKey() {
    DataKey key = put("lobby");
    send(producer, "lobby", new byte[] {1, 2, 3});
    assertThat(bytes(keys.current("lobby"))).isEqualTo(key.bytes());
  }

  @Test
  void saysClearlyThatThisProcessHasAnotherSecret() {
    SecretBox other = SecretBox.open(home.resolve("other.key"));
    Health health = new Health();
    try (StreamKeys wrong = StreamKeys.start("test", stage(other, health))) {
      assertThat(health.parts()).isEmpty();
      DataKey key = put("lobby");
      assertThatThrownBy(() -> wrong.find("lobby", key.id()))
          .isInstanceOf(KeyUnavailableException.class)
          .hasMessageContaining("secret.key.file");
      assertThat(bytes(keys.find("lobby", key.id()))).isEqualTo(key.bytes());
      await()
          .atMost(PATIENCE)
          .until(() -> state(health).equals(Optional.of(Health.State.DEGRADED)));
      assertThat(health.parts().get(0).reason()).startsWith("1 of 1 ").contains("secret.key.file");
      assertThatThrownBy(() -> startWith(other))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("secret.key.file");

      send(producer, "lobby", null);
      await().atMost(PATIENCE).until(() -> state(health).equals(Optional.of(Health.State.UP)));
    }
  }

  @Test
  void refusesAnotherSecretBeforeThereAreStreams() {
    SecretBox other = SecretBox.open(home.resolve("other.key"));
    for (int i = 0; i < 2; i++) {
      Health health = new Health();
      try (StreamKeys first = StreamKeys.start("first", stage(secrets, health))) {
        assertThat(first.current("lobby")).isEmpty();
        assertThat(health.parts()).isEmpty();
      }
    }
    assertThatThrownBy(() -> StreamKeys.start("second", stage(other, new Health())))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("secret.key.file");
    assertThat(StreamKeys.giveUpLost(kafka, other, (thread, cause) -> failures.add(cause)))
        .as("streams")
        .isZero();
    StreamKeys.start("second", stage(other, new Health())).close();
    assertThatThrownBy(() -> StreamKeys.start("first", stage(secrets, new Health())))
        .isInstanceOf(UserException.class);
  }

  private static Optional<Health.State> state(Health health) {
    return health.parts().stream().map(Health.Part::state).findFirst();
  }

  private StageContext stage(SecretBox box, Health health) {
    return new StageContext(
        "test",
        Settings.load(home, RuntimeSettings.ALL, Map.of(), Map.of()),
        kafka,
        new PrometheusRegistry(),
        health,
        box,
        (thread, cause) -> failures.add(cause),
        Clock.systemUTC());
  }

  /** A registry that does not say what a number is says nothing of the key. */
  private static final class SilentRegistry implements SchemaIds {
    private volatile boolean answers;

    @Override
    public int idOf(Schema schema) {
      return 7;
    }

    @Override
    public Schema schemaOf(int id) {
      if (!answers) {
        throw new SchemaUnavailableException("the registry is away");
      }
      return StreamKey.getClassSchema();
    }
  }

  @Test
  void waitsForAKeyWhoseSchemaCanNotBeHad() {
    SilentRegistry registry = new SilentRegistry();
    AvroSerde.use(registry);
    try {
      DataKey lobby = put("lobby");
      DataKey again = put("lobby");
      assertThatThrownBy(() -> keys.find("lobby", again.id()))
          .isInstanceOf(KeyUnavailableException.class);
      registry.answers = true;
      await()
          .atMost(PATIENCE)
          .ignoreExceptionsInstanceOf(KeyUnavailableException.class)
          .untilAsserted(
              () -> assertThat(bytes(keys.find("lobby", again.id()))).isEqualTo(again.bytes()));
      assertThat(keys.isThrownAway(again)).isFalse();
      assertThat(keys.isThrownAway(lobby)).isTrue();
    } finally {
      AvroSerde.use(null);
    }
  }

  /** As after a restore from a backup: the topic begins anew, without what came later. */
  @Test
  void forgetsWhatALogThatWasCutHeld() throws Exception {
    DataKey lobby = put("lobby");
    DataKey door = put("door");
    assertThat(bytes(keys.current("lobby"))).isEqualTo(lobby.bytes());
    assertThat(bytes(keys.current("door"))).isEqualTo(door.bytes());
    for (int i = 0; i < 3; i++) {
      put("lobby"); // so that the new log is shorter
    }
    DataKey last = put("lobby");
    assertThat(bytes(keys.current("lobby"))).isEqualTo(last.bytes());
    try (Admin admin = kafka.admin("test")) {
      String topic = kafka.topics().streamKeys();
      admin.deleteTopics(List.of(topic)).all().get();
      await().atMost(PATIENCE).until(() -> !admin.listTopics().names().get().contains(topic));
      TopicSetup.apply(kafka, 1, List.of());
    }
    DataKey restored = put("lobby");
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(KeyUnavailableException.class)
        .untilAsserted(() -> assertThat(bytes(keys.current("lobby"))).isEqualTo(restored.bytes()));
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(KeyUnavailableException.class)
        .untilAsserted(() -> assertThat(keys.current("door")).isEmpty());
    assertThat(keys.find("lobby", last.id())).isEmpty();
    assertThat(keys.isThrownAway(last)).isTrue();
  }

  @Test
  void givesUpOnRequestWhatALostSecretSealed() {
    DataKey lost = put("lobby");
    SecretBox other = SecretBox.open(home.resolve("other.key"));
    assertThat(StreamKeys.giveUpLost(kafka, other, (thread, cause) -> failures.add(cause)))
        .isEqualTo(1);
    try (StreamKeys found = startWith(other)) {
      assertThat(found.find("lobby", lost.id())).isEmpty();
    }
    assertThat(StreamKeys.giveUpLost(kafka, other, (thread, cause) -> failures.add(cause)))
        .isZero();
  }
}
