package io.moodline.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SerdesTest {
  private static final Frame FRAME =
      Frame.newBuilder()
          .setStreamId("lobby")
          .setRunId("run")
          .setSequence(7)
          .setKind(StreamKind.LIVE)
          .setDroppedBefore(Map.of("QUEUE_FULL", 2L))
          .setCaptureTime(Instant.parse("2026-11-21T10:00:00.123456Z"))
          .setMediaTimeMicros(1)
          .setTargetFramesPerSecond(5)
          .setWidth(640)
          .setHeight(360)
          .setJpeg(ByteBuffer.wrap(new byte[] {1, 2, 3}))
          .build();

  @Test
  void readsWhatItWroteToTheMicrosecond() {
    assertThat(Serdes.FRAME.decode(Serdes.FRAME.encode(FRAME))).isEqualTo(FRAME);
  }

  @Test
  void changedBytesAreReadOrRefusedButNothingElse() {
    byte[] good = Serdes.FRAME.encode(FRAME);
    Random random = new Random(1);
    int refused = 0;
    for (int i = 0; i < 10_000; i++) {
      byte[] bad =
          Arrays.copyOf(good, random.nextInt(10) == 0 ? random.nextInt(good.length) : good.length);
      for (int n = random.nextInt(4) + 1; n > 0 && bad.length > 0; n--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      try {
        Serdes.FRAME.decode(bad);
      } catch (AvroSerde.UnreadableRecordException e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(5_000);
  }

  @Test
  void refusesALengthThatNoMemoryCouldHold() {
    byte[] good = Serdes.FRAME.encode(FRAME);
    // The stream id's length comes right behind the 10-byte header: make it two billion.
    ByteBuffer bomb = ByteBuffer.allocate(good.length + 8);
    bomb.put(good, 0, 10)
        .put(new byte[] {(byte) 0xfe, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x0f});
    assertThatThrownBy(() -> Serdes.FRAME.decode(bomb.array()))
        .isInstanceOf(AvroSerde.UnreadableRecordException.class);
  }

  @Test
  void everyFieldOfEveryRecordIsDocumented() {
    for (org.apache.avro.Schema schema :
        java.util.List.of(
            io.moodline.schemas.v1.StreamSpec.getClassSchema(),
            io.moodline.schemas.v1.StreamStatus.getClassSchema(),
            Frame.getClassSchema(),
            io.moodline.schemas.v1.FrameFaces.getClassSchema(),
            io.moodline.schemas.v1.FaceEmotion.getClassSchema(),
            io.moodline.schemas.v1.EmotionSegment.getClassSchema(),
            io.moodline.schemas.v1.TimelineWindow.getClassSchema(),
            io.moodline.schemas.v1.RunLedger.getClassSchema(),
            io.moodline.schemas.v1.Rule.getClassSchema(),
            io.moodline.schemas.v1.Alert.getClassSchema(),
            io.moodline.schemas.v1.DeadLetter.getClassSchema())) {
      assertThat(schema.getDoc()).as(schema.getName()).isNotBlank();
      for (org.apache.avro.Schema.Field field : schema.getFields()) {
        assertThat(field.doc()).as(schema.getName() + "." + field.name()).isNotBlank();
      }
    }
  }
}
