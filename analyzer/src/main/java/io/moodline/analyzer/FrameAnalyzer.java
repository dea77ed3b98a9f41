package io.moodline.analyzer;

import io.moodline.analyzer.AnalyzerMetrics.Step;
import io.moodline.analyzer.DetectThreads.FramePicture;
import io.moodline.analyzer.FaceScorer.Scored;
import io.moodline.analyzer.FrameIntake.RevokedException;
import io.moodline.analyzer.Pending.Known;
import io.moodline.analyzer.Pending.Looking;
import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.runtime.DataKey;
import io.moodline.runtime.KeyRing;
import io.moodline.runtime.Worker;
import io.moodline.schemas.v1.AnalyzerLoad;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * The analyzer's stage: frames in, faces with scores out.
 *
 * <p>In: {@code frames.v1} and {@code recording-frames.v1}, as a member of the group {@code
 * analyzer}. Out: one {@code FrameFaces} on {@code faces.v1} for every frame and end mark, in order
 * per stream, and a dead letter for every record that can not be used. The outcomes of a
 * micro-batch and the offsets behind them are one transaction, so each frame has exactly one
 * outcome whatever is killed.
 *
 * <p>Two micro-batches are in hand: while the session scores the faces of {@code working}, the
 * detectors look at the frames of {@code filling}. Only {@code working} is ever committed. When a
 * transaction fails or partitions are taken away, both are given up and read again from what is
 * committed, by whoever then owns them.
 *
 * <p>The thread {@code analyzer-flow} does everything here but finding faces, which the threads
 * {@code analyzer-detect-n} do. Nothing is dropped: a live frame that is too old, whose stream was
 * erased, or whose model is being opened, is SKIPPED, one that can not be used is FAILED, and all
 * cost only themselves. A recording waits for its model, and with it what follows in its partition
 * of the recordings' topic. Confined to {@code analyzer-flow}.
 */
final class FrameAnalyzer {
  /** Between looks whether the detectors are done. */
  private static final Duration GLANCE = Duration.ofMillis(5);

  private final FrameIntake intake;
  private final OutcomePublisher publisher;
  private final DetectThreads detectThreads;
  private final Models models;
  private final FaceScorer scorer;
  private final Outcomes outcomes;
  private final KeyRing keys;
  private final AnalyzerMetrics metrics;
  private final Load load;
  private final Clock clock;
  private final Recovery recovery;
  private MicroBatch working;
  private MicroBatch filling;
  private boolean transactionInDoubt;
  private boolean positionsInDoubt;

  FrameAnalyzer(
      FrameIntake intake,
      OutcomePublisher publisher,
      DetectThreads detectThreads,
      Models models,
      FaceScorer scorer,
      Outcomes outcomes,
      KeyRing keys,
      AnalyzerMetrics metrics,
      Load load,
      Recovery recovery) {
    this.intake = intake;
    this.publisher = publisher;
    this.detectThreads = detectThreads;
    this.models = models;
    this.scorer = scorer;
    this.outcomes = outcomes;
    this.keys = keys;
    this.metrics = metrics;
    this.load = load;
    this.clock = outcomes.clock();
    this.recovery = recovery;
    this.working = intake.newBatch();
    this.filling = intake.newBatch();
  }

  /** Analyses until told to stop; what is in hand then is left to the next start. */
  void run(Worker worker) throws InterruptedException {
    while (!worker.stopping()) {
      try {
        settleDoubts();
        analyseNext();
        recovery.wentWell(intake.hasJoined());
      } catch (WakeupException e) {
        // Asked to look whether to stop.
      } catch (RevokedException e) {
        giveUp();
      } catch (KafkaException e) {
        transactionInDoubt = true;
        giveUp();
        recovery.failed(e);
      }
    }
    giveUp();
  }

  private void settleDoubts() {
    if (transactionInDoubt) {
      publisher.renew();
      transactionInDoubt = false;
    }
    if (positionsInDoubt) {
      intake.rewind();
      positionsInDoubt = false;
    }
  }

  /** Forgets both micro-batches; their frames are read again from what is committed. */
  private void giveUp() {
    for (MicroBatch batch : List.of(working, filling)) {
      batch.giveUp();
      metrics.returned(batch);
    }
    working = intake.newBatch();
    filling = intake.newBatch();
    scorer.forget();
    positionsInDoubt = true;
  }

  private void analyseNext() throws InterruptedException {
    watchLoad();
    if (working.isEmpty()) {
      fill();
      working = filling;
      filling = intake.newBatch();
      models.nextBatch();
    }
    if (!working.isEmpty()) {
      lookAhead();
      commit(finish());
      working = intake.newBatch();
    }
  }

  /** Takes or takes back a step of the ladder in {@link Load}. */
  private void watchLoad() {
    AnalyzerLoad now = load.now();
    intake.slowRecordings(now.compareTo(AnalyzerLoad.RECORDINGS_SLOWED) >= 0);
    metrics.load(now);
  }

  /** Takes frames until the micro-batch is full, or due and nothing waits. */
  private void fill() throws InterruptedException {
    boolean more = true;
    while (more && intake.fits(filling.size())) {
      more = begin(filling.isEmpty() ? FrameIntake.IDLE_WAIT : filling.timeLeft());
    }
  }

  /** Gives the detectors frames of the next micro-batch, at least until this one is looked at. */
  private void lookAhead() throws InterruptedException {
    boolean more = true;
    while (intake.fits(filling.size()) && (more || !working.isLookedAt())) {
      more = begin(working.isLookedAt() ? Duration.ZERO : GLANCE);
    }
  }

  /** Takes what is there, judges each record, sends its picture to the detectors. */
  private boolean begin(Duration wait) throws InterruptedException {
    if (models.takeOpened()) {
      intake.resumeHeld();
    }
    ConsumerRecords<byte[], byte[]> records = intake.next(wait);
    filling.goOnFrom(records.nextOffsets());
    for (TopicPartition partition : records.partitions()) {
      begin(partition, records.records(partition));
    }
    metrics.inHand(working.size() + filling.size());
    return !records.isEmpty();
  }

  /** Takes a partition's records up to one that has to wait, which holds the partition there. */
  private void begin(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records)
      throws InterruptedException {
    for (ConsumerRecord<byte[], byte[]> record : records) {
      Pending pending = begin(record);
      if (pending == null) {
        filling.goOnFrom(Map.of(partition, intake.hold(record)));
        return;
      }
      filling.add(pending);
      metrics.taken(pending);
    }
  }

  /** The record on its way; null when it is of a recording and its model is being opened. */
  private @Nullable Pending begin(ConsumerRecord<byte[], byte[]> record)
      throws InterruptedException {
    Frame frame = FrameRecords.read(record);
    if (frame == null) {
      return new Known(outcomes.unreadable(record));
    }
    if (frame.getEndOfRun() != null) {
      return new Known(outcomes.endOfRun(record, frame));
    }
    boolean isLive = frame.getKind() == StreamKind.LIVE;
    if (isLive && load.isStale(since(frame))) {
      return new Known(outcomes.skipped(record, frame, Outcomes.STALE));
    }
    NamedModel model = models.get(frame.getModel());
    if (model instanceof NamedModel.Ready ready) {
      return look(record, frame, ready.model());
    }
    if (model instanceof NamedModel.Refused) {
      return new Known(outcomes.failed(record, frame, FailReason.NO_MODEL));
    }
    return isLive ? new Known(outcomes.skipped(record, frame, Outcomes.MODEL_OPENING)) : null;
  }

  private Pending look(ConsumerRecord<byte[], byte[]> record, Frame frame, Model model)
      throws InterruptedException {
    Optional<DataKey> key = Optional.empty();
    if (frame.getKeyId() != null) {
      key = keys.find(frame.getStreamId(), frame.getKeyId());
      if (key.isEmpty()) {
        return new Known(outcomes.skipped(record, frame, Outcomes.ERASED));
      }
    }
    DataKey sealing = key.orElse(null);
    Model trial = load.now() == AnalyzerLoad.NORMAL ? models.inUse().trialFor(frame) : null;
    Future<Sighting> sighting =
        detectThreads.look(
            new FramePicture(frame, sealing),
            model.cropper(),
            trial == null ? null : trial.cropper());
    return new Looking(record, frame, sealing, model, trial, sighting);
  }

  /** A camera's own clock and delay do not make its frames late here. */
  private static Instant since(Frame frame) {
    return frame.getArrivalTime() == null ? frame.getCaptureTime() : frame.getArrivalTime();
  }

  /** Waits for the detectors, scores the faces of all streams together, writes the outcomes. */
  private List<Outcome> finish() throws InterruptedException {
    Map<CroppedFace, Scored> scores = scorer.score(working);
    List<Outcome> results = new ArrayList<>(working.size());
    for (Pending pending : working.pending()) {
      results.add(outcome(pending, scores));
    }
    return results;
  }

  private Outcome outcome(Pending pending, Map<CroppedFace, Scored> scores)
      throws InterruptedException {
    if (pending instanceof Known known) {
      return known.outcome();
    }
    Looking looking = (Looking) pending;
    Sighting sighting = looking.await();
    if (sighting instanceof Sighting.Faces found) {
      return outcomes.analysed(looking, found, scores);
    }
    FailReason reason = ((Sighting.Unusable) sighting).reason();
    return outcomes.failed(looking.source(), looking.frame(), reason);
  }

  private void commit(List<Outcome> results) {
    StepStart start = StepStart.now();
    publisher.publish(results, working.next(), intake.member());
    metrics.took(Step.PUBLISH, start);
    results.forEach(result -> metrics.committed(result, clock.instant()));
    scorer.compare(results);
  }
}
