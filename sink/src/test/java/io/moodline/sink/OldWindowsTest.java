package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.Topics;
import io.moodline.schemas.v1.OpenWindow;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
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

class OldWindowsTest {
  private static final Topics TOPICS = new Topics("moodline");
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final Duration SECOND = Steps.ALL.get(0);
  private static final Duration HOUR = Steps.ALL.get(3);
  private static final Map<Duration, Duration> KEEP =
      Map.of(
          SECOND,
          Duration.ofDays(1),
          Steps.ALL.get(1),
          Duration.ofDays(2),
          Steps.ALL.get(2),
          Duration.ofDays(3),
          HOUR,
          Duration.ofDays(4));

  @TempDir Path folder;

  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> windows;

  @BeforeEach
  void start() {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "table-test");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "none:1");
    config.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    driver =
        new TopologyTestDriver(
            TimelineTable.topology(TOPICS, KEEP, Duration.ofDays(1)), config, NOON);
    windows =
        driver.createInputTopic(
            TOPICS.timelines(), new ByteArraySerializer(), new ByteArraySerializer());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void removesEachStepWhenItsTimeOnTheWallIsOverHoweverOldTheRecordingIs() {
    for (String stream : List.of("lobby", "film", "z")) {
      Instant start = stream.equals("film") ? Instant.parse("1931-05-06T00:00:00Z") : NOON;
      for (Duration step : Steps.ALL) {
        for (int i = 0; i < 20; i++) {
          put(stream, step, start.plus(step.multipliedBy(i)), NOON);
        }
      }
    }
    windows.pipeInput("no key".getBytes(StandardCharsets.UTF_8), new byte[] {1});
    assertThat(kept()).isEqualTo(3 * 4 * 20 + 1);
    driver.advanceWallClockTime(Duration.ofDays(1));
    assertThat(kept()).isEqualTo(3 * 4 * 20 + 1);
    for (int day = 1; day <= 4; day++) {
      driver.advanceWallClockTime(OldWindows.LOOK.multipliedBy(2));
      assertThat(kept()).isEqualTo(3 * (4 - day) * 20 + 1);
      driver.advanceWallClockTime(Duration.ofDays(1));
    }
  }

  @Test
  void keepsWhatWasWrittenAgain() {
    put("s", SECOND, NOON, NOON);
    put("s", SECOND, NOON.plusSeconds(1), NOON);
    driver.advanceWallClockTime(Duration.ofHours(20));
    put("s", SECOND, NOON.plusSeconds(1), NOON.plus(Duration.ofHours(20)));
    driver.advanceWallClockTime(Duration.ofHours(10));
    assertThat(kept()).isEqualTo(1);
    driver.advanceWallClockTime(Duration.ofHours(20));
    assertThat(kept()).isZero();
  }

  @Test
  void leavesWindowsThatDoNotSayWhenTheyWereWritten() {
    put("s", SECOND, NOON, Instant.EPOCH);
    driver.advanceWallClockTime(Duration.ofDays(100));
    assertThat(kept()).isEqualTo(1);
  }

  private void put(String stream, Duration step, Instant start, Instant written) {
    TimelineKey key = new TimelineKey(stream, step, start);
    windows.pipeInput(
        key.encode(),
        Serdes.TIMELINE_WINDOW.encode(WindowSums.toTimeline(key, EMPTY, true, written)));
  }

  private static final OpenWindow EMPTY =
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

  private int kept() {
    KeyValueStore<byte[], byte[]> store = driver.getKeyValueStore(TimelineTable.STORE);
    int count = 0;
    try (KeyValueIterator<byte[], byte[]> all = store.all()) {
      for (; all.hasNext(); all.next()) {
        count++;
      }
    }
    return count;
  }
}
