package io.moodline.sink;

import io.moodline.schemas.v1.FaceEmotion;
import io.moodline.schemas.v1.FrameFaces;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Second step of the timelines: publishes each face of a frame as an event of its own. Confined to
 * the task's stream thread.
 */
final class FacePublisher extends ContextualProcessor<byte[], FrameFaces, byte[], FaceEmotion> {
  @Override
  public void process(Record<byte[], FrameFaces> record) {
    for (FaceEmotion event : FaceEvents.of(record.value())) {
      context().forward(record.withKey(FaceEvents.key(event)).withValue(event));
    }
  }
}
