package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import io.moodline.analyzer.Pending.Looking;
import io.moodline.schemas.v1.StreamKind;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class MicroBatchTest {
  private static final TopicPartition FRAMES = new TopicPartition("frames", 0);
  private static final TopicPartition RECORDINGS = new TopicPartition("recordings", 0);

  @Test
  void waitsForMoreNoLongerThanItsDeadline() {
    MicroBatch patient = new MicroBatch(Duration.ofHours(1));
    MicroBatch hasty = new MicroBatch(Duration.ZERO);
    patient.add(looking(StreamKind.LIVE));
    hasty.add(looking(StreamKind.LIVE));

    assertThat(patient.timeLeft()).isBetween(Duration.ofMinutes(30), Duration.ofHours(1));
    assertThat(hasty.timeLeft()).isZero();
  }

  @Test
  void goesOnFromTheLastOffsetsOfEachPartition() {
    MicroBatch batch = new MicroBatch(Duration.ZERO);
    batch.goOnFrom(Map.of(FRAMES, new OffsetAndMetadata(3)));
    batch.goOnFrom(Map.of(RECORDINGS, new OffsetAndMetadata(9)));
    batch.goOnFrom(Map.of(FRAMES, new OffsetAndMetadata(5)));

    assertThat(batch.next())
        .containsOnly(
            Map.entry(FRAMES, new OffsetAndMetadata(5)),
            Map.entry(RECORDINGS, new OffsetAndMetadata(9)));
  }

  @Test
  void sparesTheDetectorsWhatIsGivenUpAndCountsItByKind() {
    MicroBatch batch = new MicroBatch(Duration.ZERO);
    Looking live = looking(StreamKind.LIVE);
    batch.add(live);
    batch.add(looking(StreamKind.RECORDING));
    batch.add(looking(StreamKind.RECORDING));

    batch.giveUp();

    assertThat(live.sighting().isCancelled()).isTrue();
    assertThat(batch.frames(StreamKind.LIVE)).isEqualTo(1);
    assertThat(batch.frames(StreamKind.RECORDING)).isEqualTo(2);
  }

  private static Looking looking(StreamKind kind) {
    var frame =
        TestFrames.live("lobby", 0, Instant.EPOCH, new byte[0], 64, 48).setKind(kind).build();
    var record = new ConsumerRecord<byte[], byte[]>("frames", 0, 0, new byte[0], new byte[0]);
    return new Looking(record, frame, null, null, null, new CompletableFuture<>());
  }
}
