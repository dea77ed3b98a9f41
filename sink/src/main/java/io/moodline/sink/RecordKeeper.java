package io.moodline.sink;

import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/**
 * Writes what comes into a store, as it came; a restore does the same without it. Confined to the
 * store's thread.
 */
final class RecordKeeper implements Processor<byte[], byte[], Void, Void> {
  private final String name;
  private @Nullable KeyValueStore<byte[], byte[]> store;

  RecordKeeper(String name) {
    this.name = name;
  }

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    store = context.getStateStore(name);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    if (store != null && record.key() != null) {
      store.put(record.key(), record.value());
    }
  }
}
