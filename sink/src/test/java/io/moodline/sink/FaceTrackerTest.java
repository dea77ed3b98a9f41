package io.moodline.sink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.moodline.schemas.v1.Box;
import io.moodline.schemas.v1.Face;
import io.moodline.schemas.v1.FaceTrack;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.RunTracks;
import io.moodline.schemas.v1.StreamKind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FaceTrackerTest {
  private static final TrackRules RULES =
      new TrackRules(
          0.7,
          Duration.ofSeconds(2),
          Duration.ofSeconds(2),
          Duration.ofSeconds(4),
          Duration.ofMillis(100));
  private static final Instant START = Instant.parse("2026-11-21T12:00:00Z");
  private static final int SCENES = Integer.getInteger("moodline.track-scenes", 12);

  private final FaceTracker tracker = new FaceTracker(RULES);
  private final List<FaceTrack> events = new ArrayList<>();
  private final Set<Long> ended = new HashSet<>();
  private @Nullable RunTracks state;
  private long last;
  private long sequence;

  @ParameterizedTest
  @ValueSource(doubles = {5, 10, 25})
  void switchesAndBreaksTracksLessThanAPlainTracker(double framesPerSecond) {
    Totals ours = new Totals();
    Totals patient = new Totals();
    Totals strict = new Totals();
    for (int scene = 0; scene < SCENES; scene++) {
      List<TrackScene.Shot> shots = TrackScene.make(100 + scene, 3 + scene % 4, framesPerSecond);
      start();
      TrackScore score = new TrackScore();
      shots.forEach(shot -> score.add(shot, follow(shot.frame())));
      ours.add(score);
      patient.add(plain(shots, RULES.lost()));
      strict.add(plain(shots, Duration.ofMillis(Math.round(1000 / framesPerSecond) + 1)));
    }
    System.out.printf(
        "%s frames/s: switches %d, plain %d; breaks %d, plain %d; IDF1 %.3f, plain %.3f; tracks of nobody %d, plain %d%n",
        framesPerSecond,
        ours.switches,
        patient.switches,
        ours.fragments,
        patient.fragments,
        ours.identity / SCENES,
        patient.identity / SCENES,
        ours.nobody,
        patient.nobody);
    assertThat(ours.switches).isLessThan(patient.switches / 2).isLessThan(strict.switches / 2);
    assertThat(ours.fragments).isLessThan(patient.fragments / 2).isLessThan(strict.fragments / 2);
    assertThat(ours.identity).isGreaterThan(patient.identity).isGreaterThan(strict.identity);
    assertThat(ours.nobody).isLessThan(patient.nobody / 4);
  }

  private static final class Totals {
    int switches;
    int fragments;
    int nobody;
    double identity;

    void add(TrackScore score) {
      switches += score.switches();
      fragments += score.fragments();
      nobody += score.tracksOfNobody();
      identity += score.identity();
    }
  }

  private static TrackScore plain(List<TrackScene.Shot> shots, Duration lost) {
    PlainTracker plain = new PlainTracker(RULES.strongScore(), lost);
    TrackScore score = new TrackScore();
    shots.forEach(shot -> score.add(shot, plain.follow(shot.frame())));
    return score;
  }

  private void start() {
    state = null;
    last = 0;
    events.clear();
    ended.clear();
  }

  private Map<Integer, Long> follow(FrameFaces frame) {
    FaceTracker.Step step = tracker.follow(state, frame, () -> ++last);
    state = step.after();
    events.addAll(step.events());
    ended.addAll(step.ended());
    return step.tracks();
  }

  private Map<Integer, Long> at(double seconds, Face... faces) {
    Instant time = START.plusNanos(Math.round(seconds * 1e6) * 1000);
    return follow(FakeFrames.analysed("s", "r", sequence++, StreamKind.RECORDING, time, faces));
  }

  private static Face face(double x, double score) {
    return face(x, 0.1, score);
  }

  private static Face face(double x, double side, double score) {
    return FakeFrames.faceAt(Boxes.around(x, 0.5, side, side), score);
  }

  private List<String> told() {
    return events.stream()
        .map(
            event ->
                event.getEvent()
                    + " "
                    + event.getTrackId()
                    + (event.getOtherTrackId() == null ? "" : " " + event.getOtherTrackId()))
        .toList();
  }

  @Test
  void aFaceIsATrackFromItsSecondFrameOn() {
    assertThat(at(0, face(0.3, 0.9))).isEmpty();
    assertThat(at(0.2, face(0.31, 0.9))).containsExactly(Map.entry(0, 1L));
    assertThat(told()).containsExactly("ENTRY 1");
    assertThat(events.get(0).getStart()).isEqualTo(START);
    assertThat(events.get(0).getFrames()).isEqualTo(2);
  }

  @Test
  void aFaceThatIsSeenOnceIsNone() {
    at(0, face(0.3, 0.9));
    at(0.2);
    assertThat(at(0.4, face(0.3, 0.9))).isEmpty();
    assertThat(events).isEmpty();
    assertThat(last).isZero();
  }

  @Test
  void weakFacesGoOnWithATrackButBeginNone() {
    at(0, face(0.3, 0.9));
    at(0.2, face(0.3, 0.9));
    for (int i = 2; i < 20; i++) {
      assertThat(at(0.2 * i, face(0.3, 0.65), face(0.7, 0.65))).containsExactly(Map.entry(0, 1L));
    }
  }

  @Test
  void followsFacesThatCrossBehindOneAnother() {
    DoubleUnaryOperator right = time -> 0.2 + 0.15 * time;
    DoubleUnaryOperator left = time -> 0.8 - 0.15 * time;
    for (double time = 0; time < 4; time += 0.1) {
      Face near = face(right.applyAsDouble(time), 0.15, 0.9);
      Face far = face(left.applyAsDouble(time), 0.9);
      boolean hidden = Boxes.covered(far.getBox(), near.getBox()) > 0.6;
      Map<Integer, Long> tracks = hidden ? at(time, near) : at(time, near, far);
      if (time > 0.15) {
        assertThat(tracks).containsEntry(0, 1L);
        assertThat(hidden || tracks.get(1) == 2).isTrue();
      }
    }
    assertThat(told()).containsExactly("ENTRY 1", "ENTRY 2", "MERGE 2 1", "SPLIT 2 1");
  }

  @Test
  void aTrackThatIsNotSeenAnyMoreEndsAndItsNumberIsNotUsedAgain() {
    at(0, face(0.3, 0.9));
    at(0.2, face(0.3, 0.9));
    at(2.1, face(0.3, 0.9));
    assertThat(ended).isEmpty();
    at(4.2);
    assertThat(ended).containsExactly(1L);
    at(4.4, face(0.3, 0.9));
    assertThat(at(4.6, face(0.3, 0.9))).containsEntry(0, 2L);
    assertThat(told()).containsExactly("ENTRY 1", "EXIT 1", "ENTRY 2");
    assertThat(events.get(1).getTime()).isEqualTo(START.plusMillis(2100));
    assertThat(events.get(1).getFrames()).isEqualTo(3);
  }

  @Test
  void aFaceThatComesOutOfAnotherOnesBoxIsASplit() {
    for (int i = 0; i < 3; i++) {
      at(0.2 * i, face(0.5, 0.3, 0.9));
    }
    at(0.6, face(0.5, 0.3, 0.9), face(0.58, 0.1, 0.8));
    at(0.8, face(0.5, 0.3, 0.9), face(0.62, 0.1, 0.8));
    assertThat(told()).containsExactly("ENTRY 1", "SPLIT 2 1");
  }

  @Test
  void aFaceThatWentBehindAnotherOneAndStaysThereEndsBesideIt() {
    for (int i = 0; i < 3; i++) {
      at(0.2 * i, face(0.5, 0.3, 0.9), face(0.55, 0.1, 0.8));
    }
    for (int i = 3; i < 20; i++) {
      at(0.2 * i, face(0.5, 0.3, 0.9));
    }
    assertThat(told()).containsExactly("ENTRY 1", "ENTRY 2", "MERGE 2 1", "EXIT 2 1");
  }

  @Test
  void framesThatWereNotAnalysedSayNothingAboutFaces() {
    at(0, face(0.3, 0.9));
    at(0.2, face(0.3, 0.9));
    FrameFaces skipped =
        FakeFrames.frame("s", "r", sequence++, StreamKind.LIVE, START.plusSeconds(1))
            .setOutcome(Outcome.SKIPPED)
            .setReason("STALE")
            .build();
    assertThat(follow(skipped)).isEmpty();
    assertThat(at(1.2, face(0.3, 0.9))).containsEntry(0, 1L);
  }

  @Test
  void aLateFrameFindsItsTracksWhereTheyWereAndMovesNone() {
    for (int i = 0; i < 10; i++) {
      if (i != 5) {
        at(0.2 * i, face(0.2 + 0.04 * i, 0.9), face(0.9 - 0.04 * i, 0.8));
      }
    }
    RunTracks before = state;
    assertThat(at(1.0, face(0.5, 0.8), face(0.4, 0.9))).isNotEmpty();
    assertThat(at(1.0, face(0.7, 0.8), face(0.4, 0.9)))
        .containsExactlyInAnyOrderEntriesOf(Map.of(0, 2L, 1, 1L));
    assertThat(state).isEqualTo(before);
  }

  @Test
  void aFrameThatIsFarTooLateIsLeftAloneAndAClockThatStepsBackBeginsAnew() {
    for (int i = 0; i < 5; i++) {
      at(100 + 0.2 * i, face(0.3, 0.9));
    }
    assertThat(at(50, face(0.3, 0.9))).isEmpty();
    assertThat(at(101, face(0.3, 0.9))).containsEntry(0, 1L);
    Map<Integer, Long> tracks = Map.of();
    for (int i = 0; i < 12; i++) {
      tracks = at(10 + 0.2 * i, face(0.3, 0.9));
    }
    assertThat(tracks).containsEntry(0, 2L);
    assertThat(told()).containsExactly("ENTRY 1", "EXIT 1", "ENTRY 2");
  }

  @Test
  void aSeldomSampledStreamIsFollowedToo() {
    for (int i = 0; i < 5; i++) {
      FrameFaces frame =
          FakeFrames.frame("s", "r", i, StreamKind.RECORDING, START.plusSeconds(10L * i))
              .setTargetFramesPerSecond(0.1)
              .setFaces(List.of(face(0.3, 0.9)))
              .build();
      assertThat(follow(frame)).isEqualTo(i == 0 ? Map.of() : Map.of(0, 1L));
    }
  }

  @Test
  void survivesBoxesOfAnySizeAndAnyNumberOfThem() {
    List<Face> many = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      float side = i % 3 == 0 ? Float.MIN_NORMAL : i % 3 == 1 ? 100 : 0.001f;
      Box box = new Box((i % 10) * 9f - 40, 0.5f, side, side);
      many.add(FakeFrames.faceAt(box, 0.9));
    }
    for (int i = 0; i < 5; i++) {
      at(0.2 * i, many.toArray(Face[]::new));
    }
    assertThat(at(1e9, many.toArray(Face[]::new))).isEmpty();
    assertThat(last).isBetween(100L, 400L);
  }

  @Test
  void theMotionFilterLearnsASteadySpeed() {
    for (int i = 0; i < 30; i++) {
      at(0.1 * i, face(0.1 + 0.02 * i, 0.9));
    }
    assertThat(state.getFaces()).hasSize(1);
    assertThat(state.getFaces().get(0).getX().getSpeed()).isCloseTo(0.2, within(0.005));
    assertThat(state.getFaces().get(0).getX().getPosition()).isCloseTo(0.68, within(0.002));
  }
}
