package io.moodline.sink;

import io.moodline.runtime.KeyRing;
import io.moodline.schemas.AlertKey;
import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.Topics;
import io.moodline.schemas.TrackKey;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * From faces to events and timelines: the topology of the application {@code timelines}.
 *
 * <pre>
 * faces.v1 -> count-frames -> follow-faces -> smooth-scores -> publish-faces -> emotions.v1
 *                  |              |  |              |      |\-> roll-up       -> timelines.v1
 *                  v              v  |              v       \-> watch-rules   -> alerts.v1,
 *           dead-letters.v1  tracks.v1  \      segments.v1           ^          alert-history.v1
 *                                        \                rules.v1, streams.v1
 *                                         \-> roll-tracks -> track-timelines.v1
 * </pre>
 *
 * <ul>
 *   <li><b>count-frames</b> ({@link FrameCounter}) opens each frame's faces with the key of its
 *       stream and enters it in the ledger of its run. A frame that was counted before goes no
 *       further, nor does one whose key was thrown away, and what can not be read is dead-lettered:
 *       nothing in a topic stops the topology.
 *   <li><b>follow-faces</b> ({@link FaceFollower}) finds each face's track and tells when tracks
 *       begin, meet, part and end.
 *   <li><b>roll-tracks</b> ({@link TrackRoller}) adds each face to its track's second and to the
 *       track's sums.
 *   <li><b>smooth-scores</b> ({@link ScoreSmoother}) filters the scores over each track and
 *       publishes the segments in which it keeps a label.
 *   <li><b>publish-faces</b> ({@link FacePublisher}) publishes each face as an event.
 *   <li><b>roll-up</b> ({@link WindowRoller}) adds the frame to one window of each step and
 *       publishes windows as they change.
 *   <li><b>watch-rules</b> ({@link RuleWatcher}) looks at the frame with the eyes of all rules,
 *       which every instance holds in full, and publishes alerts.
 *   <li><b>erase</b> ({@link StreamEraser}) reads erasures.v1 and empties the stores of a stream.
 * </ul>
 *
 * <p>It runs with {@code exactly_once_v2}: ledgers, windows, events and input offsets move in one
 * transaction, so that each frame is counted once whatever is killed. Kafka Streams then throws
 * local state away after a kill, so the stores are small: windows close for good when the stream's
 * time has passed them, and what is long over is kept in {@code timelines.v1} alone, which {@link
 * TimelineTable} answers from.
 *
 * <p>Every key in the stores starts with the stream's id, so that a stream can be removed by range.
 * One stream thread runs all of it; nothing is dropped but duplicates and what can not be read.
 */
final class EmotionTimelines {
  /** Name of the application, under the topics' prefix. */
  static final String APPLICATION = "timelines";

  static final String COUNT_FRAMES = "count-frames";
  static final String FOLLOW_FACES = "follow-faces";
  static final String SMOOTH_SCORES = "smooth-scores";
  static final String PUBLISH_FACES = "publish-faces";
  static final String ROLL_UP = "roll-up";
  static final String WATCH_RULES = "watch-rules";
  static final String ERASE = "erase";
  static final String DEAD_LETTERS = "dead-letters";
  static final String TRACK_EVENTS = "tracks";
  static final String ROLL_TRACKS = "roll-tracks";
  static final String SEGMENTS = "segments";
  static final String ALERTS = "alerts";
  static final String ALERT_HISTORY = "alert-history";

  /** What takes followed faces. */
  static final List<String> AFTER_TRACKS = List.of(SMOOTH_SCORES, ROLL_TRACKS);

  /** What takes scored frames. */
  static final List<String> AFTER_SCORES = List.of(PUBLISH_FACES, ROLL_UP, WATCH_RULES);

  /** {@code stream/run} to the run's ledger. */
  static final String LEDGERS = "run-ledgers";

  /** {@code stream/run} to the faces that are followed. */
  static final String TRACKS = "face-tracks";

  /** Stream to the number of its last track: kept for good, since numbers are never reused. */
  static final String TRACK_NUMBERS = "track-numbers";

  /** {@code stream/run/track} to the filter of its labels. */
  static final String FILTERS = "track-filters";

  /** {@code stream/run/track} to what a track that goes on has shown. */
  static final String TRACK_SUMS = "track-sums";

  /** Every rule and every stream, by id, in all instances. */
  static final String RULES = "rules";

  static final String STREAMS = "streams";

  /** Stream to how the rules stand on it. */
  static final String RULE_STATES = "rule-states";

  /** Stream to where it stands in its own time. */
  static final String CLOCKS = "stream-clocks";

  /** {@code TimelineKey} to the sums of a window that may still change. */
  static final String WINDOWS = "open-windows";

  /**
   * Small segments, so that compaction keeps what a restart must read short; what was erased leaves
   * the log files within hours.
   */
  private static final Map<String, String> CHANGELOG =
      Map.of(
          "segment.bytes", Integer.toString(16 * 1024 * 1024),
          "min.cleanable.dirty.ratio", "0.3",
          "max.compaction.lag.ms", Long.toString(Duration.ofHours(6).toMillis()),
          "delete.retention.ms", Long.toString(Duration.ofHours(1).toMillis()));

  private static final Serde<byte[]> BYTES =
      org.apache.kafka.common.serialization.Serdes.ByteArray();
  private static final Serde<String> STRING = org.apache.kafka.common.serialization.Serdes.String();
  private static final Serde<Long> LONG = org.apache.kafka.common.serialization.Serdes.Long();

  private EmotionTimelines() {}

  static Topology topology(
      Topics topics,
      WindowRules windows,
      TrackRules tracks,
      KeyRing keys,
      TimelineMetrics metrics) {
    Topology topology =
        new Topology()
            .addSource(
                "faces", new ByteArrayDeserializer(), new ByteArrayDeserializer(), topics.faces())
            .addProcessor(
                COUNT_FRAMES, () -> new FrameCounter(windows.keepLedgers(), keys, metrics), "faces")
            .addProcessor(
                FOLLOW_FACES, () -> new FaceFollower(tracks, windows.idle(), metrics), COUNT_FRAMES)
            .addProcessor(SMOOTH_SCORES, () -> new ScoreSmoother(tracks, metrics), FOLLOW_FACES)
            .addProcessor(ROLL_TRACKS, () -> new TrackRoller(tracks), FOLLOW_FACES)
            .addProcessor(PUBLISH_FACES, FacePublisher::new, SMOOTH_SCORES)
            .addProcessor(ROLL_UP, () -> new WindowRoller(windows, metrics), SMOOTH_SCORES)
            .addProcessor(
                WATCH_RULES, () -> new RuleWatcher(windows.idle(), metrics), SMOOTH_SCORES)
            .addSource(
                "erasures",
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer(),
                topics.erasures())
            .addProcessor(ERASE, StreamEraser::new, "erasures")
            .addStateStore(store(LEDGERS, BYTES, Serdes.RUN_LEDGER), COUNT_FRAMES, ROLL_UP, ERASE)
            .addStateStore(store(TRACKS, BYTES, Serdes.RUN_TRACKS), FOLLOW_FACES, ERASE)
            .addStateStore(store(TRACK_NUMBERS, STRING, LONG), FOLLOW_FACES)
            .addStateStore(store(FILTERS, BYTES, Serdes.TRACK_FILTER), SMOOTH_SCORES, ERASE)
            .addStateStore(store(TRACK_SUMS, BYTES, Serdes.TRACK_SUMS), ROLL_TRACKS, ERASE)
            .addStateStore(store(RULE_STATES, STRING, Serdes.RULE_STATES), WATCH_RULES, ERASE)
            .addStateStore(store(CLOCKS, STRING, Serdes.STREAM_CLOCK), ROLL_UP, ERASE)
            .addStateStore(store(WINDOWS, BYTES, Serdes.OPEN_WINDOW), ROLL_UP, ERASE);
    sink(topology, topics.emotions(), "emotions", Serdes.FACE_EMOTION, PUBLISH_FACES);
    sink(topology, topics.tracks(), TRACK_EVENTS, Serdes.FACE_TRACK, FOLLOW_FACES);
    sink(topology, topics.segments(), SEGMENTS, Serdes.EMOTION_SEGMENT, SMOOTH_SCORES);
    sink(topology, topics.alerts(), ALERTS, Serdes.ALERT, WATCH_RULES);
    everywhere(topology, topics.rules(), RULES);
    everywhere(topology, topics.streams(), STREAMS);
    return topology
        .addSink(
            ALERT_HISTORY,
            topics.alertHistory(),
            new ByteArraySerializer(),
            Serdes.ALERT.serializer(),
            byStream(key -> AlertKey.decode(key).streamId()),
            WATCH_RULES)
        .addSink(
            "track-timelines",
            topics.trackTimelines(),
            new ByteArraySerializer(),
            Serdes.TRACK_WINDOW.serializer(),
            byStream(key -> TrackKey.decode(key).streamId()),
            ROLL_TRACKS)
        .addSink(
            "timelines",
            topics.timelines(),
            new ByteArraySerializer(),
            Serdes.TIMELINE_WINDOW.serializer(),
            byStream(key -> TimelineKey.decode(key).streamId()),
            ROLL_UP)
        .addSink(
            DEAD_LETTERS,
            topics.deadLetters(),
            new ByteArraySerializer(),
            Serdes.DEAD_LETTER.serializer(),
            COUNT_FRAMES);
  }

  /** Writes to a topic whose keys start with a stream and a slash. */
  private static void sink(
      Topology topology, String topic, String name, AvroSerde<?> values, String parent) {
    topology.addSink(
        name,
        topic,
        new ByteArraySerializer(),
        values.serializer(),
        byStream(FaceEvents::streamOf),
        parent);
  }

  /** A small compacted topic that every instance holds in full, as it came. */
  private static void everywhere(Topology topology, String topic, String store) {
    topology.addGlobalStore(
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(store), BYTES, BYTES)
            .withLoggingDisabled(),
        store + "-topic",
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer(),
        topic,
        "keep-" + store,
        () -> new RecordKeeper(store));
  }

  private static <K, V> StoreBuilder<KeyValueStore<K, V>> store(
      String name, Serde<K> keys, Serde<V> values) {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), keys, values)
        .withCachingEnabled()
        .withLoggingEnabled(CHANGELOG);
  }

  /** The one rule for partitions, by the stream that a composite key names. */
  private static StreamPartitioner<byte[], Object> byStream(Function<byte[], String> streamOf) {
    return (topic, key, value, partitions) ->
        Optional.of(Set.of(StreamPartition.of(streamOf.apply(key), partitions)));
  }
}
