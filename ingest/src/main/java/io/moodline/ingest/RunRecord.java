package io.moodline.ingest;

import io.moodline.ingest.DecodeListener.DecodedFrame;
import io.moodline.ingest.DecodeListener.SourceInfo;
import io.moodline.ingest.FrameQueue.Queued;
import io.moodline.runtime.DataKey;
import io.moodline.runtime.SealedRecords;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.EndOfRun;
import io.moodline.schemas.v1.EndReason;
import io.moodline.schemas.v1.Frame;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.StreamStatus;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * What is written of a stream: its frames, its end marks and its status, with the counts that tie
 * them together. The status in a transaction always says what the frames in it amount to. Confined
 * to the reader's thread.
 */
final class RunRecord {
  /** A live queue was full: the newest frames win. */
  static final String QUEUE_FULL = "QUEUE_FULL";

  /** Nothing had moved since the frame before: left out as the stream asks, and not lost. */
  static final String NO_MOTION = "NO_MOTION";

  private static final Logger log = LoggerFactory.getLogger(RunRecord.class);

  private final StreamWork work;
  private StreamSpec spec;
  private String fingerprint;

  /** That of the run, whatever the spec has become since it began. */
  private StreamKind kind;

  private @Nullable String runId;
  private boolean runOpen;
  private long published;
  private Map<String, Long> dropped = new HashMap<>();
  private long lastMediaTimeMicros = -1;
  private double targetFramesPerSecond;
  private StreamState state = StreamState.CONNECTING;
  private Instant since;
  private @Nullable String reason;
  private @Nullable SourceInfo info;
  private @Nullable DecodedBy decoder;
  private @Nullable CaptureClock captureClock;
  private @Nullable Instant runStart;
  private @Nullable DataKey key;
  private boolean changed = true;

  RunRecord(StreamWork work, StreamSpec spec, String fingerprint, @Nullable StreamStatus before) {
    this.work = work;
    this.spec = spec;
    this.fingerprint = fingerprint;
    this.kind = spec.getKind();
    this.since = now();
    this.targetFramesPerSecond = spec.getTargetFramesPerSecond();
    if (before != null) {
      restore(before);
    }
  }

  /**
   * Ends the run of a stream that was removed while no one was there to see it, and removes its
   * status. A status of a release that did not name the kind only goes.
   */
  static void endRemoved(StreamWork work, StreamStatus before) {
    StreamKind kind = before.getKind();
    if (kind != null) {
      StreamSpec gone =
          StreamSpec.newBuilder()
              .setStreamId(before.getStreamId())
              .setName(before.getStreamId())
              .setLabels(Map.of())
              .setSource("")
              .setKind(kind)
              .setTargetFramesPerSecond(1)
              .setPurpose("")
              .setDesiredState(DesiredState.PAUSED)
              .setRevision(before.getRevision())
              .setCreatedAt(before.getSince())
              .setUpdatedAt(before.getSince())
              .build();
      new RunRecord(work, gone, before.getFingerprint(), before)
          .endRun(EndReason.REMOVED, "the stream was removed");
    }
    work.publisher().removeStatus(before.getStreamId());
  }

  private void restore(StreamStatus before) {
    kind = before.getKind() == null ? spec.getKind() : before.getKind();
    runId = before.getRunId();
    published = before.getPublished();
    dropped = new HashMap<>(before.getDropped());
    lastMediaTimeMicros = before.getLastMediaTimeMicros();
    state = before.getState();
    since = before.getSince();
    reason = before.getReason();
    String by = before.getDecodedBy();
    decoder = by == null ? null : new DecodedBy(by, String.valueOf(before.getDecodedByReason()));
    runStart = before.getRunStart();
    runOpen = runId != null && isOpen(before.getState(), kind);
    if (before.getWidth() > 0) {
      Long duration = before.getDurationMicros();
      info =
          new SourceInfo(
              String.valueOf(before.getCodec()),
              before.getWidth(),
              before.getHeight(),
              before.getSourceFramesPerSecond(),
              targetFramesPerSecond,
              duration == null
                  ? java.util.OptionalLong.empty()
                  : java.util.OptionalLong.of(duration));
    }
    changed = before.getRevision() != spec.getRevision();
  }

  /** A recording's run is open until it ends for good; a live one only while its source is. */
  private static boolean isOpen(StreamState state, StreamKind kind) {
    return switch (state) {
      case STREAMING, STALLED -> true;
      case CONNECTING, BACKING_OFF, PAUSED -> kind == StreamKind.RECORDING;
      case FINISHED, FAILED, REFUSED -> false;
    };
  }

  /** Takes a changed spec. */
  void change(StreamSpec newSpec, String newFingerprint) {
    spec = newSpec;
    fingerprint = newFingerprint;
    changed = true;
  }

  StreamState state() {
    return state;
  }

  boolean isRunOpen() {
    return runOpen;
  }

  long published() {
    return published;
  }

  long lastMediaTimeMicros() {
    return lastMediaTimeMicros;
  }

  /** Enters a state; the time of entering stays where the state does. */
  void enter(StreamState next, @Nullable String why) {
    if (state != next) {
      since = now();
      log(next, why);
    }
    state = next;
    reason = why;
    changed = true;
  }

  /** A person on call wants to see these, but not each try of a camera that is off. */
  private void log(StreamState next, @Nullable String why) {
    boolean trying =
        next == StreamState.CONNECTING || state == StreamState.CONNECTING && why != null;
    log.atLevel(trying ? Level.DEBUG : Level.INFO)
        .addKeyValue("stream", spec.getStreamId())
        .addKeyValue("state", next)
        .addKeyValue("reason", why == null ? "" : why)
        .log("stream changed state");
  }

  /** The source is open: a recording goes on with its run, a live stream begins one. */
  void opened(SourceInfo opened) {
    info = opened;
    targetFramesPerSecond = opened.targetFramesPerSecond();
    if (!runOpen) {
      forgetRun();
      kind = spec.getKind();
      runId = UUID.randomUUID().toString();
      runOpen = true;
    }
    if (spec.getKind() == StreamKind.RECORDING) {
      Instant start = spec.getStart() == null ? Instant.EPOCH : spec.getStart();
      captureClock = CaptureClock.recording(start);
    } else {
      captureClock = CaptureClock.live();
    }
    enter(StreamState.STREAMING, null);
  }

  /**
   * What frames are sealed with from now on.
   *
   * @param known the stream's key; null when it has none: the next frame brings a new one
   */
  void sealWith(@Nullable DataKey known) {
    key = known;
  }

  /** The key that was named last, or made since. */
  Optional<DataKey> sealedWith() {
    return Optional.ofNullable(key);
  }

  private DataKey key() {
    DataKey known = key;
    if (known == null || work.keys().isThrownAway(known)) {
      known = DataKey.create(spec.getStreamId());
      work.publisher().add(work.keys().record(known, now()));
      key = known;
    }
    return known;
  }

  /** What decodes the source; null while that is not known. */
  void decodedBy(@Nullable DecodedBy now) {
    if (!Objects.equals(decoder, now)) {
      decoder = now;
      changed = true;
    }
  }

  /** Forgets the last run; the next one starts to count at 0. */
  void forgetRun() {
    runId = null;
    runOpen = false;
    published = 0;
    dropped = new HashMap<>();
    lastMediaTimeMicros = -1;
    runStart = null;
    captureClock = null;
    changed = true;
  }

  /** Publishes a frame. */
  void frame(Queued queued, @Nullable Credits credits) {
    CaptureClock times = captureClock;
    if (runId == null || times == null) {
      throw new IllegalStateException("a frame without a run");
    }
    DecodedFrame picture = queued.frame();
    DataKey sealing = key();
    byte[] sealed =
        sealing.seal(picture.jpeg(), SealedRecords.picture(spec.getStreamId(), runId, published));
    Map<String, Long> before = droppedBefore(queued);
    before.forEach(
        (why, frames) -> {
          dropped.merge(why, frames, Long::sum);
          work.metrics().dropped(why, frames);
        });
    ClockReading captured =
        times.read(picture.mediaTimeMicros(), queued.arrival(), picture.captured());
    Frame frame =
        frame()
            .setDroppedBefore(before)
            .setCaptureTime(CaptureClock.instant(captured))
            .setTimeSource(captured.source())
            .setTimeUncertaintyMicros(captured.uncertaintyMicros())
            .setArrivalTime(captured.arrival())
            .setMediaTimeMicros(picture.mediaTimeMicros())
            .setTargetFramesPerSecond(picture.framesPerSecond())
            .setWidth(picture.width())
            .setHeight(picture.height())
            .setKeyId(sealing.id())
            .setJpeg(ByteBuffer.wrap(sealed))
            .build();
    if (credits != null) {
      credits.taken(picture.jpeg().length);
    }
    StreamKind ofRun = kind;
    work.publisher()
        .add(
            frame,
            offset -> {
              work.metrics().published(ofRun, picture.jpeg().length);
              work.metrics().timed(captured.source());
              if (credits != null) {
                credits.committed(offset, picture.jpeg().length);
              }
            });
    published++;
    lastMediaTimeMicros = picture.mediaTimeMicros();
    runStart = times.start();
    changed = true;
  }

  private static Map<String, Long> droppedBefore(Queued queued) {
    Map<String, Long> before = new HashMap<>();
    before.put(QUEUE_FULL, queued.droppedBefore());
    before.put(NO_MOTION, queued.unmovedBefore());
    before.values().removeIf(frames -> frames == 0);
    return Map.copyOf(before);
  }

  /** Writes the end mark of an open run; does nothing when none is open. */
  void endRun(EndReason why, @Nullable String message) {
    if (!runOpen || runId == null) {
      return;
    }
    long duration = Math.max(0, lastMediaTimeMicros);
    Instant start = runStart == null ? Instant.EPOCH : runStart;
    Frame mark =
        frame()
            .setEndOfRun(
                EndOfRun.newBuilder()
                    .setReason(why)
                    .setMessage(message)
                    .setPublished(published)
                    .setDropped(Map.copyOf(dropped))
                    .setMediaDurationMicros(duration)
                    .build())
            .setDroppedBefore(Map.of())
            .setCaptureTime(endOfRun(start.plus(duration, ChronoUnit.MICROS)))
            .setMediaTimeMicros(duration)
            .setTargetFramesPerSecond(targetFramesPerSecond)
            .setWidth(0)
            .setHeight(0)
            .setKeyId(key == null ? null : key.id())
            .setJpeg(ByteBuffer.allocate(0))
            .build();
    work.publisher().add(mark, offset -> work.metrics().runEnded(why.name()));
    runOpen = false;
    changed = true;
  }

  /** That of the last frame, which may have left the media clock's. */
  private Instant endOfRun(Instant counted) {
    ClockReading last = captureClock == null ? null : captureClock.last();
    return last == null ? counted : CaptureClock.instant(last);
  }

  private Frame.Builder frame() {
    return Frame.newBuilder()
        .setStreamId(spec.getStreamId())
        .setRunId(runId)
        .setSequence(published)
        .setKind(kind)
        .setModel(spec.getModel());
  }

  /** Puts the status into the next transaction if anything has changed. */
  void publishStatus() {
    if (!changed) {
      return;
    }
    SourceInfo known = info;
    ClockReading captured = captureClock == null ? null : captureClock.last();
    work.publisher()
        .status(
            StreamStatus.newBuilder()
                .setStreamId(spec.getStreamId())
                .setRevision(spec.getRevision())
                .setFingerprint(fingerprint)
                .setStreamCreatedAt(spec.getCreatedAt())
                .setKind(runId == null ? spec.getKind() : kind)
                .setRunId(runId)
                .setState(state)
                .setSince(since)
                .setReason(reason)
                .setPublished(published)
                .setDropped(Map.copyOf(dropped))
                .setLastMediaTimeMicros(lastMediaTimeMicros)
                .setDurationMicros(
                    known == null || known.durationMicros().isEmpty()
                        ? null
                        : Long.valueOf(known.durationMicros().getAsLong()))
                .setWidth(known == null ? 0 : known.width())
                .setHeight(known == null ? 0 : known.height())
                .setSourceFramesPerSecond(known == null ? 0 : known.framesPerSecond())
                .setCodec(known == null ? null : known.codec())
                .setDecodedBy(decoder == null ? null : decoder.decoder())
                .setDecodedByReason(decoder == null ? null : decoder.why())
                .setRunStart(runStart)
                .setTimeSource(captured == null ? null : captured.source())
                .setTimeUncertaintyMicros(captured == null ? null : captured.uncertaintyMicros())
                .setMediaClockDriftPpm(captured == null ? null : captured.driftPpm())
                .setSenderClockOffsetMicros(captured == null ? null : captured.senderOffsetMicros())
                .setInstance(work.instance())
                .setUpdatedAt(now())
                .build());
    changed = false;
  }

  private Instant now() {
    return work.clock().instant().truncatedTo(ChronoUnit.MICROS);
  }
}
