package io.moodline.ingest;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Counts the bytes of a source on their way to the decoder child, and knows for how long the child
 * has not taken what waits for it. Written by the link's thread; thread-safe.
 */
final class SourceBytes {
  private volatile long total;
  private volatile long waitingSinceNanos;
  private volatile boolean waiting;

  /** Writes to the child. */
  void pass(OutputStream player, byte[] bytes, int from, int count) throws IOException {
    waitingSinceNanos = System.nanoTime();
    waiting = true;
    player.write(bytes, from, count);
    waiting = false;
    total += count; // one writer
  }

  /** No more bytes come: from now on the child has to find the end. */
  void ended() {
    waitingSinceNanos = System.nanoTime();
    waiting = true;
  }

  /** Bytes that the child has taken, or has in its buffers. */
  long total() {
    return total;
  }

  /** For how long the child has owed an answer to what it was given. */
  long owedMillis() {
    return waiting ? (System.nanoTime() - waitingSinceNanos) / 1_000_000 : 0;
  }
}
