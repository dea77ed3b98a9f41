package io.moodline.analyzer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
class FrameTrimmerTest {
  @TempDir Path home;

  @Test
  void deletesWhatWasCommittedAMinuteAgoAndNothingYounger() throws Exception {
    try (TestKafka broker = new TestKafka(home);
        TestKafka.Space space = broker.prefixed("trim");
        Admin admin = space.kafka.admin("test")) {
      String topic = space.kafka.topics().recordingFrames();
      String group = space.kafka.group(Analyzer.GROUP);
      TopicPartition partition = TestKafka.partition(topic, "talk");
      for (int i = 0; i < 10; i++) {
        space.publish(TestFrames.recorded("talk", i, new byte[10], 1, 1).build());
      }
      TickingClock clock = new TickingClock();
      FrameTrimmer trimmer = new FrameTrimmer(admin, group, Set.of(topic), clock);

      trimmer.trim();
      assertThat(firstOffset(admin, partition)).as("nothing is committed").isZero();

      commit(admin, group, partition, 4);
      trimmer.trim();
      clock.tick(Duration.ofSeconds(59));
      commit(admin, group, partition, 8);
      trimmer.trim();
      assertThat(firstOffset(admin, partition)).as("the last minute is kept").isZero();

      clock.tick(Duration.ofSeconds(1));
      trimmer.trim();
      assertThat(firstOffset(admin, partition)).isEqualTo(4);

      clock.tick(Duration.ofSeconds(60));
      trimmer.trim();
      assertThat(firstOffset(admin, partition)).isEqualTo(8);
    }
  }

  private static void commit(Admin admin, String group, TopicPartition partition, long offset)
      throws Exception {
    admin
        .alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(offset)))
        .all()
        .get();
  }

  private static long firstOffset(Admin admin, TopicPartition partition) throws Exception {
    return admin
        .listOffsets(Map.of(partition, OffsetSpec.earliest()))
        .partitionResult(partition)
        .get()
        .offset();
  }

  /** A clock that stands until it is told to go. */
  private static final class TickingClock extends Clock {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");

    void tick(Duration by) {
      now = now.plus(by);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }
}
