package io.moodline.sink;

import io.moodline.schemas.AlertKey;
import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.Topics;
import io.moodline.schemas.TrackKey;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.Stores;

/**
 * {@code timelines.v1} as a table, ordered by stream, step and start, {@code track-timelines.v1} as
 * one by stream, step, track and start, and {@code alert-history.v1} as one by stream, start and
 * rule: the topology of the application {@code timeline-table}.
 *
 * <pre>
 * timelines.v1       -> keep-windows -> timeline-windows -> drop-old        -> timelines.v1
 * track-timelines.v1 -> keep-tracks  -> track-timelines  -> drop-old-tracks -> track-timelines.v1
 * alert-history.v1   -> keep-alerts  -> alert-history    -> drop-old-alerts -> alert-history.v1
 * </pre>
 *
 * <p>It runs with {@code at_least_once}, since writing a window again changes nothing: its local
 * state survives a kill, and the topic itself is its changelog. A tombstone removes a window, and a
 * key that is no {@link TimelineKey} is never found. Keys and values are kept as they came; {@link
 * StoreQueries} reads them.
 */
final class TimelineTable {
  /** Name of the application, under the topics' prefix. */
  static final String APPLICATION = "timeline-table";

  /** {@code TimelineKey} to {@code TimelineWindow}. */
  static final String STORE = "timeline-windows";

  /** {@code TrackKey} to {@code TrackWindow}. */
  static final String TRACK_STORE = "track-timelines";

  /** {@code AlertKey} to {@code Alert}. */
  static final String ALERT_STORE = "alert-history";

  private TimelineTable() {}

  /**
   * Makes the topology.
   *
   * @param keep for how long windows are kept, by step
   * @param keepTracks for how long tracks and their seconds are kept
   * @param keepAlerts for how long alerts are kept
   */
  static Topology topology(
      Topics topics, Map<Duration, Duration> keep, Duration keepTracks, Duration keepAlerts) {
    Topology topology = new Topology();
    table(topology, STORE, topics.timelines(), "keep-windows");
    prune(
        topology,
        topics.timelines(),
        "drop-old",
        "keep-windows",
        () -> new OldWindows(keep),
        key -> TimelineKey.decode(key).streamId());
    topology.connectProcessorAndStateStores("drop-old", STORE);
    table(topology, TRACK_STORE, topics.trackTimelines(), "keep-tracks");
    prune(
        topology,
        topics.trackTimelines(),
        "drop-old-tracks",
        "keep-tracks",
        () -> new OldTracks(keepTracks),
        key -> TrackKey.decode(key).streamId());
    // With both stores: one task, so one owner, for the windows and the tracks of a stream.
    topology.connectProcessorAndStateStores("drop-old-tracks", TRACK_STORE, STORE);
    table(topology, ALERT_STORE, topics.alertHistory(), "keep-alerts");
    prune(
        topology,
        topics.alertHistory(),
        "drop-old-alerts",
        "keep-alerts",
        () -> new OldAlerts(keepAlerts),
        key -> AlertKey.decode(key).streamId());
    return topology.connectProcessorAndStateStores("drop-old-alerts", ALERT_STORE, STORE);
  }

  private static void table(Topology topology, String store, String topic, String keeper) {
    var bytes = Serdes.ByteArray();
    topology.addReadOnlyStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(store), bytes, bytes),
        topic + "-source",
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer(),
        topic,
        keeper,
        () -> new RecordKeeper(store));
  }

  private static void prune(
      Topology topology,
      String topic,
      String name,
      String keeper,
      ProcessorSupplier<Void, Void, byte[], byte[]> processor,
      Function<byte[], String> streamOf) {
    topology
        .addProcessor(name, processor, keeper)
        .addSink(
            name + "-tombstones",
            topic,
            new ByteArraySerializer(),
            new ByteArraySerializer(),
            (to, key, value, partitions) ->
                Optional.of(Set.of(StreamPartition.of(streamOf.apply(key), partitions))),
            name);
  }
}
