package io.moodline.sink;

import io.moodline.runtime.Health;
import io.moodline.runtime.StageContext;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamStatus;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All registered streams with their status, kept in memory from {@code streams.v1} and {@code
 * stream-status.v1}, and the one place where the API writes streams.
 *
 * <p>The thread {@code sink-registry} reads. Writes go one at a time. Thread-safe.
 */
final class StreamRegistry implements AutoCloseable {
  static final String HEALTH_PART = "stream registry";

  private static final TopicCopy.Names NAMES =
      new TopicCopy.Names("sink-registry", "stream", "streams");
  private static final Logger log = LoggerFactory.getLogger(StreamRegistry.class);

  private final Topics topics;
  private final ApiMetrics metrics;
  private final TopicCopy copy;
  private final ReentrantLock writing = new ReentrantLock();
  private final StreamHistory history = new StreamHistory();
  // Guarded by the copy.
  private final Map<String, StreamSpec> specs = new TreeMap<>();
  private final Map<String, StreamStatus> statuses = new HashMap<>();
  private final Map<String, Long> revisions = new HashMap<>();

  private StreamRegistry(StageContext ctx, ApiMetrics metrics) {
    this.topics = ctx.kafka().topics();
    this.metrics = metrics;
    ctx.health().report(HEALTH_PART, Health.State.STARTING, "reading the streams");
    this.copy =
        new TopicCopy(ctx, metrics, NAMES, List.of(topics.streams(), topics.streamStatus()));
    copy.start(this::take, () -> ctx.health().report(HEALTH_PART, Health.State.UP, ""));
  }

  static StreamRegistry start(StageContext ctx, ApiMetrics metrics) {
    return new StreamRegistry(ctx, metrics);
  }

  /** All streams by id. Like {@link #find} it answers 503 until the topics have been read. */
  List<StreamView> all() {
    return copy.ask(() -> specs.values().stream().map(this::view).toList());
  }

  Optional<StreamView> find(String id) {
    return copy.ask(() -> Optional.ofNullable(specs.get(id)).map(this::view));
  }

  /** The last changes of the streams' states. */
  StreamHistory history() {
    return history;
  }

  /** What a writer makes of a stream. */
  @FunctionalInterface
  interface Edit {
    /**
     * Returns the spec to write, or the one it was given when nothing changes.
     *
     * @param before empty when the stream does not exist
     * @param revision the revision of what is written
     */
    StreamSpec apply(Optional<StreamSpec> before, long revision);
  }

  /** What became of an edit. */
  record Edited(StreamView stream, boolean created) {}

  /** Registers or changes a stream, and returns when {@link #find} shows it. */
  Edited edit(String id, Edit edit) {
    writing.lock();
    try {
      Optional<StreamSpec> before = find(id).map(StreamView::spec);
      StreamSpec after = edit.apply(before, nextRevision(id));
      if (before.isEmpty() || before.get() != after) {
        copy.write(topics.streams(), id, Serdes.STREAM_SPEC.encode(after));
        log.atInfo()
            .addKeyValue("stream", id)
            .addKeyValue("revision", after.getRevision())
            .log("stream registered");
      }
      StreamView written =
          find(id).orElseThrow(() -> Problem.of(409, "stream '" + id + "' was removed meanwhile"));
      return new Edited(written, before.isEmpty());
    } finally {
      writing.unlock();
    }
  }

  /** Removes a stream; false when there is none. */
  boolean remove(String id) {
    return remove(id, revision -> {});
  }

  /**
   * As {@link #remove(String)}.
   *
   * @param demand looks at the revision before it is removed, and may throw
   */
  boolean remove(String id, Consumer<Optional<Long>> demand) {
    writing.lock();
    try {
      Optional<StreamView> before = find(id);
      demand.accept(before.map(stream -> stream.spec().getRevision()));
      if (before.isEmpty()) {
        return false;
      }
      copy.write(topics.streams(), id, null);
      log.atInfo().addKeyValue("stream", id).log("stream removed");
      return true;
    } finally {
      writing.unlock();
    }
  }

  /** Does what must not meet a change of a stream that comes through this instance. */
  void undisturbed(Runnable work) {
    writing.lock();
    try {
      work.run();
    } finally {
      writing.unlock();
    }
  }

  private StreamView view(StreamSpec spec) {
    return new StreamView(spec, Optional.ofNullable(statuses.get(spec.getStreamId())));
  }

  /** Grows over removals too, so that ingest never takes a new stream for one it has finished. */
  private long nextRevision(String id) {
    return copy.look(
        () -> {
          StreamStatus status = statuses.get(id);
          return 1
              + Math.max(revisions.getOrDefault(id, 0L), status == null ? 0 : status.getRevision());
        });
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.topic().equals(topics.streams())) {
      copy.take(record, Serdes.STREAM_SPEC, StreamSpec::getStreamId, specs)
          .ifPresent(spec -> revisions.merge(spec.getStreamId(), spec.getRevision(), Math::max));
      metrics.streams.set(specs.size());
    } else {
      copy.take(record, Serdes.STREAM_STATUS, StreamStatus::getStreamId, statuses);
      String id = TopicCopy.key(record);
      history.take(id, statuses.get(id));
    }
  }

  @Override
  public void close() {
    copy.close();
  }
}
