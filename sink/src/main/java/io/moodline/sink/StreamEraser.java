package io.moodline.sink;

import io.moodline.schemas.TimelineKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Empties the stores of a stream whose data is erased: ledgers, tracks, their filters and sums,
 * open windows, clock and what rules remember of it, and with them their changelogs. The number of
 * its last track stays, so that no track ever gets the name of an erased one. Confined to the
 * task's stream thread.
 */
final class StreamEraser extends ContextualProcessor<byte[], byte[], Void, Void> {

  @Override
  public void process(Record<byte[], byte[]> record) {
    if (record.key() == null) {
      return;
    }
    String stream = new String(record.key(), StandardCharsets.UTF_8);
    if (stream.indexOf('/') >= 0) {
      return; // one track: it has ended, so the stores hold nothing of it
    }
    for (String store :
        List.of(
            EmotionTimelines.LEDGERS,
            EmotionTimelines.TRACKS,
            EmotionTimelines.FILTERS,
            EmotionTimelines.TRACK_SUMS)) {
      empty(store, Ledgers.prefix(stream));
    }
    empty(EmotionTimelines.WINDOWS, windowPrefix(stream));
    KeyValueStore<String, Object> clocks = context().getStateStore(EmotionTimelines.CLOCKS);
    clocks.delete(stream);
    KeyValueStore<String, Object> rules = context().getStateStore(EmotionTimelines.RULE_STATES);
    rules.delete(stream);
  }

  private void empty(String name, byte[] prefix) {
    KeyValueStore<byte[], Object> store = context().getStateStore(name);
    List<byte[]> keys = new ArrayList<>();
    try (KeyValueIterator<byte[], Object> found =
        store.prefixScan(prefix, (Serializer<byte[]>) (topic, bytes) -> bytes)) {
      found.forEachRemaining(entry -> keys.add(entry.key));
    }
    keys.forEach(store::delete);
  }

  /** What the keys of all windows of a stream, and no other key, start with. */
  static byte[] windowPrefix(String stream) {
    byte[] key = new TimelineKey(stream, Duration.ZERO, Instant.EPOCH).encode();
    return Arrays.copyOf(key, key.length - 2 * Long.BYTES);
  }
}
