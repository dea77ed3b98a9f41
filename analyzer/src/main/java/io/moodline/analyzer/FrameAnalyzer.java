package io.moodline.analyzer;

import io.moodline.analyzer.AnalyzerMetrics.Step;
import io.moodline.analyzer.DetectThreads.FramePicture;
import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.runtime.Worker;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamIds;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * The analyzer's stage: frames in, faces with scores out.
 *
 * <p>In: {@code frames.v1} and {@code recording-frames.v1}, as a member of the group {@code
 * analyzer}. Out: one {@code FrameFaces} on {@code faces.v1} for every frame and end mark, in order
 * per stream, and a dead letter for every record that can not be used. One poll is one micro-batch;
 * its outcomes and the offsets behind them are one transaction, so each frame has exactly one
 * outcome whatever is killed.
 *
 * <p>The thread {@code analyzer-flow} does everything here but finding faces, which the threads
 * {@code analyzer-detect-n} do. Nothing is dropped: a live frame that is too old is SKIPPED, one
 * that can not be used is FAILED, and both cost only themselves.
 *
 * <p>{@link #begin} and {@link #finish} are apart so that a second micro-batch can begin while the
 * first one is classified. Confined to {@code analyzer-flow}.
 */
final class FrameAnalyzer {
  private final FrameIntake intake;
  private final OutcomePublisher publisher;
  private final DetectThreads detectThreads;
  private final Models models;
  private final Outcomes outcomes;
  private final AnalyzerMetrics metrics;
  private final Duration liveMaxAge;
  private final Clock clock;
  private final Recovery recovery;

  FrameAnalyzer(
      FrameIntake intake,
      OutcomePublisher publisher,
      DetectThreads detectThreads,
      Models models,
      Outcomes outcomes,
      AnalyzerMetrics metrics,
      Duration liveMaxAge,
      Recovery recovery) {
    this.intake = intake;
    this.publisher = publisher;
    this.detectThreads = detectThreads;
    this.models = models;
    this.outcomes = outcomes;
    this.metrics = metrics;
    this.liveMaxAge = liveMaxAge;
    this.clock = outcomes.clock();
    this.recovery = recovery;
  }

  /** Analyses until told to stop; the batch in hand is finished first. */
  void run(Worker worker) throws InterruptedException {
    boolean inDoubt = false;
    while (!worker.stopping()) {
      try {
        if (inDoubt) {
          publisher.renew();
          intake.rewind();
          inDoubt = false;
        }
        analyseNext();
        recovery.wentWell(intake.hasJoined());
      } catch (WakeupException e) {
        // Asked to look whether to stop.
      } catch (KafkaException e) {
        inDoubt = true;
        recovery.failed(e);
      }
    }
  }

  private void analyseNext() throws InterruptedException {
    ConsumerRecords<byte[], byte[]> records = intake.next();
    if (records.isEmpty()) {
      return;
    }
    MicroBatch batch = begin(records);
    List<Outcome> results = finish(batch);
    commit(results, batch.next());
  }

  /** Records in hand, in order, and the offsets behind them. */
  private record MicroBatch(List<Pending> pending, Map<TopicPartition, OffsetAndMetadata> next) {}

  /** A record whose outcome is known at once, or waits for a detector's thread. */
  private sealed interface Pending {}

  private record Known(Outcome outcome) implements Pending {}

  private record Looking(
      ConsumerRecord<byte[], byte[]> source, Frame frame, Model model, Future<Sighting> sighting)
      implements Pending {}

  /** Reads each record, judges it, and sends its picture to the detectors. */
  private MicroBatch begin(ConsumerRecords<byte[], byte[]> records) throws InterruptedException {
    List<Pending> pending = new ArrayList<>(records.count());
    for (ConsumerRecord<byte[], byte[]> record : records) {
      pending.add(begin(record));
    }
    return new MicroBatch(pending, records.nextOffsets());
  }

  private Pending begin(ConsumerRecord<byte[], byte[]> record) throws InterruptedException {
    Frame frame = read(record);
    if (frame == null) {
      return new Known(outcomes.unreadable(record));
    }
    if (frame.getEndOfRun() != null) {
      return new Known(outcomes.endOfRun(record, frame));
    }
    metrics.taken(frame.getKind());
    if (isStale(frame)) {
      return new Known(outcomes.skipped(record, frame, Outcomes.STALE));
    }
    Model model = models.get(frame.getModel());
    if (model == null) {
      return new Known(outcomes.failed(record, frame, FailReason.NO_MODEL));
    }
    FramePicture picture =
        new FramePicture(bytes(frame.getJpeg()), frame.getWidth(), frame.getHeight());
    return new Looking(record, frame, model, detectThreads.look(picture, model.cropper()));
  }

  /**
   * The frame; null where the record is none, or says that it is of another stream than its key.
   */
  private static @Nullable Frame read(ConsumerRecord<byte[], byte[]> record) {
    try {
      Frame frame = record.value() == null ? null : Serdes.FRAME.decode(record.value());
      return frame != null && belongsToKey(frame, record.key()) ? frame : null;
    } catch (UnreadableRecordException e) {
      return null; // becomes a dead letter and a count
    }
  }

  private static boolean belongsToKey(Frame frame, byte @Nullable [] key) {
    String stream = frame.getStreamId();
    return StreamIds.PATTERN.matcher(stream).matches()
        && Arrays.equals(stream.getBytes(StandardCharsets.UTF_8), key);
  }

  private boolean isStale(Frame frame) {
    return frame.getKind() == StreamKind.LIVE
        && frame.getCaptureTime().plus(liveMaxAge).isBefore(clock.instant());
  }

  /** Waits for the detectors, scores the faces of all streams together, writes the outcomes. */
  private List<Outcome> finish(MicroBatch batch) throws InterruptedException {
    Map<Model, List<CroppedFace>> found = new LinkedHashMap<>();
    for (Pending pending : batch.pending()) {
      if (pending instanceof Looking looking
          && await(looking.sighting()) instanceof Sighting.Faces sighted) {
        found.computeIfAbsent(looking.model(), model -> new ArrayList<>()).addAll(sighted.faces());
      }
    }
    Map<CroppedFace, float[]> scores = classify(found);
    metrics.batch(batch.pending().size(), scores.size());
    List<Outcome> results = new ArrayList<>(batch.pending().size());
    for (Pending pending : batch.pending()) {
      results.add(outcome(pending, scores));
    }
    return results;
  }

  private Map<CroppedFace, float[]> classify(Map<Model, List<CroppedFace>> found) {
    long start = System.nanoTime();
    Map<CroppedFace, float[]> scores = new IdentityHashMap<>();
    found.forEach(
        (model, faces) -> {
          float[][] answers = model.score(faces);
          for (int i = 0; i < answers.length; i++) {
            scores.put(faces.get(i), answers[i]);
          }
        });
    metrics.took(Step.CLASSIFY, start);
    return scores;
  }

  private Outcome outcome(Pending pending, Map<CroppedFace, float[]> scores)
      throws InterruptedException {
    if (pending instanceof Known known) {
      return known.outcome();
    }
    Looking looking = (Looking) pending;
    Sighting sighting = await(looking.sighting());
    if (sighting instanceof Sighting.Faces found) {
      return outcomes.analysed(
          looking.source(), looking.frame(), looking.model(), found.faces(), scores);
    }
    FailReason reason = ((Sighting.Unusable) sighting).reason();
    return outcomes.failed(looking.source(), looking.frame(), reason);
  }

  private void commit(List<Outcome> results, Map<TopicPartition, OffsetAndMetadata> next) {
    long start = System.nanoTime();
    try {
      publisher.publish(results, next, intake.member());
    } catch (KafkaException e) {
      results.forEach(metrics::returned);
      throw e;
    }
    metrics.took(Step.PUBLISH, start);
    results.forEach(result -> metrics.committed(result, clock.instant()));
  }

  private static Sighting await(Future<Sighting> sighting) throws InterruptedException {
    try {
      return sighting.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a detector's thread failed", e.getCause());
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
