package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.AlertKey;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.Alert;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AlertQueriesTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final List<String> STREAMS = List.of("a", "b", "bb", "quiet");
  private static final List<String> RULES = List.of("one", "three", "two");
  private static final Comparator<Alert> NEWEST_FIRST =
      Comparator.comparing(Alert::getStart)
          .thenComparing(Alert::getStreamId)
          .thenComparing(Alert::getRuleId)
          .reversed();

  private final NavigableMap<byte[], byte[]> table = new TreeMap<>(Arrays::compareUnsigned);
  private final List<Alert> all = new ArrayList<>();
  private int asked;

  private final AlertQueries queries =
      new AlertQueries(this::answer, new TimelineMetrics(new PrometheusRegistry()));

  private StoreAnswer answer(StoreQuestion question, boolean staleAllowed) {
    asked++;
    assertThat(question.store()).isEqualTo(QueryStore.ALERTS);
    return new StoreAnswer(
        table.subMap(question.from(), true, question.to(), true).descendingMap().values().stream()
            .limit(question.limit())
            .toList(),
        false);
  }

  private void put(String stream, String rule, Instant start) {
    Alert alert = FakeAlerts.alert(stream, rule, start, start.plusSeconds(1));
    if (table.putIfAbsent(FakeAlerts.key(alert), Serdes.ALERT.encode(alert)) == null) {
      all.add(alert);
    }
  }

  /** Many of one instant, on both sides of pages and of what is asked for at a time. */
  private void fill(int seed) {
    Random random = new Random(seed);
    for (int i = 0; i < 600; i++) {
      put(
          STREAMS.get(random.nextInt(3)),
          RULES.get(random.nextInt(3)),
          NOON.plusMillis(random.nextInt(120)));
    }
    all.sort(NEWEST_FIRST);
  }

  private List<Alert> pages(List<String> streams, @Nullable String rule, Instant to, int limit) {
    List<Alert> shown = new ArrayList<>();
    AlertKey after = null;
    do {
      var page = queries.find(new AlertQueries.Asked(streams, rule, NOON, to, after, limit));
      assertThat(page.alerts().size()).isLessThanOrEqualTo(limit);
      shown.addAll(page.alerts());
      after = page.next();
      Instant newer = NOON.plusSeconds(60).plusMillis(asked);
      if (after != null && newer.isBefore(to)) {
        put("a", "one", newer); // what comes meanwhile moves nothing
      }
    } while (after != null);
    return shown;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 16, 17, 100, 1000})
  void pagesOfAllStreamsNeitherLoseNorDouble(int limit) {
    fill(limit);
    List<Alert> expected = List.copyOf(all);
    assertThat(pages(STREAMS, null, Times.LAST, limit)).isEqualTo(expected);
    assertThat(pages(List.of("b"), "two", NOON.plusMillis(50), limit))
        .isEqualTo(
            expected.stream()
                .filter(it -> it.getStreamId().equals("b") && it.getRuleId().equals("two"))
                .filter(it -> it.getStart().isBefore(NOON.plusMillis(50)))
                .toList());
  }

  @Test
  void readsNoMoreThanItsBudgetForARareRuleAndSaysWhereToGoOn() {
    put("a", "rare", NOON);
    for (int i = 1; i <= AlertQueries.MOST_READ + 10; i++) {
      put("a", "often", NOON.plusMillis(i));
    }
    var first =
        queries.find(new AlertQueries.Asked(STREAMS, "rare", Times.FIRST, Times.LAST, null, 5));
    assertThat(first.alerts()).isEmpty();
    assertThat(first.next()).isNotNull();
    var second =
        queries.find(
            new AlertQueries.Asked(STREAMS, "rare", Times.FIRST, Times.LAST, first.next(), 5));
    assertThat(second.alerts()).extracting(Alert::getRuleId).containsExactly("rare");
    assertThat(second.next()).isNull();
  }

  @Test
  void saysWhetherAStreamHasNone() {
    put("b", "one", NOON);
    assertThat(queries.hasNone("a")).isTrue();
    assertThat(queries.hasNone("b")).isFalse();
  }
}
