package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.Topics;
import io.moodline.schemas.TrackKey;
import io.moodline.schemas.v1.OpenWindow;
import io.moodline.schemas.v1.TrackWindow;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OldTracksTest {
  private static final Topics TOPICS = new Topics("moodline");
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final OpenWindow NO_SUMS =
      new OpenWindow(
          Map.of(),
          Map.of(),
          Map.of(),
          Map.of(),
          0L,
          0L,
          List.of(),
          List.of(),
          0L,
          List.of(),
          Map.of(),
          ByteBuffer.allocate(0));

  @TempDir Path folder;

  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> tracks;

  @BeforeEach
  void start() {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "table-test");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    config.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    driver = new TopologyTestDriver(TimelineTable.topology(TOPICS, Map.of(), DAY), config, NOON);
    tracks =
        driver.createInputTopic(
            TOPICS.trackTimelines(), new ByteArraySerializer(), new ByteArraySerializer());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void removesTracksAndTheOldSecondsOfThoseThatGoOnByTheClockOnTheWall() {
    for (String stream : List.of("lobby", "z")) {
      whole(stream, 1, NOON.plus(DAY), false); // still goes on
      second(stream, 1, 0, NOON);
      second(stream, 1, 1, NOON.plus(DAY));
      whole(stream, 2, NOON, true);
      second(stream, 2, 0, NOON);
      second(stream, 2, 1, NOON);
      whole(stream, 3, NOON, false); // its end was never told
      whole(stream, 4, NOON.plus(DAY), true);
      second(stream, 4, 0, NOON.plus(DAY));
    }
    tracks.pipeInput(new byte[] {1}, new byte[] {1});
    driver.advanceWallClockTime(DAY);
    assertThat(kept()).hasSize(14);
    driver.advanceWallClockTime(OldWindows.LOOK);
    assertThat(kept())
        .containsExactly(
            "lobby/0/1", "lobby/0/4", "lobby/1/1", "lobby/1/4", "z/0/1", "z/0/4", "z/1/1", "z/1/4");
    driver.advanceWallClockTime(DAY);
    assertThat(kept()).isEmpty();
  }

  private void whole(String stream, long track, Instant written, boolean ended) {
    send(TrackKey.whole(stream, track), written, ended);
  }

  private void second(String stream, long track, int second, Instant written) {
    send(new TrackKey(stream, SECOND, track, NOON.plusSeconds(second)), written, true);
  }

  private void send(TrackKey key, Instant written, boolean isFinal) {
    tracks.pipeInput(
        key.encode(),
        Serdes.TRACK_WINDOW.encode(
            new TrackWindow(
                key.streamId(),
                "r",
                key.track(),
                key.step().toMillis(),
                NOON,
                NOON,
                isFinal,
                NOON,
                NO_SUMS,
                written)));
  }

  /** Stream, step in seconds and track of what is kept. */
  private TreeSet<String> kept() {
    KeyValueStore<byte[], byte[]> store = driver.getKeyValueStore(TimelineTable.TRACK_STORE);
    TreeSet<String> kept = new TreeSet<>();
    try (KeyValueIterator<byte[], byte[]> all = store.all()) {
      all.forEachRemaining(
          entry -> {
            if (entry.key.length > 1) {
              TrackKey key = TrackKey.decode(entry.key);
              kept.add(key.streamId() + "/" + key.step().toSeconds() + "/" + key.track());
            }
          });
    }
    return kept;
  }
}
