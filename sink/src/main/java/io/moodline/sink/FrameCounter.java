package io.moodline.sink;

import io.moodline.runtime.DataKey.BrokenSealException;
import io.moodline.runtime.KeyRing;
import io.moodline.runtime.SealedRecords;
import io.moodline.schemas.AvroSerde.UnreadableRecordException;
import io.moodline.schemas.Serdes;
import io.moodline.schemas.v1.DeadLetter;
import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.RunLedger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * First step of the timelines: reads a record, opens its faces and enters it in its run's ledger.
 * What was counted before goes no further, nor does what is left of an erased run, whose key was
 * thrown away; what can not be read goes to the dead letters. Confined to the task's stream thread.
 */
final class FrameCounter extends ContextualProcessor<byte[], byte[], byte[], SpecificRecord> {
  private static final Logger log = LoggerFactory.getLogger(FrameCounter.class);
  private static final long LOG_INTERVAL_MILLIS = 10_000;

  /** As the analyzer says of a frame whose key was thrown away before it came there. */
  private static final String ERASED = "ERASED";

  private static final Duration LOOK = Duration.ofHours(1);

  private final Duration keep;
  private final KeyRing keys;
  private final TimelineMetrics metrics;
  private long quietUntil;
  private @Nullable KeyValueStore<byte[], RunLedger> ledgers;

  /**
   * Makes a processor.
   *
   * @param keep for how long the account of a live stream's run is kept after its end: longer than
   *     its frames are in {@code faces.v1}, or they would be counted again
   * @param keys what faces are sealed with
   */
  FrameCounter(Duration keep, KeyRing keys, TimelineMetrics metrics) {
    this.keep = keep;
    this.keys = keys;
    this.metrics = metrics;
  }

  @Override
  public void init(ProcessorContext<byte[], SpecificRecord> context) {
    super.init(context);
    ledgers = context.getStateStore(EmotionTimelines.LEDGERS);
    context.schedule(LOOK, PunctuationType.WALL_CLOCK_TIME, this::removeOld);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    FrameFaces frame = read(record);
    if (frame == null || ledgers == null) {
      return;
    }
    byte[] key = Ledgers.key(frame.getStreamId(), frame.getRunId());
    RunLedger ledger = ledgers.get(key);
    if (Ledgers.wasCounted(ledger, frame)) {
      metrics.duplicate();
      return;
    }
    noteMissing(ledger, frame);
    Instant now = Instant.ofEpochMilli(context().currentSystemTimeMs());
    ledgers.put(key, Ledgers.count(ledger, frame, now));
    metrics.counted(frame);
    context().forward(record.withValue(frame), EmotionTimelines.FOLLOW_FACES);
  }

  private void removeOld(long now) {
    KeyValueStore<byte[], RunLedger> store = ledgers;
    if (store == null) {
      return;
    }
    List<byte[]> old = new ArrayList<>();
    Instant limit = Instant.ofEpochMilli(now).minus(keep);
    try (KeyValueIterator<byte[], RunLedger> all = store.all()) {
      all.forEachRemaining(
          run -> {
            if (Ledgers.isOld(run.value, limit)) {
              old.add(run.key);
            }
          });
    }
    old.forEach(store::delete);
  }

  private @Nullable FrameFaces read(Record<byte[], byte[]> record) {
    byte[] value = record.value() == null ? new byte[0] : record.value();
    try {
      return check(record, value, Serdes.FRAME_FACES.decode(value));
    } catch (UnreadableRecordException e) {
      deadLetter(record, value, "UNREADABLE", null);
      return null;
    }
  }

  private @Nullable FrameFaces check(
      Record<byte[], byte[]> record, byte[] value, FrameFaces sealed) {
    try {
      Optional<FrameFaces> frame =
          SealedRecords.open(sealed, keys, SealedRecords.Faces.IN_USE).or(() -> withoutKey(sealed));
      if (frame.isEmpty()) {
        metrics.erased();
        return null;
      }
      if (FrameCheck.isConsistent(record.key(), frame.get())) {
        return frame.get();
      }
      deadLetter(record, value, "INCONSISTENT", sealed);
    } catch (BrokenSealException e) {
      deadLetter(record, value, "BROKEN_SEAL", sealed);
    }
    return null;
  }

  /**
   * A frame whose key was thrown away. A run that was erased has no ledger: nothing may be known of
   * it any more. One that goes on has, and the frame counts there, so that the ledger adds up.
   */
  private Optional<FrameFaces> withoutKey(FrameFaces sealed) {
    byte[] run = Ledgers.key(sealed.getStreamId(), sealed.getRunId());
    if (ledgers == null || ledgers.get(run) == null) {
      return Optional.empty();
    }
    return sealed.getSealedFaces() == null
        ? Optional.of(sealed)
        : Optional.of(
            FrameFaces.newBuilder(sealed)
                .setSealedFaces(null)
                .setOutcome(Outcome.SKIPPED)
                .setReason(ERASED)
                .build());
  }

  private void noteMissing(@Nullable RunLedger ledger, FrameFaces frame) {
    long missing = Ledgers.missing(ledger, frame);
    if (missing == 0) {
      return;
    }
    metrics.missing(missing);
    if (mayLog()) {
      log.atWarn()
          .addKeyValue("stream", frame.getStreamId())
          .addKeyValue("run", frame.getRunId())
          .addKeyValue("sequence", frame.getSequence())
          .addKeyValue("missing", missing)
          .log("frames are missing");
    }
  }

  private void deadLetter(
      Record<byte[], byte[]> record, byte[] value, String reason, @Nullable FrameFaces frame) {
    metrics.unreadable(reason);
    RecordMetadata from = context().recordMetadata().orElseThrow();
    DeadLetter letter =
        DeadLetter.newBuilder()
            .setTopic(from.topic())
            .setPartition(from.partition())
            .setOffset(from.offset())
            .setStreamId(frame == null ? null : frame.getStreamId())
            .setRunId(frame == null ? null : frame.getRunId())
            .setSequence(frame == null ? null : frame.getSequence())
            .setStage("sink")
            .setReason(reason)
            .setSizeBytes(value.length)
            .setSha256(sha256(value))
            .setSeenAt(Instant.ofEpochMilli(context().currentSystemTimeMs()))
            .build();
    context().forward(record.withValue(letter), EmotionTimelines.DEAD_LETTERS);
    if (mayLog()) {
      log.atWarn()
          .addKeyValue("topic", from.topic())
          .addKeyValue("partition", from.partition())
          .addKeyValue("offset", from.offset())
          .addKeyValue("reason", reason)
          .log("record sent to dead letters");
    }
  }

  /** One line in a while says that something is wrong; the metrics say how much. */
  private boolean mayLog() {
    long now = context().currentSystemTimeMs();
    if (now < quietUntil) {
      return false;
    }
    quietUntil = now + LOG_INTERVAL_MILLIS;
    return true;
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
