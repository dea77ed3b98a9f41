package io.moodline.sink;

import io.moodline.schemas.StreamPartition;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.Topics;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/**
 * {@code timelines.v1} as a table, ordered by stream, step and start: the topology of the
 * application {@code timeline-table}.
 *
 * <pre>timelines.v1 -> keep-windows -> timeline-windows -> drop-old -> timelines.v1</pre>
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

  private TimelineTable() {}

  /**
   * Makes the topology.
   *
   * @param keep for how long windows are kept, by step
   */
  static Topology topology(Topics topics, Map<Duration, Duration> keep) {
    var bytes = Serdes.ByteArray();
    return new Topology()
        .addReadOnlyStateStore(
            Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), bytes, bytes),
            "timelines",
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer(),
            topics.timelines(),
            "keep-windows",
            () -> new RecordKeeper(STORE))
        .addProcessor("drop-old", () -> new OldWindows(keep), "keep-windows")
        .connectProcessorAndStateStores("drop-old", STORE)
        .addSink(
            "tombstones",
            topics.timelines(),
            new ByteArraySerializer(),
            new ByteArraySerializer(),
            (topic, key, value, partitions) ->
                Optional.of(
                    Set.of(StreamPartition.of(TimelineKey.decode(key).streamId(), partitions))),
            "drop-old");
  }
}
