package io.moodline.ingest;

import io.moodline.ingest.Attempt.End;
import io.moodline.ingest.DecodeListener.DecodeFailure;
import io.moodline.ingest.DecodeListener.SourceInfo;
import io.moodline.ingest.FrameQueue.Queued;
import io.moodline.runtime.DataKey;
import io.moodline.runtime.UserException;
import io.moodline.schemas.v1.DesiredState;
import io.moodline.schemas.v1.EndReason;
import io.moodline.schemas.v1.StreamKind;
import io.moodline.schemas.v1.StreamSpec;
import io.moodline.schemas.v1.StreamState;
import io.moodline.schemas.v1.StreamStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * One stream of this instance: its state machine. {@link #advance} is called again and again and
 * never blocks; what it publishes and how its state changes go into the reader's next transaction
 * together.
 *
 * <pre>
 * CONNECTING -> STREAMING -> FINISHED (recording) | BACKING_OFF -> CONNECTING (live)
 *            -> REFUSED, FAILED        STREAMING <-> STALLED (live)        any <-> PAUSED
 * </pre>
 *
 * <p>FINISHED and FAILED are for good. What is REFUSED is looked at again when the stream is put,
 * resumed or taken over, and a live one every few minutes, unless purpose or spelling forbid it. A
 * recording that was begun backs off as slowly instead, so that its run can go on.
 *
 * <p>Confined to the reader's thread.
 */
final class StreamRun {
  /** So often in a row may a recording's decoder break without a frame of progress. */
  private static final int RECORDING_TRIES = 3;

  private final StreamWork work;
  private final RunRecord record;
  private final Backoff backoff;
  private StreamSpec spec;
  private String fingerprint;
  private @Nullable CompletableFuture<Checked> checking;
  private @Nullable Attempt attempt;

  /** Whether the stream's key was asked for since it last had a frame. */
  private boolean knowsKey;

  /** What a try begins with. */
  private record Checked(DecodeOrder order, Optional<DataKey> key) {}

  /** Kept over all tries: what an earlier one published still waits for the analyzer. */
  private final Credits credits;

  private long nextTryNanos;

  /** Whether what was refused may be right a while later. */
  private boolean looksAgain;

  /**
   * Takes a stream over.
   *
   * @param before its last committed status; null when it never ran
   */
  StreamRun(StreamWork work, StreamSpec spec, @Nullable StreamStatus before) {
    this.work = work;
    this.spec = spec;
    this.fingerprint = StreamWork.fingerprint(spec);
    this.backoff = new Backoff(work.random());
    this.record = new RunRecord(work, spec, fingerprint, before);
    int partition = work.publisher().partition(spec.getStreamId());
    this.credits =
        new Credits(work.limits().unanalysed(), () -> work.unanalysed().committed(partition));
    takeOver(before);
  }

  /** What is published of a recording and not analysed yet. */
  Credits credits() {
    return credits;
  }

  StreamState state() {
    return record.state();
  }

  private void takeOver(@Nullable StreamStatus before) {
    boolean same = before != null && isOfThis(before);
    if (before != null && !same) {
      record.endRun(EndReason.REMOVED, "the stream was changed");
      record.forgetRun();
    } else if (isLive()) {
      record.endRun(EndReason.LOST, "the instance that ran the stream died");
    }
    if (same && isOver()) {
      return;
    }
    if (spec.getDesiredState() == DesiredState.PAUSED) {
      enter(StreamState.PAUSED, null);
    } else if (same && state() == StreamState.REFUSED) {
      look();
    } else {
      connect();
    }
  }

  /** Whether a status is of the same work, and not of a stream that was removed meanwhile. */
  private boolean isOfThis(StreamStatus before) {
    Instant created = before.getStreamCreatedAt();
    return before.getFingerprint().equals(fingerprint)
        && (created == null || created.equals(spec.getCreatedAt()));
  }

  /** The user changed the stream. */
  void change(StreamSpec changed) {
    boolean sameWork = StreamWork.fingerprint(changed).equals(fingerprint);
    spec = changed;
    fingerprint = StreamWork.fingerprint(changed);
    record.change(changed, fingerprint);
    if (!sameWork) {
      closeAttempt();
      record.endRun(EndReason.REMOVED, "the stream was changed");
      record.forgetRun();
      backoff.reset();
    }
    if (changed.getDesiredState() == DesiredState.PAUSED) {
      if (!sameWork || !isOver()) {
        pause();
      }
    } else if (!sameWork || isWaiting()) {
      closeAttempt();
      connect();
    }
  }

  /** Whether a user who asks again wants it to be tried now. */
  private boolean isWaiting() {
    return switch (state()) {
      case PAUSED, REFUSED, BACKING_OFF -> true;
      default -> false;
    };
  }

  private void pause() {
    closeAttempt();
    if (isLive()) {
      record.endRun(EndReason.PAUSED, null);
    }
    enter(StreamState.PAUSED, null);
  }

  /** Does what can be done now. */
  void advance() {
    if (checking != null && checking.isDone()) {
      open(checking);
    } else if (attempt != null) {
      pump(attempt);
    } else if (checking == null && System.nanoTime() - nextTryNanos >= 0) {
      if (state() == StreamState.BACKING_OFF) {
        connect();
      } else if (state() == StreamState.REFUSED && looksAgain) {
        look();
      }
    }
    record.publishStatus();
  }

  private void connect() {
    enter(StreamState.CONNECTING, null);
    look();
  }

  /** Looks whether there is something to decode; what is refused stays so until that is known. */
  private void look() {
    looksAgain = false;
    checking =
        work.orders()
            .order(spec, isLive() || !record.isRunOpen() ? -1 : record.lastMediaTimeMicros())
            .thenCombine(askForKey(), Checked::new);
  }

  /** Enters a state from which a recording goes on: with a run that is open, or with a new one. */
  private void enter(StreamState next, @Nullable String why) {
    if (!isLive() && !record.isRunOpen()) {
      record.forgetRun();
    }
    record.enter(next, why);
  }

  /**
   * Asks once before the first frame of a run, not at each try of a source that is away for days:
   * no one but this instance makes keys meanwhile, and one that goes is seen to go.
   */
  private CompletableFuture<Optional<DataKey>> askForKey() {
    if (knowsKey) {
      return CompletableFuture.completedFuture(record.sealedWith());
    }
    String id = spec.getStreamId();
    return work.orders().ask(() -> work.keys().current(id));
  }

  private void open(CompletableFuture<Checked> done) {
    checking = null;
    try {
      Checked checked = done.join();
      if (state() == StreamState.REFUSED) {
        enter(StreamState.CONNECTING, null);
      }
      record.sealWith(checked.key().orElse(null));
      knowsKey = true;
      FrameQueue queue =
          isLive()
              ? FrameQueue.live(work.limits().liveQueueFrames())
              : FrameQueue.recording(work.limits().unanalysed().frames());
      Attempt opened = new Attempt(queue, work.clock());
      attempt = opened;
      credits.startOver();
      opened.start(work.decoders(), checked.order());
    } catch (CompletionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String why = String.valueOf(cause.getMessage());
      if (cause instanceof UserException) {
        record.endRun(EndReason.FAILED, why);
        record.enter(StreamState.REFUSED, why);
      } else if (cause instanceof SourceException known && known.isRefused()) {
        refuse(why);
      } else {
        retry(new DecodeFailure(why, true));
      }
    }
  }

  /** Something about the source is not as it should be now. */
  private void refuse(String why) {
    nextTryNanos = System.nanoTime() + backoff.nextSlow().toNanos();
    looksAgain = isLive();
    boolean begun = !isLive() && record.isRunOpen();
    record.enter(begun ? StreamState.BACKING_OFF : StreamState.REFUSED, why);
  }

  private void pump(Attempt open) {
    End end = open.end(); // looked at first: what was queued before it is drained below
    SourceInfo info = open.info();
    if (info != null && state() != StreamState.STREAMING && state() != StreamState.STALLED) {
      record.opened(info);
    }
    record.decodedBy(open.decoder());
    Queued next;
    while (info != null && (next = open.queue().poll()) != null) {
      record.frame(next, isLive() ? null : credits);
      knowsKey = false;
      backoff.reset();
    }
    if (end != null) {
      finish(end.failure());
      return;
    }
    if (!isLive() && info != null) {
      open.grant(credits.next());
    }
    if (isLive()) {
      watch(open);
    }
  }

  private void watch(Attempt open) {
    long silent = open.silentNanos();
    if (silent > work.limits().reconnectAfter().toNanos()) {
      String why = "the source sent no frame for " + Duration.ofNanos(silent).toSeconds() + " s";
      end(new DecodeFailure(why, true));
    } else if (silent > work.limits().stallAfter().toNanos()) {
      if (state() == StreamState.STREAMING) {
        record.enter(
            StreamState.STALLED, "no frame for " + Duration.ofNanos(silent).toSeconds() + " s");
      }
    } else if (state() == StreamState.STALLED) {
      record.enter(StreamState.STREAMING, null);
    }
  }

  private void finish(@Nullable DecodeFailure failure) {
    if (failure != null) {
      work.metrics().decoderFailed(failure.retry());
    }
    if (isLive()) {
      end(failure == null ? new DecodeFailure("the source ended", true) : failure);
    } else if (failure == null) {
      closeAttempt();
      record.endRun(EndReason.FINISHED, null);
      record.enter(StreamState.FINISHED, null);
    } else if (failure.retry() && backoff.failures() < RECORDING_TRIES) {
      closeAttempt();
      retry(failure);
    } else {
      closeAttempt();
      boolean some = record.published() > 0;
      record.endRun(some ? EndReason.INCOMPLETE : EndReason.FAILED, failure.message());
      record.enter(StreamState.FAILED, failure.message());
    }
  }

  /** A live source went away. */
  private void end(DecodeFailure failure) {
    closeAttempt();
    record.endRun(EndReason.DISCONNECTED, failure.message());
    retry(failure);
  }

  private void retry(DecodeFailure failure) {
    Duration pause = failure.lockedOut() ? backoff.nextSlow() : backoff.next();
    nextTryNanos = System.nanoTime() + pause.toNanos();
    enter(StreamState.BACKING_OFF, failure.message());
  }

  /** The user removed the stream. */
  void remove() {
    closeAttempt();
    record.endRun(EndReason.REMOVED, null);
    work.publisher().removeStatus(spec.getStreamId());
  }

  /**
   * It is not run here any more: a live run ends, a recording goes on with whoever runs it next.
   *
   * @param why in a sentence for people
   */
  void stop(String why) {
    closeAttempt();
    if (isLive() && record.isRunOpen()) {
      record.endRun(EndReason.DISCONNECTED, why);
      record.enter(StreamState.BACKING_OFF, why);
    }
    record.publishStatus();
  }

  /** Nothing can be written of it any more. */
  void release() {
    closeAttempt();
  }

  private void closeAttempt() {
    if (checking != null) {
      checking.cancel(false);
      checking = null;
    }
    if (attempt != null) {
      attempt.close();
      attempt = null;
    }
  }

  private boolean isLive() {
    return spec.getKind() == StreamKind.LIVE;
  }

  private boolean isOver() {
    return state() == StreamState.FINISHED || state() == StreamState.FAILED;
  }
}
