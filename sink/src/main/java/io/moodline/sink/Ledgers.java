package io.moodline.sink;

import io.moodline.schemas.v1.FrameFaces;
import io.moodline.schemas.v1.Outcome;
import io.moodline.schemas.v1.RunLedger;
import io.moodline.schemas.v1.StreamKind;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The account of a run: which frames were counted, and how they ended. Thread-safe. */
final class Ledgers {
  private Ledgers() {}

  /** Key of a ledger: {@code stream/run}; neither part holds a slash. */
  static byte[] key(String streamId, String runId) {
    return (streamId + "/" + runId).getBytes(StandardCharsets.UTF_8);
  }

  /** What the keys of all runs of a stream, and no other key, start with. */
  static byte[] prefix(String streamId) {
    return key(streamId, "");
  }

  /** Whether a frame or end mark was counted before. */
  static boolean wasCounted(@Nullable RunLedger ledger, FrameFaces frame) {
    if (ledger == null) {
      return false;
    }
    return frame.getEndOfRun() == null
        ? frame.getSequence() < ledger.getNextSequence()
        : ledger.getEndOfRun() != null;
  }

  /** How many frames between the last counted one and this record never came. */
  static long missing(@Nullable RunLedger ledger, FrameFaces frame) {
    long next = ledger == null ? 0 : ledger.getNextSequence();
    long reached =
        frame.getEndOfRun() == null ? frame.getSequence() : frame.getEndOfRun().getPublished();
    return Math.max(0, reached - next);
  }

  /** The ledger with one more frame, or with the end mark, counted {@code now}. */
  static RunLedger count(@Nullable RunLedger before, FrameFaces frame, Instant now) {
    RunLedger ledger = before == null ? open(frame) : before;
    return frame.getEndOfRun() == null ? countFrame(ledger, frame) : end(ledger, frame, now);
  }

  /** Whether a live stream's run is so long over that its account may go. */
  static boolean isOld(RunLedger ledger, Instant limit) {
    Instant ended = ledger.getEndedAt();
    return ledger.getKind() == StreamKind.LIVE && ended != null && ended.isBefore(limit);
  }

  /** The ledger with one more of its counted frames in no window. */
  static RunLedger countLate(RunLedger ledger) {
    return RunLedger.newBuilder(ledger).setLate(ledger.getLate() + 1).build();
  }

  /** Frames counted, whatever became of them. */
  static long frames(RunLedger ledger) {
    return ledger.getAnalysed() + sum(ledger.getSkipped()) + sum(ledger.getFailed());
  }

  /** {@code counts} with {@code more} added. */
  static Map<String, Long> plus(Map<String, Long> counts, Map<String, Long> more) {
    if (more.isEmpty()) {
      return counts;
    }
    Map<String, Long> sum = new HashMap<>(counts);
    more.forEach((reason, count) -> sum.merge(reason, count, Long::sum));
    return sum;
  }

  static long sum(Map<String, Long> counts) {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** One frame that ended as {@code outcome}, by its reason; empty if it ended otherwise. */
  static Map<String, Long> reason(FrameFaces frame, Outcome outcome) {
    if (frame.getOutcome() != outcome) {
      return Map.of();
    }
    return Map.of(frame.getReason() == null ? "UNKNOWN" : frame.getReason(), 1L);
  }

  private static RunLedger open(FrameFaces frame) {
    return RunLedger.newBuilder()
        .setStreamId(frame.getStreamId())
        .setRunId(frame.getRunId())
        .setKind(frame.getKind())
        .setAnalysed(0)
        .setSkipped(Map.of())
        .setFailed(Map.of())
        .setDropped(Map.of())
        .setNextSequence(0)
        .setFaces(0)
        .setLastMediaTimeMicros(-1)
        .setDetector("")
        .setModel("")
        .setModelDigest("")
        .build();
  }

  private static RunLedger countFrame(RunLedger before, FrameFaces frame) {
    boolean analysed = frame.getOutcome() == Outcome.ANALYSED;
    Instant first = before.getFirstCaptureTime();
    return new RunLedger(
        before.getStreamId(),
        before.getRunId(),
        before.getKind(),
        before.getAnalysed() + (analysed ? 1 : 0),
        plus(before.getSkipped(), reason(frame, Outcome.SKIPPED)),
        plus(before.getFailed(), reason(frame, Outcome.FAILED)),
        plus(before.getDropped(), frame.getDroppedBefore()),
        frame.getSequence() + 1,
        before.getFaces() + frame.getFaces().size(),
        before.getLate(),
        first == null ? frame.getCaptureTime() : first,
        frame.getCaptureTime(),
        frame.getMediaTimeMicros(),
        analysed ? frame.getDetector() : before.getDetector(),
        analysed ? frame.getModel() : before.getModel(),
        analysed ? frame.getModelDigest() : before.getModelDigest(),
        before.getEndOfRun(),
        before.getEndedAt(),
        RunDigest.next(before.getDigest(), frame));
  }

  private static RunLedger end(RunLedger before, FrameFaces mark, Instant now) {
    return RunLedger.newBuilder(before)
        .setDropped(plus(before.getDropped(), mark.getDroppedBefore()))
        .setEndOfRun(mark.getEndOfRun())
        .setEndedAt(now)
        .build();
  }
}
