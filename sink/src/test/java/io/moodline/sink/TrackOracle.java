package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moodline.schemas.Steps;
import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.OpenWindow;
import io.moodline.schemas.v1.ScoreQuantiles;
import io.moodline.schemas.v1.TimelineWindow;
import io.moodline.schemas.v1.TrackWindow;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What the timelines of tracks should say, by brute force over the events of one stream. */
final class TrackOracle {
  private final double rate;
  private final Map<Long, List<FaceEmotion>> byTrack;

  /**
   * Over all events of a stream.
   *
   * @param rate frames per second that were aimed at
   */
  TrackOracle(Collection<FaceEmotion> events, double rate) {
    this.rate = rate;
    this.byTrack =
        events.stream()
            .filter(event -> event.getTrackId() != null)
            .collect(
                Collectors.groupingBy(FaceEmotion::getTrackId, TreeMap::new, Collectors.toList()));
  }

  int tracks() {
    return byTrack.size();
  }

  /** Asserts that every track has ended, and that all windows of all steps are as they should. */
  void check(TrackQueries queries, String stream) {
    List<TrackWindow> found = queries.tracks(stream, Long.MAX_VALUE, 5000);
    assertThat(found)
        .extracting(TrackWindow::getTrackId)
        .containsExactlyElementsOf(
            byTrack.keySet().stream().sorted((a, b) -> Long.compare(b, a)).toList());
    for (TrackWindow track : found) {
      List<FaceEmotion> events = byTrack.get(track.getTrackId());
      checkWhole(track, events);
      assertThat(queries.track(stream, track.getTrackId())).contains(track);
      for (Duration step : Steps.ALL) {
        checkStep(queries, track, step, events);
      }
    }
  }

  private static void checkWhole(TrackWindow track, List<FaceEmotion> events) {
    assertThat(track.getIsFinal()).isTrue();
    assertThat(track.getRunId()).isEqualTo(events.get(0).getRunId());
    List<Instant> times = events.stream().map(FaceEmotion::getCaptureTime).sorted().toList();
    assertThat(track.getStart()).isEqualTo(times.get(0));
    assertThat(track.getEnd()).isEqualTo(times.get(times.size() - 1));
    OpenWindow sums = track.getSums();
    assertThat(sums.getFaces()).isEqualTo(events.size());
    assertThat(sums.getLabelledFaces())
        .isEqualTo(events.stream().filter(event -> event.getLabel() != null).count());
    means(events)
        .forEach(
            (label, mean) ->
                assertThat(WindowSums.means(sums).get(label)).isCloseTo(mean, within(1e-9)));
  }

  private void checkStep(
      TrackQueries queries, TrackWindow track, Duration step, List<FaceEmotion> events) {
    Map<Instant, List<FaceEmotion>> expected =
        events.stream()
            .collect(
                Collectors.groupingBy(
                    event -> aligned(event.getCaptureTime(), step),
                    TreeMap::new,
                    Collectors.toList()));
    Instant from = events.get(0).getCaptureTime().minus(Duration.ofDays(1));
    Instant to = from.plus(Duration.ofDays(3));
    List<TimelineWindow> found = queries.windows(track, step, from, to, 100_000);
    assertThat(found)
        .as("track %d by %s", track.getTrackId(), step)
        .extracting(TimelineWindow::getStart)
        .containsExactlyElementsOf(expected.keySet());
    found.forEach(window -> check(window, expected.get(window.getStart())));
    int half = found.size() / 2;
    assertThat(queries.windows(track, step, from, to, half + 1))
        .isEqualTo(found.subList(0, half + 1));
    Instant middle = found.get(half).getStart();
    assertThat(queries.windows(track, step, middle, to, 100_000))
        .isEqualTo(found.subList(half, found.size()));
    assertThat(queries.windows(track, step, from, middle, 100_000))
        .isEqualTo(found.subList(0, half));
    assertThat(queries.windows(track, step, middle.plusMillis(1), to, 100_000))
        .isEqualTo(found.subList(half + 1, found.size()));
  }

  private void check(TimelineWindow window, List<FaceEmotion> events) {
    String as = window.getStreamId() + " from " + window.getStart();
    assertThat(window.getComplete()).as(as).isTrue();
    assertThat(window.getAnalysed()).as(as).isEqualTo(events.size());
    assertThat(window.getFaces()).as(as).isEqualTo(events.size());
    assertThat(window.getLabelled())
        .as(as)
        .isEqualTo(events.stream().filter(event -> event.getLabel() != null).count());
    assertThat(window.getCoverage())
        .as(as)
        .isCloseTo(
            Math.min(1, events.size() / (window.getStepMillis() / 1000.0 * rate)), within(1e-9));
    assertThat(window.getWithheld())
        .as(as)
        .isEqualTo(
            events.stream()
                .flatMap(event -> event.getWithheld().stream())
                .collect(Collectors.groupingBy(Function.identity(), Collectors.counting())));
    Map<String, Double> means = means(events);
    assertThat(window.getScores().keySet()).as(as).isEqualTo(means.keySet());
    means.forEach(
        (label, mean) ->
            assertThat(window.getScores().get(label)).as(as).isCloseTo(mean, within(1e-9)));
    Map<String, Double> labelled =
        means(events.stream().filter(event -> event.getLabel() != null).toList());
    if (labelled.isEmpty()) {
      assertThat(window.getDominant()).as(as).isNull();
    } else {
      double best = labelled.values().stream().mapToDouble(Double::doubleValue).max().orElseThrow();
      assertThat(labelled.get(window.getDominant())).as(as).isCloseTo(best, within(1e-9));
    }
    means.keySet().forEach(label -> checkQuantiles(as, window, events, label));
  }

  private static void checkQuantiles(
      String as, TimelineWindow window, List<FaceEmotion> events, String label) {
    double[] scores =
        events.stream().mapToDouble(event -> event.getScores().get(label)).sorted().toArray();
    ScoreQuantiles found = window.getQuantiles().get(label);
    List<Float> told = List.of(found.getP10(), found.getP50(), found.getP90());
    for (int i = 0; i < 3; i++) {
      int rank = (new int[] {1, 5, 9}[i] * scores.length + 9) / 10;
      assertThat((double) told.get(i)).as(as).isCloseTo(scores[rank - 1], within(0.01001));
    }
  }

  private static Map<String, Double> means(List<FaceEmotion> events) {
    return events.stream()
        .flatMap(event -> event.getScores().entrySet().stream())
        .collect(
            Collectors.groupingBy(
                Map.Entry::getKey, Collectors.averagingDouble(entry -> entry.getValue())));
  }

  private static Instant aligned(Instant time, Duration step) {
    long length = step.toMillis();
    return Instant.ofEpochMilli(Math.floorDiv(time.toEpochMilli(), length) * length);
  }
}
