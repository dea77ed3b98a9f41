package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.TimelineWindow;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
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

  private static final Duration HOUR = Duration.ofHours(1);

  @TempDir static Path folder;

  private final TimelineDay day = new TimelineDay(STREAMS, Duration.ofHours(HOURS));
  private final Random random = new Random(20);

  /** What is asked: a range of a stream and the points it may have. */
  private record Question(int stream, Instant from, Instant to, int points) {
    String path() {
      return "/api/v1/streams/%s/timeline?from=%s&to=%s&maxPoints=%d"
          .formatted(TimelineDay.stream(stream), from, to, points);
    }

    /** The finest step with at most four times as many windows. */
    Duration step() {
      long millis = Duration.between(from, to).toMillis();
      return Steps.ALL.stream()
          .filter(step -> Math.ceil((double) millis / step.toMillis()) <= 4.0 * points)
          .findFirst()
          .orElse(HOUR);
    }
  }

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
      assertThat(Serdes.TIMELINE_WINDOW.decode(day.encoded(0, HOUR, TimelineDay.START)))
          .isEqualTo(day.window(0, HOUR, TimelineDay.START));
      Map<String, List<Cost>> costs = new TreeMap<>();
      for (int i = 0; i < QUERIES; i++) {
        for (Map.Entry<String, Question> asked : questions().entrySet()) {
          double before = worked();
          long start = System.nanoTime();
          HttpResponse<String> answer = api.get(asked.getValue().path());
          double took = (System.nanoTime() - start) / 1e6;
          double worked = worked() - before;
          if (i >= QUERIES / 5) { // the first ones warm the compiler up
            costs
                .computeIfAbsent(asked.getKey(), key -> new ArrayList<>())
                .add(new Cost(took, worked));
          }
          check(asked.getValue(), answer, i % 20 == 0);
        }
      }
      costs.forEach(TimelineLatencyTest::print);
      assertThat(api.failures).isEmpty();
    }
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

  private Map<String, Question> questions() {
    return Map.of(
        "a minute to an hour, 1 to 1000 points", question(60, 3600, points(1000)),
        "an hour to all, 1 to 1000 points", question(3600, HOURS * 3600, points(1000)),
        "all, 1 to 1000 points", question(HOURS * 3600, HOURS * 3600, points(1000)),
        "4000 windows to 1000 points", question(4000, 4000, 1000),
        "a minute to all, 1000 to 4000 points",
            question(60, HOURS * 3600, 1000 + random.nextInt(3001)));
  }

  /** From 1 to most, as often below 30 as above. */
  private int points(int most) {
    return (int) Math.round(Math.exp(random.nextDouble() * Math.log(most)));
  }

  /** A range of a length between two numbers of seconds, somewhere in the day. */
  private Question question(int least, int most, int points) {
    double seconds = least * Math.pow((double) most / least, random.nextDouble());
    long length = Math.min(Math.round(1000 * seconds), HOURS * 3_600_000L);
    Instant from =
        TimelineDay.START.plusMillis(
            (long) (random.nextDouble() * (HOURS * 3_600_000L - length + 1)));
    return new Question(random.nextInt(STREAMS), from, from.plusMillis(length), points);
  }

  private void check(Question asked, HttpResponse<String> answer, boolean whole) throws Exception {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonNode timeline = ApiFixture.json(answer);
    JsonNode windows = timeline.get("windows");
    Duration step = asked.step();
    assertThat(windows.size()).as("%s", asked).isBetween(1, asked.points());
    assertThat(timeline.get("step").textValue()).isEqualTo(Times.showStep(step));
    Instant first = Instant.parse(windows.get(0).get("start").textValue());
    Instant last = Instant.parse(windows.get(windows.size() - 1).get("start").textValue());
    assertThat(first).isBeforeOrEqualTo(last).isAfter(asked.from().minus(step));
    assertThat(last).isBefore(asked.to());
    if (whole) {
      List<TimelineWindow> all = day.windows(asked.stream(), step, asked.from(), asked.to());
      int[] picked = pick(all, asked.points());
      assertThat(windows).as("%s", asked).hasSize(picked.length);
      for (int i = 0; i < picked.length; i++) {
        check(windows.get(i), all.get(picked[i]));
      }
      assertThat(timeline.get("thinned").booleanValue()).isEqualTo(picked.length < all.size());
      assertThat(timeline.get("stale").booleanValue()).isFalse();
    }
  }

  private static int[] pick(List<TimelineWindow> all, int points) {
    TreeSet<String> labels = new TreeSet<>();
    all.forEach(window -> labels.addAll(window.getScores().keySet()));
    long[] times = all.stream().mapToLong(window -> window.getStart().toEpochMilli()).toArray();
    double[][] scores = new double[times.length][labels.size()];
    for (int i = 0; i < times.length; i++) {
      int label = 0;
      for (String name : labels) {
        scores[i][label++] = all.get(i).getScores().getOrDefault(name, 0.0);
      }
    }
    return Lttb.pick(times, scores, points);
  }

  private static void check(JsonNode shown, TimelineWindow window) {
    assertThat(Instant.parse(shown.get("start").textValue())).isEqualTo(window.getStart());
    assertThat(shown.get("faces").longValue()).isEqualTo(window.getFaces());
    assertThat(shown.get("frames").longValue()).isEqualTo(window.getAnalysed());
    assertThat(shown.get("dominant").textValue()).isEqualTo(window.getDominant());
    assertThat(shown.get("scores")).hasSize(window.getScores().size());
    window
        .getScores()
        .forEach(
            (label, score) ->
                assertThat(shown.get("scores").get(label).doubleValue()).isEqualTo(score));
    window
        .getQuantiles()
        .forEach(
            (label, quantiles) ->
                assertThat(shown.get("quantiles").get(label).get("p90").floatValue())
                    .isEqualTo(quantiles.getP90()));
  }

  /** All hours but the last at once, and the last through the topic and the table's topology. */
  private void fill(ApiFixture api, TableFill fill) throws Exception {
    fill.register(api);
    long start = System.nanoTime();
    api.stop();
    Instant live = day.end.minus(HOUR);
    fill.layIn(live);
    System.out.printf("laid in after %.1f s%n", (System.nanoTime() - start) / 1e9);
    api.start();
    fill.send(api, live, day.end);
    fill.awaitEnd(api);
    System.out.printf("filled after %.1f s%n", (System.nanoTime() - start) / 1e9);
  }
}
