package io.moodline.sink;

import io.moodline.schemas.v1.FaceEmotion;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/** Publishes each face of a frame as an event of its own. Confined to the task's stream thread. */
final class FacePublisher extends ContextualProcessor<byte[], ScoredFrame, byte[], FaceEmotion> {
  @Override
  public void process(Record<byte[], ScoredFrame> record) {
    for (FaceEmotion event : record.value().events()) {
      context().forward(record.withKey(FaceEvents.key(event)).withValue(event));
    }
  }
}
