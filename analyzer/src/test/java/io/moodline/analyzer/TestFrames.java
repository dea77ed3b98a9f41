package io.moodline.analyzer;

import io.moodline.schemas.v1.EndOfRun;
import io.moodline.schemas.v1.EndReason;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Map;

/** Frames as ingest publishes them. */
final class TestFrames {
  static final String RUN = "00000000-0000-0000-0000-000000000001";

  private TestFrames() {}

  static Frame.Builder recorded(String stream, long sequence, byte[] jpeg, int width, int height) {
    return Frame.newBuilder()
        .setStreamId(stream)
        .setRunId(RUN)
        .setSequence(sequence)
        .setKind(StreamKind.RECORDING)
        .setDroppedBefore(Map.of())
        .setCaptureTime(Instant.ofEpochMilli(sequence * 200))
        .setMediaTimeMicros(sequence * 200_000)
        .setTargetFramesPerSecond(5)
        .setWidth(width)
        .setHeight(height)
        .setJpeg(ByteBuffer.wrap(jpeg));
  }

  static Frame.Builder live(
      String stream, long sequence, Instant captured, byte[] jpeg, int width, int height) {
    return recorded(stream, sequence, jpeg, width, height)
        .setKind(StreamKind.LIVE)
        .setCaptureTime(captured);
  }

  static Frame end(String stream, long published) {
    return recorded(stream, published, new byte[0], 0, 0)
        .setEndOfRun(
            EndOfRun.newBuilder()
                .setReason(EndReason.FINISHED)
                .setPublished(published)
                .setDropped(Map.of())
                .setMediaDurationMicros(published * 200_000)
                .build())
        .build();
  }
}
