package io.moodline.analyzer;

import io.moodline.schemas.v1.AnalyzerStatus;
import java.time.Clock;
import java.time.temporal.ChronoUnit;

/** Writes down how the analyzer is doing, from what its parts say of themselves. Thread-safe. */
final class StatusSource {
  private final String instance;
  private final String detector;
  private final Models models;
  private final Model asSet;
  private final Load load;
  private final TrialTally tally;
  private final AnalyzerMetrics metrics;
  private final Clock clock;

  StatusSource(
      String instance,
      String detector,
      Models models,
      Load load,
      TrialTally tally,
      AnalyzerMetrics metrics,
      Clock clock) {
    this.instance = instance;
    this.detector = detector;
    this.models = models;
    this.asSet = models.asSet();
    this.load = load;
    this.tally = tally;
    this.metrics = metrics;
    this.clock = clock;
  }

  AnalyzerStatus now() {
    Load.State state = load.state();
    ModelsInUse inUse = models.inUse();
    Model model = inUse.model() == null ? asSet : inUse.model();
    Model trial = inUse.trial();
    return AnalyzerStatus.newBuilder()
        .setInstance(instance)
        .setLoad(state.load())
        .setSince(state.since().truncatedTo(ChronoUnit.MICROS))
        .setOldestLiveMillis(Math.max(0, state.oldest().toMillis()))
        .setStaleFrames(state.stale())
        .setLag(metrics.lags())
        .setDetector(detector)
        .setModel(model.bundle().name())
        .setModelDigest(model.bundle().digest())
        .setTrial(trial == null ? null : tally.of(model, trial, inUse.share()))
        .setProblem(inUse.problem().isEmpty() ? null : inUse.problem())
        .setOpening(models.opening())
        .setUpdatedAt(clock.instant().truncatedTo(ChronoUnit.MICROS))
        .build();
  }
}
