package io.moodline.sink;

import io.moodline.runtime.Health;
import io.moodline.runtime.KeyRing;
import io.moodline.runtime.RuntimeSettings;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.UserException;
import io.moodline.schemas.Steps;
import io.moodline.schemas.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.errors.TaskCorruptedException;
import org.apache.kafka.streams.errors.TaskMigratedException;
import org.apache.kafka.streams.state.HostInfo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two Kafka Streams applications of the sink: {@code timelines} counts frames into windows, and
 * {@code timeline-table} answers queries. Reports its health as the part {@code timelines}.
 * Thread-safe.
 */
final class TimelineEngine implements AutoCloseable {
  /** Name of the health part. */
  static final String HEALTH_PART = "timelines";

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String LOADING = "the timelines' stores are loading";
  private static final long CACHE_BYTES = 16L * 1024 * 1024;
  private static final Logger log = LoggerFactory.getLogger(TimelineEngine.class);

  private final StageContext ctx;
  private final HostInfo self;
  private final TimelineMetrics metrics;
  private final KafkaStreams timelines;
  private final KafkaStreams table;
  private final LocalStores local;
  private final TimelineQueries queries;
  private final TrackQueries tracks;
  private final AlertQueries alerts;
  private final AtomicBoolean closing = new AtomicBoolean();

  private TimelineEngine(StageContext ctx, HostInfo self, KeyRing keys, TimelineMetrics metrics) {
    Topics topics = ctx.kafka().topics();
    this.ctx = ctx;
    this.self = self;
    this.metrics = metrics;
    this.timelines =
        application(
            EmotionTimelines.topology(
                topics,
                WindowRules.of(ctx.settings()),
                TrackRules.of(ctx.settings()),
                keys,
                metrics),
            countingConfig());
    this.table =
        application(
            TimelineTable.topology(
                topics,
                keep(ctx.settings()),
                ctx.settings().get(TimelineSettings.KEEP_TRACKS),
                ctx.settings().get(TimelineSettings.KEEP_ALERTS)),
            tableConfig());
    Map<String, KafkaStreams> applications =
        Map.of(EmotionTimelines.APPLICATION, timelines, TimelineTable.APPLICATION, table);
    this.local = new LocalStores(applications, ctx.kafka().partitions());
    StoreAsker routed =
        new RoutedStores(
            applications,
            local,
            new RemoteStores(new InternalToken(ctx.secrets())),
            self,
            ctx.kafka().partitions(),
            ctx.settings().get(TimelineSettings.OWNER_PATIENCE));
    this.queries = new StoreQueries(routed, metrics, ctx.clock());
    this.tracks = new TrackQueries(routed, metrics);
    this.alerts = new AlertQueries(routed, metrics);
  }

  /** As {@link #start(StageContext, HostInfo, KeyRing)}, where no other instance asks this one. */
  static TimelineEngine start(StageContext ctx, KeyRing keys) {
    return start(ctx, new HostInfo("localhost", 1), keys);
  }

  /**
   * Starts both applications and returns without waiting until they run: see the health part.
   *
   * @param self where other instances reach the HTTP server of this one
   * @param keys what faces are sealed with
   * @throws UserException when the folder of the stores can not be used
   */
  static TimelineEngine start(StageContext ctx, HostInfo self, KeyRing keys) {
    makeFolder(stateFolder(ctx.settings()));
    ctx.health().report(HEALTH_PART, Health.State.STARTING, LOADING);
    TimelineMetrics metrics = new TimelineMetrics(ctx.metrics());
    try {
      // Neither application holds a thread or a native resource before it is started.
      TimelineEngine engine = new TimelineEngine(ctx, self, keys, metrics);
      engine.timelines.start();
      engine.table.start();
      return engine;
    } catch (RuntimeException e) {
      metrics.close();
      throw e;
    }
  }

  /** Answers about every stream, wherever its stores are. */
  TimelineQueries queries() {
    return queries;
  }

  /** Answers about every track, wherever its stores are. */
  TrackQueries tracks() {
    return tracks;
  }

  /** Answers about alerts, wherever their stores are. */
  AlertQueries alerts() {
    return alerts;
  }

  /** Answers from the stores of this instance alone. */
  StoreAsker local() {
    return local;
  }

  /** Stops both within about 10 s and keeps their state for the next start. */
  @Override
  public void close() {
    if (closing.getAndSet(true)) {
      return;
    }
    Thread other = new Thread(() -> close(table), "sink-close-table");
    other.start();
    close(timelines);
    try {
      other.join(PATIENCE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    metrics.close();
    ctx.health().report(HEALTH_PART, Health.State.DOWN, "stopped");
  }

  private void close(KafkaStreams application) {
    boolean clean =
        application.close(
            CloseOptions.timeout(PATIENCE)
                .withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP));
    if (!clean) {
      log.atWarn().addKeyValue("patience", PATIENCE).log("timelines did not stop in time");
    }
  }

  private KafkaStreams application(Topology topology, Map<String, Object> config) {
    Properties properties = new Properties();
    properties.putAll(config);
    KafkaStreams application = new KafkaStreams(topology, properties);
    application.setUncaughtExceptionHandler(this::onFailure);
    application.setStateListener((now, before) -> reportHealth());
    return application;
  }

  private void reportHealth() {
    if (closing.get()) {
      return;
    }
    KafkaStreams.State counting = timelines.state();
    KafkaStreams.State reading = table.state();
    if (counting == KafkaStreams.State.RUNNING && reading == KafkaStreams.State.RUNNING) {
      ctx.health().report(HEALTH_PART, Health.State.UP, "");
    } else if (isOver(counting) || isOver(reading)) {
      ctx.health().report(HEALTH_PART, Health.State.DOWN, "the timelines' stores are closed");
    } else {
      ctx.health().report(HEALTH_PART, Health.State.STARTING, LOADING);
    }
  }

  private static boolean isOver(KafkaStreams.State state) {
    return state.hasStartedOrFinishedShuttingDown();
  }

  /** A lost race or a broker that does not answer costs a thread; a bug costs the process. */
  private StreamThreadExceptionResponse onFailure(Throwable failure) {
    if (isRecoverable(failure)) {
      metrics.replacedThread();
      log.atWarn().setCause(failure).log("stream thread replaced");
      return StreamThreadExceptionResponse.REPLACE_THREAD;
    }
    ctx.failures().failed(Thread.currentThread().getName(), failure);
    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
  }

  static boolean isRecoverable(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof RetriableException
          || cause instanceof TaskMigratedException
          || cause instanceof TaskCorruptedException
          || cause instanceof ProducerFencedException
          || cause instanceof InvalidProducerEpochException) {
        return true;
      }
    }
    return false;
  }

  private Map<String, Object> countingConfig() {
    Map<String, Object> config = config(EmotionTimelines.APPLICATION);
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);
    return config;
  }

  private Map<String, Object> tableConfig() {
    Map<String, Object> config = config(TimelineTable.APPLICATION);
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 1000);
    config.put(StreamsConfig.consumerPrefix("isolation.level"), "read_committed");
    return config;
  }

  private Map<String, Object> config(String application) {
    Map<String, Object> config = new HashMap<>(ctx.kafka().streamsConfig(application));
    config.put(StreamsConfig.STATE_DIR_CONFIG, stateFolder(ctx.settings()).toString());
    config.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, replication(ctx.settings()));
    // A static member that was killed is let in again at once; a dynamic one would wait for its own
    // session to end. The new group protocol would make it wait for 45 s.
    config.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, memberId(stateFolder(ctx.settings())));
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    config.put(StreamsConfig.APPLICATION_SERVER_CONFIG, self.host() + ":" + self.port());
    config.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, standbys(ctx.settings()));
    config.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, StoreMemory.class);
    return config;
  }

  private static int standbys(Settings settings) {
    return isEmbedded(settings) ? 0 : settings.get(TimelineSettings.STANDBYS);
  }

  private static boolean isEmbedded(Settings settings) {
    return settings.get(RuntimeSettings.KAFKA_BOOTSTRAP).isEmpty();
  }

  private static Map<Duration, Duration> keep(Settings settings) {
    return Map.of(
        Steps.ALL.get(0), settings.get(TimelineSettings.KEEP_SECONDS),
        Steps.ALL.get(1), settings.get(TimelineSettings.KEEP_TENS),
        Steps.ALL.get(2), settings.get(TimelineSettings.KEEP_MINUTES),
        Steps.ALL.get(3), settings.get(TimelineSettings.KEEP_HOURS));
  }

  private static int replication(Settings settings) {
    return isEmbedded(settings) ? 1 : settings.get(RuntimeSettings.TOPIC_REPLICATION);
  }

  /** Who this instance is to its groups: whoever has the folder of the stores, which one has. */
  private static String memberId(Path folder) {
    Path file = folder.resolve("member-id");
    try {
      if (Files.notExists(file)) {
        Path draft =
            Files.writeString(folder.resolve("member-id.new"), UUID.randomUUID().toString());
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
      }
      return UUID.fromString(Files.readString(file)).toString();
    } catch (IOException | IllegalArgumentException e) {
      throw new UserException(
          "file " + file + " can not be used (" + e.getMessage() + "): remove it", e);
    }
  }

  private static void makeFolder(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UserException(
          "folder "
              + folder
              + " can not be written ("
              + e.getMessage()
              + "): set streams.state.folder to one that can",
          e);
    }
  }

  private static Path stateFolder(Settings settings) {
    String text = settings.get(TimelineSettings.STATE_FOLDER);
    return text.isEmpty() ? RuntimeSettings.dataFolder(settings).resolve("streams") : Path.of(text);
  }
}
