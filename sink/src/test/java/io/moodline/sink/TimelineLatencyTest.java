package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.Serdes;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Any range of any stream's timeline, asked for over HTTP; prints how long answers take. A day of
 * 500 streams: {@code -Dmoodline.queries=4000 -Dmoodline.queries.streams=500
 * -Dmoodline.queries.hours=24 -Dmoodline.queries.home=FOLDER}; what is in the folder is used again.
 */
@Timeout(3600)
class TimelineLatencyTest {
  private static final int QUERIES = Integer.getInteger("moodline.queries", 40);
  private static final int STREAMS = Integer.getInteger("moodline.queries.streams", 3);
  private static final int HOURS = Integer.getInteger("moodline.queries.hours", 2);

  @TempDir static Path folder;

  private final TimelineDay day = new TimelineDay(STREAMS, Duration.ofHours(HOURS));

  @Test
  void answersAnyRangeOfAnyStreamWithinItsPoints() throws Exception {
    Path home = Path.of(System.getProperty("moodline.queries.home", folder.toString()));
    try (ApiFixture api = new ApiFixture(home, Map.of(), true)) {
      TableFill fill = new TableFill(day, home, api.stage.kafka().partitions());
      if (Files.notExists(home.resolve("filled"))) {
        fill(api, fill);
        Files.createFile(home.resolve("filled"));
      }
      fill.awaitEnd(api);
      Duration hour = Duration.ofHours(1);
      assertThat(Serdes.TIMELINE_WINDOW.decode(day.encoded(0, hour, TimelineDay.START)))
          .isEqualTo(day.window(0, hour, TimelineDay.START));
      ask(api);
      assertThat(api.failures).isEmpty();
    }
  }

  private static void ask(ApiFixture api) throws Exception {
    List<List<Cost>> costs = TimelineAsker.KINDS.stream().map(kind -> costs()).toList();
    try (TimelineAsker asker = TimelineAsker.start(api.uri("/"), STREAMS, HOURS)) {
      for (int i = 0; i < QUERIES; i++) {
        for (int kind = 0; kind < costs.size(); kind++) {
          double before = worked();
          double took = asker.ask(kind, i % 20 == 0);
          double worked = worked() - before;
          if (i >= QUERIES / 5) { // the first ones warm the compiler up
            costs.get(kind).add(new Cost(took, worked));
          }
          asker.awaitChecked();
        }
      }
    }
    for (int kind = 0; kind < costs.size(); kind++) {
      print(TimelineAsker.KINDS.get(kind), costs.get(kind));
    }
  }

  private static List<Cost> costs() {
    return new ArrayList<>();
  }

  /** What the server's threads have worked, and those that read parts for them. */
  private static double worked() {
    return Worked.millis("http-") + Worked.millis("ForkJoinPool.commonPool-");
  }

  /** How long an answer took, and what the server's threads worked for it, in milliseconds. */
  private record Cost(double took, double worked) {}

  private static void print(String kind, List<Cost> costs) {
    double[] took = costs.stream().mapToDouble(Cost::took).sorted().toArray();
    double[] worked = costs.stream().mapToDouble(Cost::worked).sorted().toArray();
    int middle = took.length / 2;
    int late = Math.min(took.length - 1, (int) (0.99 * took.length));
    System.out.printf(
        "%-38s %5d answers: p50 %.1f ms, p99 %.1f ms, longest %.1f ms; processor p50 %.1f ms, p99 %.1f ms%n",
        kind,
        took.length,
        took[middle],
        took[late],
        took[took.length - 1],
        worked[middle],
        worked[late]);
  }

  /** All hours but the last at once, and the last through the topic and the table's topology. */
  private void fill(ApiFixture api, TableFill fill) throws Exception {
    fill.register(api);
    long start = System.nanoTime();
    api.stop();
    Instant live = day.end.minus(Duration.ofHours(1));
    fill.layIn(live);
    System.out.printf("laid in after %.1f s%n", (System.nanoTime() - start) / 1e9);
    api.start();
    fill.send(api, live, day.end);
    fill.awaitEnd(api);
    System.out.printf("filled after %.1f s%n", (System.nanoTime() - start) / 1e9);
  }
}
