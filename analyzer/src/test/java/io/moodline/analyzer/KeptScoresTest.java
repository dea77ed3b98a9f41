package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.analyzer.KeptScores.Given;
import io.moodline.analyzer.Sighting.CroppedFace;
import io.moodline.models.Bundle;
import io.moodline.models.Devices;
import io.moodline.models.FaceQuality;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class KeptScoresTest {
  private static final PixelBox BOX = new PixelBox(100, 100, 50, 50);
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static Model model;

  private final KeptScores kept = new KeptScores(Duration.ofSeconds(1), Duration.ZERO);

  @BeforeAll
  static void openModel() {
    model = Model.open(Bundle.builtIn("lite-ferplus"), CascadeDetector.NAME, Devices.cpu(1));
  }

  @AfterAll
  static void closeModel() {
    model.close();
  }

  @Test
  void aFaceThatDoesNotChangeKeepsItsScoresForABoundedTime() {
    Given first = next(at(0), face(BOX, 100));
    first.answer().set(new float[] {1});

    assertThat(first.kept()).isFalse();
    assertThat(next(at(500), face(BOX, 101)))
        .isEqualTo(new Given(first.answer(), true)); // of this very face
    assertThat(next(at(1000), face(BOX, 100)).kept()).isTrue();
    Given later = next(at(1001), face(BOX, 100));
    assertThat(later.kept()).isFalse();
    assertThat(next(at(2001), face(BOX, 100))).isEqualTo(new Given(later.answer(), true));
  }

  @Test
  void aFaceThatChangesInOnePlaceIsScoredAgain() {
    next(at(0), face(BOX, 100));
    CroppedFace smile = face(BOX, 100);
    int width = model.bundle().inputWidth();
    int mouth = 3 * (width * (width * 3 / 4) + width / 4);
    for (int row = 0; row < width / 8; row++) {
      int from = mouth + 3 * width * row;
      Arrays.fill(smile.pixels(), from, from + 3 * (width / 8), (byte) 120);
    }
    assertThat(next(at(100), smile).kept()).isFalse();
  }

  @Test
  void smallChangesDoNotAddUp() {
    assertThat(next(at(0), face(BOX, 100)).kept()).isFalse();
    assertThat(next(at(100), face(BOX, 104)).kept()).isTrue();
    assertThat(next(at(200), face(BOX, 108)).kept()).isFalse();
  }

  @Test
  void onlyTheSameFaceOfTheSameRunAndModelKeepsScores() {
    Frame.Builder frame = at(0);
    next(frame, face(BOX, 100));

    assertThat(next(at(100).setRunId("another"), face(BOX, 100)).kept()).isFalse();
    assertThat(next(at(100).setStreamId("another"), face(BOX, 100)).kept()).isFalse();
    assertThat(next(at(-100), face(BOX, 100)).kept()).as("time runs backwards").isFalse();
    next(at(0), face(BOX, 100));
    PixelBox beside = new PixelBox(130, 100, 50, 50);
    assertThat(next(at(100), face(beside, 100)).kept()).isFalse();
    assertThat(next(at(200), face(BOX, 100)).kept()).as("it was not in the last frame").isFalse();
  }

  @Test
  void twoFacesDoNotShareOneAnswer() {
    next(at(0), face(BOX, 100));
    List<Given> both = kept.next(at(100).build(), model, List.of(face(BOX, 100), face(BOX, 100)));
    assertThat(both).extracting(Given::kept).containsExactly(true, false);
  }

  @Test
  void recordingsKeepNothingUnlessAskedFor() {
    Frame.Builder recorded = at(0).setKind(StreamKind.RECORDING);
    next(recorded, face(BOX, 100));
    assertThat(next(at(100).setKind(StreamKind.RECORDING), face(BOX, 100)).kept()).isFalse();

    KeptScores asked = new KeptScores(Duration.ZERO, Duration.ofSeconds(1));
    asked.next(recorded.build(), model, List.of(face(BOX, 100)));
    assertThat(asked.next(recorded.build(), model, List.of(face(BOX, 100))).get(0).kept()).isTrue();
  }

  @Test
  void whatIsForgottenIsScoredAgain() {
    next(at(0), face(BOX, 100));
    kept.forget();
    assertThat(next(at(100), face(BOX, 100)).kept()).isFalse();
  }

  private Given next(Frame.Builder frame, CroppedFace face) {
    return kept.next(frame.build(), model, List.of(face)).get(0);
  }

  private static Frame.Builder at(long millis) {
    return TestFrames.live("lobby", 0, START.plusMillis(millis), new byte[0], 640, 480);
  }

  private static CroppedFace face(PixelBox box, int level) {
    byte[] pixels = new byte[3 * model.bundle().inputWidth() * model.bundle().inputHeight()];
    Arrays.fill(pixels, (byte) level);
    FaceQuality quality = new FaceQuality(100, 1, 0.5, 1, Double.NaN, Double.NaN);
    return new CroppedFace(new LocatedFace(box, new float[0], 1), pixels, new float[0], quality);
  }
}
