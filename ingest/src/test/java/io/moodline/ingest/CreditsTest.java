package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CreditsTest {
  private long analysed;
  private long offset;

  private Credits credits(int frames, long bytes) {
    return new Credits(new Credits.Most(frames, bytes), () -> analysed);
  }

  private void pass(Credits credits, int bytes) {
    credits.taken(bytes);
    credits.committed(offset++, bytes);
  }

  @Test
  void grantsTheFirstFrameAloneAndThenAsManyAsFit() {
    Credits credits = credits(64, 1000);
    assertThat(credits.next()).isEqualTo(1);
    assertThat(credits.next()).isZero();
    pass(credits, 300);
    assertThat(credits.next()).as("300 are on the way, 700 are left").isEqualTo(2);
    pass(credits, 300);
    pass(credits, 400);
    assertThat(credits.next()).isZero();
    assertThat(credits.unanalysedFrames()).isEqualTo(3);
    assertThat(credits.unanalysedBytes()).isEqualTo(1000);
    analysed = 2; // the first two
    assertThat(credits.next()).as("each may be as large as the largest").isEqualTo(1);
    assertThat(credits.unanalysedBytes()).isEqualTo(400);
  }

  @Test
  void letsAFrameThroughThatIsLargerThanAllThatMayWait() {
    Credits credits = credits(64, 1000);
    for (int i = 1; i <= 3; i++) {
      assertThat(credits.next()).isEqualTo(1);
      pass(credits, 5000);
      assertThat(credits.next()).isZero();
      analysed = i;
    }
  }

  @Test
  void forgetsWhatWasGrantedToADecoderThatIsGoneButNotWhatItPublished() {
    Credits credits = credits(3, 1000);
    assertThat(credits.next()).isEqualTo(1);
    pass(credits, 10);
    assertThat(credits.next()).isEqualTo(2);
    credits.startOver();
    assertThat(credits.next()).isEqualTo(2);
    pass(credits, 10);
    pass(credits, 10);
    credits.startOver();
    assertThat(credits.next()).isZero();
  }

  @Test
  void neverLetsMoreOnTheWayThanIsAllowed() {
    Random random = new Random(5);
    for (int run = 0; run < 200; run++) {
      analysed = 0;
      offset = 0;
      int frames = 1 + random.nextInt(40);
      int size = 1 + random.nextInt(100);
      long bytes = size + random.nextInt(3000);
      Credits credits = credits(frames, bytes);
      Deque<Integer> granted = new ArrayDeque<>();
      for (int step = 0; step < 300; step++) {
        switch (random.nextInt(3)) {
          case 0 -> {
            for (int more = credits.next(); more > 0; more--) {
              granted.add(size);
            }
          }
          case 1 -> {
            if (!granted.isEmpty()) {
              pass(credits, granted.remove());
            }
          }
          default -> analysed = Math.min(offset, analysed + random.nextInt(5));
        }
        long waiting = offset - analysed + granted.size();
        assertThat(waiting).isLessThanOrEqualTo(frames);
        assertThat(waiting * size).isLessThanOrEqualTo(bytes);
      }
      assertThat(offset).as("frames pass").isGreaterThan(10);
    }
  }
}
