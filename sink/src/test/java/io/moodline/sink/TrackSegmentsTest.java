package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.schemas.v1.EmotionSegment;
import io.moodline.schemas.v1.Sighting;
import io.moodline.schemas.v1.TrackFilter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrackSegmentsTest {
  private static final List<String> LABELS =
      IntStream.range(0, LabelScript.LABELS).mapToObj(i -> "label" + i).toList();
  private static final TrackSegments.Owner OWNER = new TrackSegments.Owner("s", "r", 7);
  private static final Instant START = Instant.parse("2026-11-21T12:00:00Z");
  private static final TrackRules RULES =
      new TrackRules(
          0.7,
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          Duration.ofSeconds(4),
          Duration.ofMillis(100));

  private final TrackSegments segments = new TrackSegments(RULES);
  private TrackFilter filter = TrackSegments.first(LABELS, 0);

  /** The topic after compaction, and the keys that are final. */
  private final TreeMap<Long, EmotionSegment> table = new TreeMap<>();

  private final Set<Long> finals = new HashSet<>();
  private int withdrawn;
  private int revised;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void equalTheBruteForceAnswerAfterLateFramesAndNeverContradictAFinalOne(long seed) {
    Random random = new Random(seed);
    SegmentOracle oracle = new SegmentOracle(RULES);
    for (LabelScript.Shown shown :
        outOfOrder(LabelScript.make(seed, seed % 2 == 0 ? 5 : 12, 60), random)) {
      Instant time = START.plusNanos(Math.round(shown.seconds() * 1e6) * 1000);
      List<Float> scores = random.nextInt(6) == 0 ? List.of() : shown.scores();
      oracle.add(time, scores);
      see(time, scores);
    }
    take(segments.end(OWNER, filter));
    assertThat(table.values()).allMatch(EmotionSegment::getIsFinal);
    assertThat(table.keySet()).containsExactlyElementsOf(numbers(table.size()));
    assertThat(table.values().stream().map(SegmentOracle::text).toList())
        .isEqualTo(oracle.segments(LABELS));
    assertThat(table).hasSizeGreaterThan(5);
    assertThat(revised).isPositive();
  }

  /** One frame in four comes up to five frames late. */
  private static List<LabelScript.Shown> outOfOrder(List<LabelScript.Shown> script, Random random) {
    Map<LabelScript.Shown, Integer> places = new IdentityHashMap<>();
    for (int i = 0; i < script.size(); i++) {
      places.put(script.get(i), i + (random.nextInt(4) == 0 ? random.nextInt(6) : 0));
    }
    return script.stream().sorted(Comparator.comparing(places::get)).toList();
  }

  @Test
  void anOpenSegmentIsToldAtOnceAndThenOnceASecond() {
    List<Integer> told = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      told.add(see(START.plusMillis(100L * i), sure(2)));
    }
    assertThat(told.stream().mapToInt(Integer::intValue).sum()).isEqualTo(1 + 4);
    assertThat(table.get(0L).getIsFinal()).isFalse();
    assertThat(table.get(0L).getRevision()).isEqualTo(5);
  }

  @Test
  void aSegmentIsFinalTwoSecondsAfterTheFrameThatEndedIt() {
    for (int i = 0; i < 20; i++) {
      see(START.plusMillis(200L * i), sure(i < 10 ? 2 : 3));
    }
    Instant end = table.get(0L).getEnd();
    assertThat(table.get(1L).getStart()).isEqualTo(end);
    assertThat(finals).isEmpty();
    see(end.plusMillis(1999), sure(3));
    assertThat(finals).isEmpty();
    see(end.plusMillis(2000), sure(3));
    assertThat(finals).containsExactly(0L);
  }

  @Test
  void lateFramesTakeBackASegmentThatWasNotFinal() {
    for (int i = 0; i < 10; i++) {
      see(START.plusMillis(200L * i), sure(2));
    }
    see(START.plusMillis(2000), sure(3));
    see(START.plusMillis(2200), sure(3));
    assertThat(table).hasSize(2);
    see(START.plusMillis(2100), sure(2));
    see(START.plusMillis(2190), sure(2));
    assertThat(withdrawn).isEqualTo(1);
    assertThat(table).hasSize(1);
    assertThat(table.get(0L).getLabel()).isEqualTo("label2");
  }

  @Test
  void aFrameBehindTheSettledOnesChangesNothing() {
    for (int i = 0; i < 30; i++) {
      see(START.plusMillis(200L * i), sure(2));
    }
    TrackFilter before = filter;
    TrackSegments.Change change =
        segments.see(OWNER, filter, new Sighting(START.plusMillis(100), sure(3)));
    assertThat(change.belief()).isEmpty();
    assertThat(change.after()).isEqualTo(before);
  }

  @Test
  void nothingIsToldOfAFaceWhosePictureTellsNothing() {
    for (int i = 0; i < 30; i++) {
      see(START.plusMillis(200L * i), List.of());
    }
    take(segments.end(OWNER, filter));
    assertThat(table).isEmpty();
  }

  @Test
  void whatIsKeptOfATrackDoesNotGrowWithItsLength() {
    for (int i = 0; i < 5000; i++) {
      see(START.plusMillis(100L * i), sure(i / 50 % 7));
    }
    assertThat(filter.getRecent()).hasSizeLessThan(22);
    assertThat(filter.getPublished()).hasSizeLessThan(3);
    assertThat(table).hasSize(100);
  }

  private static List<Long> numbers(int count) {
    return IntStream.range(0, count).mapToObj(i -> (long) i).toList();
  }

  private static List<Float> sure(int label) {
    return IntStream.range(0, LABELS.size()).mapToObj(i -> i == label ? 0.94f : 0.01f).toList();
  }

  private int see(Instant time, List<Float> scores) {
    TrackSegments.Change change = segments.see(OWNER, filter, new Sighting(time, scores));
    filter = change.after();
    take(change);
    return change.segments().size();
  }

  private void take(TrackSegments.Change change) {
    for (EmotionSegment segment : change.segments()) {
      assertThat(finals).doesNotContain(segment.getSegment());
      EmotionSegment before = table.put(segment.getSegment(), segment);
      assertThat(segment.getRevision()).isEqualTo(before == null ? 1 : before.getRevision() + 1);
      revised += before == null ? 0 : 1;
      if (segment.getIsFinal()) {
        finals.add(segment.getSegment());
      }
    }
    for (long number : change.withdrawn()) {
      assertThat(finals).doesNotContain(number);
      table.remove(number);
      withdrawn++;
    }
  }
}
