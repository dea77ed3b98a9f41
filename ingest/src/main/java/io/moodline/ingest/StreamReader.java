package io.moodline.ingest;

import io.moodline.runtime.Health;
import io.moodline.runtime.Worker;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.StreamStatus;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ingest stage: streams in, frames out.
 *
 * <p>In: {@code streams.v1}, as a member of the group {@code ingest}, whose owned partitions say
 * which streams run here; and frames from decoder children. Out: {@code frames.v1} and {@code
 * recording-frames.v1}, the streams' positions on {@code stream-status.v1}, and dead letters, all
 * in one transaction per round, about every 50 ms. Positions and frames are committed together, so
 * a killed instance's recordings go on elsewhere with the very next frame.
 *
 * <p>The thread {@code ingest-streams} does everything here; decoders hand over frames through each
 * stream's queue. A live stream's queue drops its oldest frame and counts it; a recording is read
 * no faster than the analyzer commits. Confined to {@code ingest-streams}, but for {@link #wakeUp}.
 */
final class StreamReader implements StreamIntake.Owner {
  private static final Logger log = LoggerFactory.getLogger(StreamReader.class);
  private static final Duration DOUBT_PAUSE = Duration.ofMillis(500);

  /** Streams by partition and id. */
  private final Map<Integer, Map<String, StreamRun>> streams = new TreeMap<>();

  /** Owned partitions that can not be run yet. */
  private final Set<Integer> waiting = new HashSet<>();

  /** Streams whose spec can not be read: they are not removed. */
  private final Set<String> unreadable = new HashSet<>();

  private boolean inDoubt;

  private final StreamWork work;
  private final StatusLog statusLog;
  private final StreamIntake intake;
  private final Health health;
  private final Duration commitInterval;

  StreamReader(
      StreamWork work,
      StatusLog statusLog,
      Health health,
      Duration commitInterval,
      java.util.function.Function<StreamIntake.Owner, StreamIntake> intake) {
    this.work = work;
    this.statusLog = statusLog;
    this.health = health;
    this.commitInterval = commitInterval;
    this.intake = intake.apply(this);
  }

  /** Runs streams until told to stop; then ends live runs and leaves recordings where they are. */
  void run(Worker worker) throws InterruptedException {
    try {
      while (!worker.stopping()) {
        try {
          if (inDoubt) {
            startOver();
            inDoubt = false;
          }
          work.publisher().begin();
          round();
        } catch (WakeupException e) {
          // Asked to look whether to stop.
        } catch (InterruptException e) {
          throw e;
        } catch (KafkaException e) {
          inDoubt = true;
          doubt(e, worker);
        }
      }
      stopAll();
    } finally {
      streams.values().forEach(runs -> runs.values().forEach(StreamRun::release));
      streams.clear();
      intake.close();
    }
  }

  private void round() throws InterruptedException {
    intake.poll(commitInterval);
    if (inDoubt) {
      return; // since a partition left
    }
    work.unanalysed().refresh();
    streams.values().forEach(runs -> runs.values().forEach(StreamRun::advance));
    commit();
    report();
  }

  private void commit() {
    work.publisher().commit(intake.offsets(), intake.member());
  }

  /**
   * It is not known whether the last transaction was committed. Its producer is not trusted any
   * more: a fresh one ends it one way or the other, and what is then committed says where each
   * stream stands.
   */
  private void startOver() {
    work.publisher().renew();
    intake.reload();
  }

  private void doubt(KafkaException cause, Worker worker) throws InterruptedException {
    work.metrics().transactionAborted();
    log.atWarn().addKeyValue("cause", cause.toString()).log("transaction in doubt, starting over");
    health.report(Ingest.HEALTH_PART, Health.State.DEGRADED, "Kafka: " + cause.getMessage());
    if (!worker.stopping()) {
      Thread.sleep(DOUBT_PAUSE.toMillis()); // a broker that is away needs no hammering
    }
  }

  private void stopAll() {
    if (inDoubt) {
      return; // what a second commit would write may be there already; the next start sees
    }
    try {
      streams
          .values()
          .forEach(runs -> runs.values().forEach(run -> run.stop("Moodline was stopped")));
      commit();
    } catch (KafkaException e) {
      // The broker is away: the next start finds the runs open and ends them as lost.
      log.atWarn().addKeyValue("cause", e.toString()).log("runs could not be ended at stop");
    }
  }

  private void report() {
    if (intake.hasJoined()) {
      health.report(Ingest.HEALTH_PART, Health.State.UP, "");
    }
    Map<StreamState, Long> states = new HashMap<>();
    long frames = 0;
    long bytes = 0;
    for (Map<String, StreamRun> runs : streams.values()) {
      for (StreamRun run : runs.values()) {
        states.merge(run.state(), 1L, Long::sum);
        frames += run.credits().unanalysedFrames();
        bytes += run.credits().unanalysedBytes();
      }
    }
    work.metrics().unanalysed(frames, bytes);
    for (StreamState state : StreamState.values()) {
      work.metrics().streams(state.name(), states.getOrDefault(state, 0L));
    }
  }

  @Override
  public boolean owned(int partition, Map<String, StreamSpec> specs) throws InterruptedException {
    Optional<Map<String, StreamStatus>> read = statusLog.read(partition);
    if (read.isEmpty()) {
      if (waiting.add(partition)) {
        log.atInfo()
            .addKeyValue("partition", partition)
            .log("partition waits for the transaction of an instance that died");
      }
      return false;
    }
    waiting.remove(partition);
    Map<String, StreamStatus> before = read.get();
    Map<String, StreamRun> runs = new TreeMap<>();
    specs.forEach((id, spec) -> runs.put(id, new StreamRun(work, spec, before.get(id))));
    streams.put(partition, runs);
    before.forEach(
        (id, status) -> {
          if (!specs.containsKey(id) && !unreadable.contains(id)) {
            RunRecord.endRemoved(work, status);
          }
        });
    log.atInfo()
        .addKeyValue("partition", partition)
        .addKeyValue("streams", runs.size())
        .log("partition taken over");
    return true;
  }

  @Override
  public void changed(String streamId, @Nullable StreamSpec spec) {
    Map<String, StreamRun> runs =
        streams.computeIfAbsent(work.publisher().partition(streamId), p -> new TreeMap<>());
    StreamRun run = runs.get(streamId);
    unreadable.remove(streamId);
    if (spec == null) {
      if (run != null) {
        run.remove();
        runs.remove(streamId);
      }
    } else if (run == null) {
      runs.put(streamId, new StreamRun(work, spec, null));
    } else {
      run.change(spec);
    }
  }

  @Override
  public void leaving(int partition) {
    Map<String, StreamRun> runs = streams.remove(partition);
    if (runs == null) {
      return;
    }
    if (inDoubt) {
      runs.values().forEach(StreamRun::release);
      return;
    }
    runs.values().forEach(run -> run.stop("another instance takes the stream over"));
    try {
      commit();
    } catch (KafkaException e) {
      // The successor reads what is committed: it ends live runs, and decodes recordings again.
      work.metrics().transactionAborted();
      inDoubt = true;
    }
  }

  @Override
  public void lost(int partition) {
    drop(partition);
  }

  private void drop(int partition) {
    Map<String, StreamRun> runs = streams.remove(partition);
    if (runs != null) {
      runs.values().forEach(StreamRun::release);
    }
  }

  @Override
  public void unreadable(DeadLetter letter, byte @Nullable [] key) {
    work.metrics().unreadable();
    if (key != null) {
      unreadable.add(new String(key, StandardCharsets.UTF_8));
    }
    work.publisher().add(letter, key);
    log.atWarn()
        .addKeyValue("partition", letter.getPartition())
        .addKeyValue("offset", letter.getOffset())
        .log("unreadable stream spec");
  }

  /** Ends a wait for records. Thread-safe. */
  void wakeUp() {
    intake.wakeUp();
  }
}
