package io.moodline.sink;

import io.moodline.schemas.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** The table's topology without a broker, with a clock on the wall that stands at noon. */
final class TableDriver implements AutoCloseable {
  static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final Topics TOPICS = new Topics("moodline");

  private final TopologyTestDriver driver;

  TableDriver(Path folder, Map<Duration, Duration> keep, Duration keepTracks) {
    this(folder, keep, keepTracks, Duration.ofDays(30));
  }

  TableDriver(Path folder, Map<Duration, Duration> keep, Duration keepTracks, Duration keepAlerts) {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "table-test");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    config.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    driver =
        new TopologyTestDriver(
            TimelineTable.topology(TOPICS, keep, keepTracks, keepAlerts), config, NOON);
  }

  void sendWindow(byte[] key, byte[] value) {
    send(TOPICS.timelines(), key, value);
  }

  void sendTrack(byte[] key, byte[] value) {
    send(TOPICS.trackTimelines(), key, value);
  }

  void sendAlert(byte[] key, byte[] value) {
    send(TOPICS.alertHistory(), key, value);
  }

  private void send(String topic, byte[] key, byte[] value) {
    driver
        .createInputTopic(topic, new ByteArraySerializer(), new ByteArraySerializer())
        .pipeInput(key, value);
  }

  void wait(Duration time) {
    driver.advanceWallClockTime(time);
  }

  /** The keys of a store, in its order. */
  List<byte[]> keys(String store) {
    KeyValueStore<byte[], byte[]> table = driver.getKeyValueStore(store);
    List<byte[]> keys = new ArrayList<>();
    try (KeyValueIterator<byte[], byte[]> all = table.all()) {
      all.forEachRemaining(entry -> keys.add(entry.key));
    }
    return keys;
  }

  @Override
  public void close() {
    driver.close();
  }
}
