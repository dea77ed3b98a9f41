package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.Serdes;
import io.moodline.schemas.Steps;
import io.moodline.schemas.TimelineKey;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.TimelineWindow;
import io.moodline.sink.TimelineQueries.Thinned;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class StoreQueriesTest {
  private static final Duration SECOND = Steps.ALL.get(0);
  private static final Instant START = Instant.parse("2026-11-25T00:00:00Z");
  private static final int WINDOWS = 12_000;
  private static final List<String> LABELS = List.of("joy", "anger", "fear", "boredom", "calm");

  /** What the table would hold. */
  private final NavigableMap<byte[], byte[]> table = new TreeMap<>(Arrays::compareUnsigned);

  private final List<TimelineWindow> windows = new ArrayList<>();
  private final StoreQueries queries =
      new StoreQueries(
          this::answer,
          new TimelineMetrics(new PrometheusRegistry()),
          Clock.fixed(START, ZoneOffset.UTC));

  private final NavigableMap<byte[], byte[]> ledgers = new TreeMap<>(Arrays::compareUnsigned);

  private StoreAnswer answer(StoreQuestion question, boolean staleAllowed) {
    var store = question.store() == QueryStore.LEDGERS ? ledgers : table;
    return new StoreAnswer(
        store.subMap(question.from(), true, question.to(), true).values().stream()
            .limit(question.limit())
            .toList(),
        false);
  }

  @Test
  void thinsALongRangeAsIfItWereReadInOnePiece() {
    fill(new Random(3));
    for (int points : new int[] {1, 2, 3, 100, 3000, WINDOWS - 1, WINDOWS, 2 * WINDOWS}) {
      check(queries.thinned("lobby", SECOND, START, end(), 1_000_000, points), windows, points);
    }
  }

  @Test
  void readsTheRangeThatWasAskedForAndNoMore() {
    fill(new Random(4));
    Random random = new Random(5);
    for (int round = 0; round < 30; round++) {
      Instant from = START.plusMillis(random.nextInt(WINDOWS * 1000));
      Instant to = from.plusMillis(random.nextInt(WINDOWS * 1000));
      List<TimelineWindow> inside =
          windows.stream()
              .filter(it -> !it.getStart().isBefore(from) && it.getStart().isBefore(to))
              .toList();
      check(queries.thinned("lobby", SECOND, from, to, 1_000_000, 700), inside, 700);
    }
    check(queries.thinned("lobby", SECOND, Instant.MIN, Instant.MAX, 99_999, 9), windows, 9);
    check(queries.thinned("lobby", SECOND, START, START, 99_999, 9), List.of(), 9);
  }

  @Test
  void leavesOutWhatCanNotBeRead() {
    fill(new Random(6));
    TimelineWindow broken = windows.remove(6000);
    table.put(key(broken.getStart()), "no window".getBytes(StandardCharsets.UTF_8));
    check(queries.thinned("lobby", SECOND, START, end(), 1_000_000, 500), windows, 500);
  }

  /** Seconds are not kept as long as the account of the run that they are of. */
  @Test
  void aRunStaysSettledWhenItsWindowsAreGone() {
    String stream = "film";
    FrameFaces frame = FakeFrames.analysed(stream, "r", 0, StreamKind.RECORDING, Instant.EPOCH);
    FrameFaces mark = FakeFrames.endMark(stream, "r", 1, StreamKind.RECORDING, Instant.EPOCH);
    RunLedger open = Ledgers.count(null, frame, START);
    putLedger(open);
    assertThat(queries.settled(stream, "r")).as("goes on").isFalse();
    putLedger(Ledgers.count(open, mark, START.minusSeconds(60)));
    assertThat(queries.settled(stream, "r")).as("windows to come").isFalse();
    putLedger(Ledgers.count(open, mark, START.minus(Duration.ofDays(8))));
    assertThat(queries.settled(stream, "r")).as("windows gone").isTrue();
  }

  private void putLedger(RunLedger ledger) {
    ledgers.put(
        Ledgers.key(ledger.getStreamId(), ledger.getRunId()), Serdes.RUN_LEDGER.encode(ledger));
  }

  private static void check(Thinned thinned, List<TimelineWindow> all, int points) {
    assertThat(thinned.of()).isEqualTo(all.size());
    assertThat(thinned.windows().stream().map(Serdes.TIMELINE_WINDOW::decode).toList())
        .isEqualTo(pick(all, points));
    assertThat(thinned.isThinned()).isEqualTo(points < all.size());
  }

  /** By brute force: each label a column, 0 where a window lacks it. */
  private static List<TimelineWindow> pick(List<TimelineWindow> all, int points) {
    long[] times = all.stream().mapToLong(window -> window.getStart().toEpochMilli()).toArray();
    double[][] scores =
        all.stream()
            .map(
                window ->
                    LABELS.stream()
                        .sorted()
                        .mapToDouble(label -> window.getScores().getOrDefault(label, 0.0))
                        .toArray())
            .toArray(double[][]::new);
    return Arrays.stream(Lttb.pick(times, scores, points)).mapToObj(all::get).toList();
  }

  private static Instant end() {
    return START.plusSeconds(WINDOWS);
  }

  private static byte[] key(Instant start) {
    return new TimelineKey("lobby", SECOND, start).encode();
  }

  /** The model changes twice: labels come, go and come in another order. */
  private void fill(Random random) {
    for (int i = 0; i < WINDOWS; i++) {
      List<String> labels = LABELS.subList(i < 4000 ? 0 : 1, i < 8000 ? 3 : 5);
      Map<String, Double> scores = new HashMap<>();
      for (String label : random.nextInt(10) == 0 ? List.<String>of() : labels) {
        scores.put(label, random.nextDouble());
      }
      Instant start = START.plusSeconds(i);
      TimelineWindow window =
          TimelineWindow.newBuilder()
              .setStreamId("lobby")
              .setStepMillis(1000)
              .setStart(start)
              .setAnalysed(4)
              .setSkipped(Map.of())
              .setFailed(Map.of())
              .setDropped(Map.of())
              .setCoverage(0.8)
              .setFaces(scores.size())
              .setScores(scores)
              .setComplete(true)
              .setLabelled(0L)
              .setWithheld(Map.of())
              .setQuantiles(Map.of())
              .setUpdatedAt(START)
              .build();
      windows.add(window);
      table.put(key(start), Serdes.TIMELINE_WINDOW.encode(window));
    }
    table.put(
        new TimelineKey("lobby2", SECOND, START).encode(),
        Serdes.TIMELINE_WINDOW.encode(windows.get(0)));
  }
}
