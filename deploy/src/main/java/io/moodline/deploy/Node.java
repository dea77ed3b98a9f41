package io.moodline.deploy;

import io.moodline.analyzer.Analyzer;
import io.moodline.ingest.Ingest;
import io.moodline.ingest.SourceProbe;
import io.moodline.runtime.EmbeddedBroker;
import io.moodline.runtime.Failures;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.KafkaWatch;
import io.moodline.runtime.Owned;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.SchemaRegistry;
import io.moodline.runtime.SecretBox;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.StatusServer;
import io.moodline.runtime.StreamKeys;
import io.moodline.runtime.TopicSetup;
import io.moodline.runtime.UserException;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import io.moodline.sink.Sink;
import io.moodline.sink.SinkSettings;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One process of Moodline: the stages it was asked to run, wired from the bottom up, and the broker
 * when no cluster is named. Closes in reverse order, also when starting fails half-way. Confined to
 * the thread that starts it; {@link #close} may be called from another.
 */
final class Node implements AutoCloseable {
  /** A stage that a process can run. */
  enum Role {
    INGEST,
    ANALYZER,
    SINK
  }

  private static final Logger log = LoggerFactory.getLogger(Node.class);
  private static final Duration READY_POLL = Duration.ofMillis(50);

  private final Owned parts = new Owned("this process");
  private final Health health = new Health();
  private final Settings settings;
  private volatile @Nullable Sink sink;

  private Node(Settings settings) {
    this.settings = settings;
  }

  /**
   * Starts the stages; they go on starting in the background, see {@link #awaitReady}.
   *
   * @throws UserException when a setting, a folder or a port stands in the way
   */
  static Node start(Settings settings, Set<Role> roles, Failures failures)
      throws InterruptedException {
    Node node = new Node(settings);
    try {
      node.startParts(roles, failures);
      return node;
    } catch (RuntimeException | InterruptedException e) {
      node.close();
      throw e;
    }
  }

  private void startParts(Set<Role> roles, Failures failures) throws InterruptedException {
    if (roles.contains(Role.SINK)) {
      Sink.checkAddress(settings);
    }
    Map<String, String> security = Map.of();
    String bootstrap = settings.get(RuntimeSettings.KAFKA_BOOTSTRAP);
    if (bootstrap.isEmpty()) {
      EmbeddedBroker broker =
          own(
              EmbeddedBroker.start(
                  RuntimeSettings.dataFolder(settings), settings.get(RuntimeSettings.BROKER_PORT)));
      bootstrap = broker.bootstrapServers();
    } else {
      security = RuntimeSettings.kafkaSecurity(settings);
    }
    KafkaConnection kafka =
        new KafkaConnection(
            bootstrap,
            new Topics(settings.get(RuntimeSettings.TOPIC_PREFIX)),
            settings.get(RuntimeSettings.TOPIC_PARTITIONS),
            security);
    useRegistry(kafka);
    setUpTopics(kafka);
    PrometheusRegistry metrics = new PrometheusRegistry();
    JvmMetrics.builder().register(metrics);
    StageContext context =
        new StageContext(
            instanceId(),
            settings,
            kafka,
            metrics,
            health,
            SecretBox.open(RuntimeSettings.secretKeyFile(settings)),
            failures,
            Clock.systemUTC());
    own(KafkaWatch.start(kafka, health, failures));
    if (settings.get(RuntimeSettings.SECRET_KEY_LOST)) {
      int lost = StreamKeys.giveUpLost(kafka, context.secrets(), failures);
      log.atWarn().addKeyValue("keys", lost).log("keys of streams were given up");
    }
    SourceProbe sources = new SourceProbe(settings, context.secrets());
    List<Callable<AutoCloseable>> stages = new ArrayList<>();
    if (roles.contains(Role.SINK)) {
      boolean analyses = roles.contains(Role.ANALYZER);
      stages.add(
          () -> sink = Sink.start(context, new SourceChecks(settings, analyses), sources::probe));
    } else {
      String host = settings.get(RuntimeSettings.STATUS_HOST);
      int port = settings.get(RuntimeSettings.STATUS_PORT);
      stages.add(() -> StatusServer.start(host, port, health, context.metrics()));
    }
    if (roles.contains(Role.ANALYZER)) {
      stages.add(() -> Analyzer.start(context));
    }
    if (roles.contains(Role.INGEST)) {
      stages.add(() -> Ingest.start(context));
    }
    startTogether(stages);
  }

  private void setUpTopics(KafkaConnection kafka) throws InterruptedException {
    List<String> groups =
        List.of(kafka.group("ingest"), kafka.group("analyzer"), kafka.group("webhooks"));
    if (settings.get(RuntimeSettings.KAFKA_BOOTSTRAP).isEmpty()) {
      TopicSetup.applyOwn(kafka, groups);
    } else {
      TopicSetup.apply(kafka, settings.get(RuntimeSettings.TOPIC_REPLICATION), groups);
    }
  }

  private void useRegistry(KafkaConnection kafka) {
    String url = settings.get(RuntimeSettings.SCHEMA_REGISTRY);
    if (!url.isEmpty()) {
      String credentials = settings.get(RuntimeSettings.SCHEMA_REGISTRY_CREDENTIALS);
      AvroSerde.use(
          SchemaRegistry.connect(url, credentials, Serdes.byTopic(kafka.topics()).values()));
      own(() -> AvroSerde.use(null));
    }
  }

  /**
   * Starts the stages at the same time, since each waits for something else: Kafka, natives, a
   * child. They are owned in the order of the list, so that closing stops frames at their source
   * first.
   */
  private void startTogether(List<Callable<AutoCloseable>> stages) throws InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(stages.size());
    try {
      RuntimeException failure = null;
      for (Future<AutoCloseable> stage : threads.invokeAll(stages)) {
        try {
          own(stage.get());
        } catch (ExecutionException e) {
          RuntimeException cause =
              e.getCause() instanceof RuntimeException known
                  ? known
                  : new IllegalStateException("a stage did not start", e.getCause());
          failure = failure == null ? cause : failure;
        }
      }
      if (failure != null) {
        throw failure;
      }
    } finally {
      threads.shutdown();
    }
  }

  /**
   * Only one process can hold the embedded broker, so a fixed id is safe there; and with it the
   * next start ends the transactions that a killed one left open, instead of waiting for their
   * timeout.
   */
  private String instanceId() {
    String given = settings.get(RuntimeSettings.INSTANCE_ID);
    boolean embedded = settings.get(RuntimeSettings.KAFKA_BOOTSTRAP).isEmpty();
    return given.isEmpty() ? embedded ? "local" : UUID.randomUUID().toString() : given;
  }

  private <T extends AutoCloseable> T own(T part) {
    return parts.add(part);
  }

  /** Address of the API and the dashboard; only with the role {@code SINK}. */
  URI address() {
    Sink started = sink;
    if (started == null) {
      throw new IllegalStateException("this process has no HTTP server");
    }
    return URI.create("http://" + SinkSettings.localHost(settings) + ":" + started.port());
  }

  Health health() {
    return health;
  }

  /**
   * Waits until every part is up.
   *
   * @throws UserException when that takes longer than {@code patience}, naming the parts that are
   *     not
   */
  void awaitReady(Duration patience) throws InterruptedException {
    if (!isReadyWithin(patience)) {
      throw new UserException("not ready after " + patience.toSeconds() + " s: " + missing());
    }
  }

  /** Whether every part came up while waiting for so long. */
  boolean isReadyWithin(Duration patience) throws InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!health.isReady()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      Thread.sleep(READY_POLL.toMillis());
    }
    return true;
  }

  /** The parts that are not up, and what they say. */
  String missing() {
    return health.parts().stream()
        .filter(part -> part.state() != Health.State.UP)
        .map(part -> part.name() + " is " + part.state() + " " + part.reason())
        .collect(Collectors.joining("; "));
  }

  /** Stops every part, the last started first. A second call does nothing. */
  @Override
  public void close() {
    parts.close();
  }
}
