package io.moodline.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.ingest.DecodeListener.DecodedFrame;
import io.moodline.ingest.FrameQueue.Queued;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class FrameQueueTest {
  @Test
  void accountsForWhatItDropsAndForWhatWasLeftOutBeforeThat() {
    FrameQueue queue = FrameQueue.live(2);
    int[] unmoved = {0, 3, 0, 2, 4};
    for (int number = 0; number < unmoved.length; number++) {
      queue.add(
          new DecodedFrame(number * 200_000L, 5, unmoved[number], 640, 360, new byte[0]),
          Instant.EPOCH);
    }
    Queued first = queue.poll();
    Queued second = queue.poll();
    assertThat(first.frame().mediaTimeMicros()).isEqualTo(600_000);
    assertThat(first.droppedBefore()).isEqualTo(3);
    assertThat(first.unmovedBefore()).isEqualTo(3 + 2);
    assertThat(second.droppedBefore()).isZero();
    assertThat(second.unmovedBefore()).isEqualTo(4);
    assertThat(queue.poll()).isNull();
  }
}
