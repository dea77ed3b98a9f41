package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.TimelineWindow;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Offset;

/**
 * Who asks for timelines, and checks what comes: a process of its own, whose memory is collected
 * apart from the server's. It asks one question for each line of its standard input, and writes how
 * long the answer took, then whether it was right.
 */
final class TimelineAsker implements AutoCloseable {
  /** What can be asked, by its place here. */
  static final List<String> KINDS =
      List.of(
          "a minute to an hour, 1 to 1000 points",
          "an hour to all, 1 to 1000 points",
          "all, 1 to 1000 points",
          "4000 windows to 1000 points",
          "a minute to all, 1000 to 4000 points");

  private static final String RIGHT = "right";
  private static final Offset<Double> ROUNDED = Offset.offset(5.1e-7);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process process;
  private final Writer questions;
  private final BufferedReader answers;

  private TimelineAsker(Process process) {
    this.process = process;
    this.questions = process.outputWriter(StandardCharsets.UTF_8);
    this.answers = process.inputReader(StandardCharsets.UTF_8);
  }

  /**
   * Starts the process.
   *
   * @param server its address, without a path
   */
  static TimelineAsker start(URI server, int streams, int hours) throws IOException {
    return new TimelineAsker(
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-Xmn256m",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                TimelineAsker.class.getName(),
                server.toString(),
                Integer.toString(streams),
                Integer.toString(hours))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start());
  }

  /**
   * Asks a question of a kind, chosen at random, and waits for the answer.
   *
   * @return until its last byte, in milliseconds
   */
  double ask(int kind, boolean checkAll) throws IOException {
    questions.write(kind + " " + checkAll + "\n");
    questions.flush();
    String took = answers.readLine();
    assertThat(took).as("the process that asks says nothing: it has ended").isNotNull();
    return Long.parseLong(took) / 1e6;
  }

  /** Waits until the answer has been checked. */
  void awaitChecked() throws IOException {
    assertThat(answers.readLine()).isEqualTo(RIGHT);
  }

  @Override
  public void close() throws IOException {
    questions.close(); // it ends at the end of its input
    try {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** The process: server, number of streams, hours that they have. */
  public static void main(String[] arguments) throws Exception {
    Asking asking =
        new Asking(
            URI.create(arguments[0]),
            new TimelineDay(
                Integer.parseInt(arguments[1]), Duration.ofHours(Long.parseLong(arguments[2]))));
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] order = line.split(" ", -1);
      asking.ask(Integer.parseInt(order[0]), Boolean.parseBoolean(order[1]));
    }
  }

  /** A range of a stream and the points it may have. */
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
          .orElse(Duration.ofHours(1));
    }
  }

  /** What goes on in the process. */
  private static final class Asking {
    private final URI server;
    private final TimelineDay day;
    private final int seconds;
    private final Random random = new Random(20);

    Asking(URI server, TimelineDay day) {
      this.server = server;
      this.day = day;
      this.seconds = (int) Duration.between(TimelineDay.START, day.end).toSeconds();
    }

    void ask(int kind, boolean checkAll) throws Exception {
      Question question = question(kind);
      long start = System.nanoTime();
      byte[] answer = get(question.path());
      System.out.println(System.nanoTime() - start);
      String wrong = RIGHT;
      try {
        check(question, answer, checkAll);
      } catch (AssertionError e) {
        wrong = String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
      }
      System.out.println(wrong);
    }

    /** On this thread and over the same connection each time: others would have to be woken. */
    private byte[] get(String path) throws IOException {
      HttpURLConnection http = (HttpURLConnection) server.resolve(path).toURL().openConnection();
      http.setReadTimeout((int) PATIENCE.toMillis());
      try (InputStream body = http.getInputStream()) {
        return body.readAllBytes();
      }
    }

    private Question question(int kind) {
      return switch (kind) {
        case 0 -> question(60, 3600, points());
        case 1 -> question(3600, seconds, points());
        case 2 -> question(seconds, seconds, points());
        case 3 -> question(4000, 4000, 1000);
        default -> question(60, seconds, 1000 + random.nextInt(3001));
      };
    }

    /** From 1 to 1000, as often below 30 as above. */
    private int points() {
      return (int) Math.round(Math.exp(random.nextDouble() * Math.log(1000)));
    }

    /** A range of a length between two numbers of seconds, somewhere in the day. */
    private Question question(int least, int most, int points) {
      double wanted = least * Math.pow((double) most / least, random.nextDouble());
      long length = Math.min(Math.round(1000 * wanted), 1000L * seconds);
      Instant from =
          TimelineDay.START.plusMillis(
              (long) (random.nextDouble() * (1000L * seconds - length + 1)));
      return new Question(random.nextInt(day.streams), from, from.plusMillis(length), points);
    }

    private void check(Question asked, byte[] answer, boolean all) throws IOException {
      JsonNode timeline = ApiFixture.JSON.readTree(answer);
      JsonNode windows = timeline.get("windows");
      Duration step = asked.step();
      assertThat(windows.size()).as("%s", asked).isBetween(1, asked.points());
      assertThat(timeline.get("step").textValue()).isEqualTo(Times.showStep(step));
      Instant first = Instant.parse(windows.get(0).get("start").textValue());
      Instant last = Instant.parse(windows.get(windows.size() - 1).get("start").textValue());
      assertThat(first).isBeforeOrEqualTo(last).isAfter(asked.from().minus(step));
      assertThat(last).isBefore(asked.to());
      if (all) {
        checkAll(asked, timeline);
      }
    }

    /** Against what brute force picks of all windows. */
    private void checkAll(Question asked, JsonNode timeline) {
      JsonNode windows = timeline.get("windows");
      List<TimelineWindow> held =
          day.windows(asked.stream(), asked.step(), asked.from(), asked.to());
      int[] picked = pick(held, asked.points());
      assertThat(windows.size()).as("%s", asked).isEqualTo(picked.length);
      for (int i = 0; i < picked.length; i++) {
        check(windows.get(i), held.get(picked[i]));
      }
      assertThat(timeline.get("thinned").booleanValue()).isEqualTo(picked.length < held.size());
      assertThat(timeline.get("stale").booleanValue()).isFalse();
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
      assertThat(shown.get("scores").size()).isEqualTo(window.getScores().size());
      window
          .getScores()
          .forEach(
              (label, score) ->
                  assertThat(shown.get("scores").get(label).doubleValue())
                      .isCloseTo(score, ROUNDED));
      window
          .getQuantiles()
          .forEach(
              (label, quantiles) ->
                  assertThat(shown.get("quantiles").get(label).get("p90").doubleValue())
                      .isCloseTo(quantiles.getP90(), ROUNDED));
    }
  }
}
