package io.moodline.sink;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Goes through a store once a minute and writes tombstones for what is old, in turns of a limited
 * size: what one turn can not remove waits for the next one a few seconds later, so that a store of
 * any size is kept up with, and the stream thread is never held for long. Confined to the task's
 * stream thread.
 */
final class PruneRounds {
  /** From the begin of one round to that of the next, where the first is done by then. */
  static final Duration ROUND = Duration.ofMinutes(1);

  /** Long enough for the tombstones of one turn to reach the store before the next. */
  static final Duration TURN = Duration.ofSeconds(5);

  /** Most records that one turn removes. */
  static final int MOST = 10_000;

  /** Looks at one part of the store. */
  interface Look {
    /**
     * Adds keys of old records until there are {@link #MOST}.
     *
     * @param from first key to look at
     * @return first key of the part behind the one looked at; null when there is none
     */
    byte @Nullable [] at(byte[] from, Instant now, List<byte[]> old);
  }

  private final ProcessorContext<byte[], byte[]> context;
  private final Look look;

  /** Where the next turn begins; null between two rounds. */
  private byte @Nullable [] next;

  private long roundMillis;

  /** Whether this round left something old behind. */
  private boolean cut;

  private PruneRounds(ProcessorContext<byte[], byte[]> context, Look look) {
    this.context = context;
    this.look = look;
    this.roundMillis = context.currentSystemTimeMs();
  }

  /** Has rounds begin, for as long as the task runs. */
  static void start(ProcessorContext<byte[], byte[]> context, Look look) {
    PruneRounds rounds = new PruneRounds(context, look);
    context.schedule(TURN, PunctuationType.WALL_CLOCK_TIME, rounds::turn);
  }

  private void turn(long now) {
    byte[] from = next;
    if (from == null) {
      if (!cut && now - roundMillis < ROUND.toMillis()) {
        return;
      }
      from = new byte[0];
      roundMillis = now;
      cut = false;
    }
    List<byte[]> old = new ArrayList<>();
    while (from != null && old.size() < MOST) {
      from = look.at(from, Instant.ofEpochMilli(now), old);
    }
    next = from;
    cut |= old.size() >= MOST;
    old.forEach(key -> context.forward(new Record<>(key, null, now)));
  }
}
