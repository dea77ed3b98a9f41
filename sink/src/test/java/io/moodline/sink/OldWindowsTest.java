package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.TimelineKey;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OldWindowsTest {
  private static final Instant NOON = TableDriver.NOON;
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

  private TableDriver table;

  @BeforeEach
  void start() {
    table = new TableDriver(folder, KEEP, Duration.ofDays(1));
  }

  @AfterEach
  void stop() {
    table.close();
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
    table.sendWindow("no key".getBytes(StandardCharsets.UTF_8), new byte[] {1});
    assertThat(kept()).isEqualTo(3 * 4 * 20 + 1);
    table.wait(Duration.ofDays(1));
    assertThat(kept()).isEqualTo(3 * 4 * 20 + 1);
    for (int day = 1; day <= 4; day++) {
      table.wait(PruneRounds.ROUND.multipliedBy(2));
      assertThat(kept()).isEqualTo(3 * (4 - day) * 20 + 1);
      table.wait(Duration.ofDays(1));
    }
  }

  @Test
  void keepsWhatWasWrittenAgain() {
    put("s", SECOND, NOON, NOON);
    put("s", SECOND, NOON.plusSeconds(1), NOON);
    table.wait(Duration.ofHours(20));
    put("s", SECOND, NOON.plusSeconds(1), NOON.plus(Duration.ofHours(20)));
    table.wait(Duration.ofHours(10));
    assertThat(kept()).isEqualTo(1);
    table.wait(Duration.ofHours(20));
    assertThat(kept()).isZero();
  }

  @Test
  void goesOnAtOnceWhereOneTurnIsTooShort() {
    int many = 2 * PruneRounds.MOST + 10;
    for (int i = 0; i < many; i++) {
      put("a", SECOND, NOON.plusSeconds(i), NOON);
    }
    put("b", SECOND, NOON, NOON);
    table.wait(Duration.ofDays(1).plus(PruneRounds.ROUND));
    assertThat(kept()).isEqualTo(many + 1 - PruneRounds.MOST);
    table.wait(PruneRounds.TURN);
    assertThat(kept()).as("the other stream").isEqualTo(many - PruneRounds.MOST);
    table.wait(PruneRounds.TURN);
    assertThat(kept()).isEqualTo(many - 2 * PruneRounds.MOST);
    table.wait(PruneRounds.TURN); // the other stream's turn again
    table.wait(PruneRounds.TURN);
    assertThat(kept()).isZero();
  }

  @Test
  void leavesWindowsThatDoNotSayWhenTheyWereWritten() {
    put("s", SECOND, NOON, Instant.EPOCH);
    table.wait(Duration.ofDays(100));
    assertThat(kept()).isEqualTo(1);
  }

  private void put(String stream, Duration step, Instant start, Instant written) {
    TimelineKey key = new TimelineKey(stream, step, start);
    table.sendWindow(
        key.encode(),
        Serdes.TIMELINE_WINDOW.encode(WindowSums.toTimeline(key, WindowSums.EMPTY, true, written)));
  }

  private int kept() {
    return table.keys(TimelineTable.STORE).size();
  }
}
