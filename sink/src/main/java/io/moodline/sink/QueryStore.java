package io.moodline.sink;

import io.moodline.schemas.AvroSerde;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.RunLedger;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** A store that any instance may be asked about: its keys are bytes that start with a stream. */
enum QueryStore {
  /** {@code TimelineKey} to {@code TimelineWindow}. */
  WINDOWS(TimelineTable.APPLICATION, TimelineTable.STORE, value -> (byte[]) value),
  /** {@code TrackKey} to {@code TrackWindow}. */
  TRACKS(TimelineTable.APPLICATION, TimelineTable.TRACK_STORE, value -> (byte[]) value),
  /** {@code AlertKey} to {@code Alert}. */
  ALERTS(TimelineTable.APPLICATION, TimelineTable.ALERT_STORE, value -> (byte[]) value),
  /** {@code stream/run} to {@code RunLedger}. */
  LEDGERS(EmotionTimelines.APPLICATION, EmotionTimelines.LEDGERS, encode(Serdes.RUN_LEDGER));

  /** How a value of the store becomes bytes again. */
  private interface Encoding {
    byte[] bytes(Object value);
  }

  private final String application;
  private final String store;
  private final Encoding encoding;

  QueryStore(String application, String store, Encoding encoding) {
    this.application = application;
    this.store = store;
    this.encoding = encoding;
  }

  /** The application that keeps it, under the topics' prefix. */
  String application() {
    return application;
  }

  /** Its name in the topology. */
  String store() {
    return store;
  }

  /** A value of the store as Avro bytes. */
  byte[] encode(Object value) {
    return encoding.bytes(value);
  }

  /** Its name in an address. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<QueryStore> of(String word) {
    return Arrays.stream(values()).filter(store -> store.word().equals(word)).findFirst();
  }

  private static Encoding encode(AvroSerde<RunLedger> serde) {
    return value -> serde.encode((RunLedger) value);
  }
}
