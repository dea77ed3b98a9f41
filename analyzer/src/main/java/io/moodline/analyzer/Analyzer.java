package io.moodline.analyzer;

import io.moodline.analyzer.FrameIntake.Batching;
import io.moodline.models.BundleException;
import io.moodline.models.Bundles;
import io.moodline.models.Devices;
import io.moodline.runtime.Health;
import io.moodline.runtime.KafkaConnection;
import io.moodline.runtime.Owned;
import io.moodline.runtime.Settings;
import io.moodline.runtime.StageContext;
import io.moodline.runtime.StreamKeys;
import io.moodline.runtime.UserException;
import io.moodline.runtime.Worker;
import io.moodline.schemas.v1.AnalyzerLoad;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The analyzer of one process: wires the stage, starts its threads and closes them in reverse. What
 * the stage does is in {@link FrameAnalyzer}. Thread-safe.
 */
public final class Analyzer implements AutoCloseable {
  /** The consumer group's name below the topics' prefix. */
  public static final String GROUP = "analyzer";

  private static final Duration CHOICES_PATIENCE = Duration.ofSeconds(10);

  private static final Logger log = LoggerFactory.getLogger(Analyzer.class);

  private final Detectors detectors;
  private final Devices devices;
  private final String modelName;
  private final Owned owned = new Owned("the analyzer");

  private Analyzer(Detectors detectors, Devices devices, String modelName) {
    this.detectors = detectors;
    this.devices = devices;
    this.modelName = modelName;
  }

  /**
   * Opens detector and model and starts to analyse.
   *
   * @throws io.moodline.runtime.UserException when the detector or the model that the settings name
   *     can not be used
   */
  public static Analyzer start(StageContext context) {
    Settings settings = context.settings();
    return start(context, Detectors.choose(settings.home(), settings));
  }

  static Analyzer start(StageContext context, Detectors detectors) {
    return start(context, detectors, UnaryOperator.identity());
  }

  /** The same with a loader of models that {@code seen} makes of the real one. */
  static Analyzer start(
      StageContext context, Detectors detectors, UnaryOperator<ModelLoader> seen) {
    Settings settings = context.settings();
    Analyzer analyzer =
        new Analyzer(detectors, DeviceChoice.of(settings), settings.get(AnalyzerSettings.MODEL));
    try {
      analyzer.open(context, seen);
    } catch (RuntimeException | Error e) {
      analyzer.close();
      throw e;
    }
    log.atInfo()
        .addKeyValue("detector", detectors.name())
        .addKeyValue("limits", detectors.limits())
        .addKeyValue("model", analyzer.modelName)
        .addKeyValue("device", analyzer.devices)
        .log("analyzer started");
    return analyzer;
  }

  private void open(StageContext context, UnaryOperator<ModelLoader> seen) {
    Settings settings = context.settings();
    KafkaConnection kafka = context.kafka();
    String group = kafka.group(GROUP);
    String clientId = "moodline-analyzer-" + context.instance();
    int threads = threads(settings);
    Batching batching =
        new Batching(
            settings.get(AnalyzerSettings.BATCH_FRAMES),
            settings.get(AnalyzerSettings.BATCH_DEADLINE),
            settings.get(AnalyzerSettings.LIVE_WEIGHT));
    AnalyzerMetrics metrics = new AnalyzerMetrics(context.metrics());
    Recovery recovery =
        new Recovery(
            context.health(), metrics, "detector " + detectors.name() + ": " + detectors.limits());
    // The page says which ones are in use, and what the detector can not see.
    context
        .health()
        .report("detector", Health.State.UP, detectors.name() + ": " + detectors.limits());
    context.health().report("model", Health.State.UP, modelName);
    context.health().report("device", Health.State.UP, devices.toString());
    metrics.sessions(devices.device().id(), devices.sessions());
    StatusReports reports = own(new StatusReports(kafka, clientId + "-status", context.instance()));
    Load load =
        new Load(
            settings.get(AnalyzerSettings.LIVE_MAX_AGE),
            context.clock(),
            state -> announce(state, context.health(), reports));

    Bundles bundles = new Bundles(bundles(settings.home()));
    Models models =
        own(
            Models.open(
                bundles,
                modelName,
                seen.apply(ModelLoader.of(bundles, detectors.name(), devices)),
                context.clock(),
                metrics,
                reports::changed));
    DetectThreads detectThreads =
        own(
            DetectThreads.start(
                threads, 2 * batching.frames(), detectors, metrics, context.failures()));
    TrialTally tally = new TrialTally(metrics);
    followChoices(context, models, reports);
    FrameIntake intake = own(new FrameIntake(kafka, clientId, group, batching, metrics));
    StreamKeys keys = own(StreamKeys.start("analyzer", context));
    OutcomePublisher publisher =
        own(new OutcomePublisher(kafka, clientId, group + "-" + context.instance()));
    FrameAnalyzer flow =
        new FrameAnalyzer(
            intake,
            publisher,
            detectThreads,
            models,
            new FaceScorer(keptScores(settings), tally, metrics),
            new Outcomes(detectors.name(), context.clock()),
            keys,
            metrics,
            load,
            recovery);
    Runnable stopFlow =
        () -> {
          recovery.stop();
          intake.wakeUp();
        };
    own(Worker.start("analyzer-flow", flow::run, stopFlow, context.failures()));

    StatusSource status =
        new StatusSource(
            context.instance(), detectors.name(), models, load, tally, metrics, context.clock());
    own(
        Worker.start(
            "analyzer-status",
            worker -> reports.run(worker, status::now),
            reports::changed,
            context.failures()));
    startTrimmer(context, group, clientId);
  }

  private static void announce(Load.State state, Health health, StatusReports reports) {
    boolean normal = state.load() == AnalyzerLoad.NORMAL;
    health.report("load", normal ? Health.State.UP : Health.State.DEGRADED, state.givenUp());
    reports.changed();
    boolean costs = state.load().compareTo(AnalyzerLoad.TRIAL_PAUSED) > 0;
    log.atLevel(costs ? Level.WARN : Level.INFO)
        .addKeyValue("load", state.load())
        .addKeyValue("oldestMillis", state.oldest().toMillis())
        .log("the analyzer's load changed");
  }

  private void followChoices(StageContext context, Models models, StatusReports reports) {
    ModelChoices choices =
        own(
            new ModelChoices(
                context.kafka(),
                "moodline-analyzer-" + context.instance() + "-models",
                models::loadChosen,
                chosen -> {
                  models.choose(chosen);
                  Model promoted = chosen.model();
                  String name = promoted == null ? modelName : promoted.bundle().name();
                  context.health().report("model", Health.State.UP, name);
                  reports.changed();
                }));
    choices.catchUp(CHOICES_PATIENCE);
    models.nextBatch();
    Runnable stop =
        () -> {
          choices.wakeUp();
          models.stopOpening();
        };
    own(Worker.start("analyzer-models", choices::run, stop, context.failures()));
  }

  private void startTrimmer(StageContext context, String group, String clientId) {
    KafkaConnection kafka = context.kafka();
    Admin admin = own(kafka.admin(clientId + "-trimmer"));
    Set<String> topics = Set.of(kafka.topics().frames(), kafka.topics().recordingFrames());
    FrameTrimmer trimmer = new FrameTrimmer(admin, group, topics, context.clock());
    CountDownLatch stopTrimmer = new CountDownLatch(1);
    own(
        Worker.start(
            "analyzer-trimmer",
            worker -> trimmer.run(worker, stopTrimmer),
            stopTrimmer::countDown,
            context.failures()));
  }

  private static KeptScores keptScores(Settings settings) {
    return new KeptScores(
        settings.get(AnalyzerSettings.KEEP_LIVE), settings.get(AnalyzerSettings.KEEP_RECORDINGS));
  }

  static int threads(Settings settings) {
    int asked = settings.get(AnalyzerSettings.THREADS);
    return asked == 0 ? Runtime.getRuntime().availableProcessors() : asked;
  }

  static Path bundles(Path home) {
    return home.resolve("bundles");
  }

  private <T extends AutoCloseable> T own(T resource) {
    return owned.add(resource);
  }

  /**
   * Throws unless streams may name that model as far as its manifest shows: that it is there, and
   * that the detector which the settings decide on finds what it needs.
   *
   * @throws UserException when it can not be used
   */
  public static void checkModel(Settings settings, String name) {
    try {
      Detectors detectors = Detectors.decide(settings.home(), settings);
      FaceCropper.of(new Bundles(bundles(settings.home())).outline(name), detectors.name());
    } catch (BundleException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  /** The face detector in use: {@code yunet} or {@code opencv-cascade}. */
  public String detectorName() {
    return detectors.name();
  }

  /** What that detector can not see, in a clause for people. */
  public String detectorLimits() {
    return detectors.limits();
  }

  /** The bundle for streams that do not name one. */
  public String modelName() {
    return modelName;
  }

  /** Finishes the batch in hand and stops. A second call does nothing. */
  @Override
  public void close() {
    owned.close();
  }
}
