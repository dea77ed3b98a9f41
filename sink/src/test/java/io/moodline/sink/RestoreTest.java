package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.Steps;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A sink that lost its stores; prints how long it takes until it answers again: {@code
 * -Dmoodline.restore.streams=500} for an hour of so many.
 */
@Timeout(1800)
class RestoreTest {
  private static final int STREAMS = Integer.getInteger("moodline.restore.streams", 2);

  @TempDir Path home;

  @Test
  void answersFromTheTopicsAfterLosingItsStores() throws Exception {
    TimelineDay day = new TimelineDay(STREAMS, Duration.ofHours(1));
    try (ApiFixture api = new ApiFixture(home, Map.of(), true)) {
      TableFill fill = new TableFill(day, home, api.stage.kafka().partitions());
      int windows = fill.send(api, TimelineDay.START, day.end);
      fill.awaitEnd(api);
      double kept = secondsToStart(api, fill);
      api.stop();
      Folders.delete(home.resolve("data/streams"));
      long start = System.nanoTime();
      api.start();
      fill.awaitEnd(api);
      double lost = (System.nanoTime() - start) / 1e9;
      System.out.printf(
          "%d windows: start with the stores %.1f s, without %.1f s%n", windows, kept, lost);
      for (Duration step : Steps.ALL) {
        assertThat(
                api.sink()
                    .queries()
                    .windows(TimelineDay.stream(0), step, TimelineDay.START, day.end, 10_000))
            .isEqualTo(day.windows(0, step, TimelineDay.START, day.end));
      }
      assertThat(api.failures).isEmpty();
    }
  }

  private static double secondsToStart(ApiFixture api, TableFill fill) {
    api.stop();
    long start = System.nanoTime();
    api.start();
    fill.awaitEnd(api);
    return (System.nanoTime() - start) / 1e9;
  }
}
