package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.TrackKey;
import io.moodline.schemas.v1.TrackWindow;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OldTracksTest {
  private static final Instant NOON = TableDriver.NOON;
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration SECOND = Duration.ofSeconds(1);
  @TempDir Path folder;

  private TableDriver table;

  @BeforeEach
  void start() {
    table = new TableDriver(folder, Map.of(), DAY);
  }

  @AfterEach
  void stop() {
    table.close();
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
    table.sendTrack(new byte[] {1}, new byte[] {1});
    table.wait(DAY);
    assertThat(kept()).hasSize(14);
    table.wait(PruneRounds.ROUND);
    assertThat(kept())
        .containsExactly(
            "lobby/0/1", "lobby/0/4", "lobby/1/1", "lobby/1/4", "z/0/1", "z/0/4", "z/1/1", "z/1/4");
    table.wait(DAY);
    assertThat(kept()).isEmpty();
  }

  private void whole(String stream, long track, Instant written, boolean ended) {
    send(TrackKey.whole(stream, track), written, ended);
  }

  private void second(String stream, long track, int second, Instant written) {
    send(new TrackKey(stream, SECOND, track, NOON.plusSeconds(second)), written, true);
  }

  private void send(TrackKey key, Instant written, boolean isFinal) {
    table.sendTrack(
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
                WindowSums.EMPTY,
                written)));
  }

  /** Stream, step in seconds and track of what is kept. */
  private TreeSet<String> kept() {
    TreeSet<String> kept = new TreeSet<>();
    for (byte[] bytes : table.keys(TimelineTable.TRACK_STORE)) {
      if (bytes.length > 1) {
        TrackKey key = TrackKey.decode(bytes);
        kept.add(key.streamId() + "/" + key.step().toSeconds() + "/" + key.track());
      }
    }
    return kept;
  }
}
