package io.moodline.analyzer;

import io.moodline.runtime.DataKey;
import io.moodline.schemas.v1.Frame;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** A record of a micro-batch on its way to its outcome. */
sealed interface Pending {
  /** Its outcome was known at once. */
  record Known(Outcome outcome) implements Pending {}

  /**
   * A frame that waits for a detector's thread and for the model.
   *
   * @param key what frame and faces are sealed with; null where the frame came plain
   * @param trial a second model that scores it too; null for most
   */
  record Looking(
      ConsumerRecord<byte[], byte[]> source,
      Frame frame,
      @Nullable DataKey key,
      Model model,
      @Nullable Model trial,
      Future<Sighting> sighting)
      implements Pending {
    /**
     * Waits for the detector's thread.
     *
     * @throws IllegalStateException when that thread failed, which is a bug
     */
    Sighting await() throws InterruptedException {
      try {
        return sighting.get();
      } catch (ExecutionException e) {
        throw new IllegalStateException("a detector's thread failed", e.getCause());
      } catch (CancellationException e) {
        throw new IllegalStateException("a frame was given up and then asked for", e);
      }
    }
  }
}
