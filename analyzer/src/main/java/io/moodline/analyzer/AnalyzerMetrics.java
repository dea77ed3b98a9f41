package io.moodline.analyzer;

import io.moodline.schemas.v1.AnalyzerLoad;
import io.moodline.schemas.v1.StreamKind;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What the analyzer counts. Of each kind of stream:
 *
 * <pre>frames taken = frames analysed + skipped + failed + returned + in hand</pre>
 *
 * where a frame is returned when its transaction failed or its partition was taken away; it is
 * taken again later, here or by another instance. Thread-safe.
 */
final class AnalyzerMetrics {
  /** Parts of the way of a frame whose time is measured. */
  enum Step {
    DECODE,
    DETECT,
    CROP,
    CLASSIFY,
    PUBLISH
  }

  private final Counter taken;
  private final Counter outcomes;
  private final Counter returned;
  private final Counter endMarks;
  private final Counter unreadable;
  private final Counter faces;
  private final Counter failedTransactions;
  private final Counter revocations;
  private final Gauge inHand;
  private final Counter tried;
  private final Histogram trialDifference;
  private final Gauge load;
  private final Histogram batchFrames;
  private final Histogram batchFaces;
  private final Histogram steps;
  private final Counter processor;
  private final Histogram age;
  private final Gauge lag;
  private final Gauge sessions;
  private final Gauge opening;
  private final Gauge held;
  private final Histogram opened;
  private final Map<String, Long> lags = new ConcurrentHashMap<>();

  AnalyzerMetrics(PrometheusRegistry registry) {
    taken =
        counter("frames_taken", "Frames taken from the topics, by kind of stream.", "kind")
            .register(registry);
    outcomes =
        counter(
                "frames",
                "Outcomes committed, by kind, outcome and reason.",
                "kind",
                "outcome",
                "reason")
            .register(registry);
    returned =
        counter(
                "frames_returned",
                "Frames given up uncommitted and taken again, here or elsewhere.",
                "kind")
            .register(registry);
    endMarks = counter("end_marks", "End-of-run marks passed on.").register(registry);
    unreadable =
        counter("unreadable_records", "Records that are no frames; dead-lettered.")
            .register(registry);
    faces =
        counter("faces", "Faces found, by whether they were scored or kept scores.", "scores")
            .register(registry);
    failedTransactions =
        counter("failed_transactions", "Transactions given up and done again.").register(registry);
    revocations =
        counter("revocations", "Times that partitions were taken away from this instance.")
            .register(registry);
    tried =
        counter("trial_faces", "Faces that a model under trial scored too, by label.", "label")
            .register(registry);
    trialDifference =
        histogram(
                "trial_score_difference",
                "Largest difference between two models' scores of one face.",
                0.01,
                0.05,
                0.1,
                0.2,
                0.3,
                0.5,
                0.8)
            .register(registry);
    load =
        Gauge.builder()
            .name("moodline_analyzer_load")
            .help(
                "What is given up for live frames: 0 nothing, 1 trials, 2 speed of recordings, 3 stale frames.")
            .register(registry);
    inHand =
        Gauge.builder()
            .name("moodline_analyzer_in_hand_records")
            .help("Records taken and neither committed nor given up.")
            .register(registry);
    batchFrames =
        histogram("batch_frames", "Records in a micro-batch.", 1, 2, 4, 8, 16, 32, 64, 128)
            .register(registry);
    batchFaces =
        histogram("batch_faces", "Faces scored together.", 0, 1, 2, 4, 8, 16, 32, 64, 128, 256)
            .register(registry);
    steps =
        histogram(
                "step_seconds",
                "Time by step: decode, detect and crop of one frame, classify and publish of a batch.",
                0.0005,
                0.001,
                0.0025,
                0.005,
                0.01,
                0.025,
                0.05,
                0.1,
                0.25,
                0.5,
                1,
                2.5)
            .labelNames("step")
            .register(registry);
    processor =
        counter(
                "step_processor_seconds",
                "Processor time by step, of the analyzer's own threads.",
                "step")
            .register(registry);
    age =
        histogram(
                "live_age_seconds",
                "Time from the capture of a live frame to its committed outcome.",
                0.05,
                0.1,
                0.25,
                0.5,
                1,
                2.5,
                5,
                10)
            .register(registry);
    lag =
        Gauge.builder()
            .name("moodline_analyzer_lag_records")
            .help("Records that wait in the partitions of this instance, by topic.")
            .labelNames("topic")
            .register(registry);
    sessions =
        Gauge.builder()
            .name("moodline_analyzer_sessions")
            .help("Sessions that each model has, by the device that computes networks.")
            .labelNames("device")
            .register(registry);
    opening =
        Gauge.builder()
            .name("moodline_analyzer_models_opening")
            .help("Models that are being opened now, 0 or 1; analyzer-status.v1 has its name.")
            .register(registry);
    held =
        Gauge.builder()
            .name("moodline_analyzer_held_partitions")
            .help("Partitions of recordings that wait for a model which is being opened.")
            .register(registry);
    opened =
        histogram(
                "model_opening_seconds",
                "Time to read, check and open a model while the analyzer runs, or to refuse it.",
                0.1,
                0.5,
                1,
                2.5,
                5,
                10,
                30,
                60,
                300,
                900)
            .register(registry);
  }

  void sessions(String device, int count) {
    sessions.labelValues(device).set(count);
  }

  private static Counter.Builder counter(String name, String help, String... labels) {
    return Counter.builder()
        .name("moodline_analyzer_" + name + "_total")
        .help(help)
        .labelNames(labels);
  }

  private static Histogram.Builder histogram(String name, String help, double... bounds) {
    return Histogram.builder()
        .name("moodline_analyzer_" + name)
        .help(help)
        .classicOnly()
        .classicUpperBounds(bounds);
  }

  /** The record is in a micro-batch. */
  void taken(Pending record) {
    StreamKind kind = MicroBatch.kindOf(record);
    if (kind != null) {
      taken.labelValues(label(kind)).inc();
    }
  }

  void batch(int records, int facesScored) {
    batchFrames.observe(records);
    batchFaces.observe(facesScored);
  }

  /** The outcome is committed. */
  void committed(Outcome outcome, Instant now) {
    switch (outcome.what()) {
      case END_OF_RUN -> endMarks.inc();
      case UNREADABLE -> unreadable.inc();
      default ->
          outcomes
              .labelValues(label(outcome.kind()), label(outcome.what()), outcome.reasonLabel())
              .inc();
    }
    faces.labelValues("new").inc(outcome.faces() - outcome.keptFaces());
    faces.labelValues("kept").inc(outcome.keptFaces());
    if (outcome.isOfFrame() && outcome.kind() == StreamKind.LIVE) {
      age.observe(Duration.between(outcome.captureTime(), now).toNanos() / 1e9);
    }
  }

  /** The micro-batch is given up uncommitted; its records will be read again. */
  void returned(MicroBatch batch) {
    for (StreamKind kind : StreamKind.values()) {
      returned.labelValues(label(kind)).inc(batch.frames(kind));
    }
    inHand.set(0);
  }

  /** Two models scored a face: with one label or two, and so far apart. */
  void tried(boolean agrees, double difference) {
    tried.labelValues(agrees ? "same" : "other").inc();
    trialDifference.observe(difference);
  }

  void load(AnalyzerLoad now) {
    load.set(now.ordinal());
  }

  void opening(boolean one) {
    opening.set(one ? 1 : 0);
  }

  void modelOpened(double seconds) {
    opened.observe(seconds);
  }

  void held(int partitions) {
    held.set(partitions);
  }

  void inHand(int records) {
    inHand.set(records);
  }

  void revoked() {
    revocations.inc();
  }

  void failedTransaction() {
    failedTransactions.inc();
  }

  void lag(String topic, long records) {
    lag.labelValues(topic).set(records);
    lags.put(topic, records);
  }

  /** Records that wait, by topic, as last reported. */
  Map<String, Long> lags() {
    return Map.copyOf(lags);
  }

  /** Adds the time since {@code start}, which is this thread's, to a step. */
  void took(Step step, StepStart start) {
    took(step, start, 0);
  }

  /** The same for a step that other threads helped with, by so many nanoseconds of processor. */
  void took(Step step, StepStart start, long helpersNanos) {
    DistributionDataPoint point = steps.labelValues(label(step));
    point.observe(start.seconds());
    processor.labelValues(label(step)).inc(start.processorSeconds() + helpersNanos / 1e9);
  }

  private static String label(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
