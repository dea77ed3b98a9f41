package io.moodline.ingest;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;

/**
 * A socket each of whose reads ends before a deadline while one is set, whoever reads: TLS over it
 * puts a record together from many reads, each of which may come in time by itself. Confined to one
 * thread, but for {@link #close}.
 */
final class TimedSocket extends Socket {
  private long deadlineNanos = Long.MAX_VALUE;

  /**
   * Sets when all that is read has to be there.
   *
   * @param nanos by {@link System#nanoTime}; {@link Long#MAX_VALUE} for no deadline
   */
  void until(long nanos) {
    deadlineNanos = nanos;
  }

  @Override
  public InputStream getInputStream() throws IOException {
    return new FilterInputStream(super.getInputStream()) {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
      }

      @Override
      public int read(byte[] bytes, int from, int count) throws IOException {
        if (deadlineNanos == Long.MAX_VALUE) {
          return in.read(bytes, from, count);
        }
        long left = (deadlineNanos - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new SocketTimeoutException("too slow");
        }
        int silence = getSoTimeout();
        setSoTimeout((int) Math.min(silence == 0 ? Integer.MAX_VALUE : silence, left));
        try {
          return in.read(bytes, from, count);
        } finally {
          if (!isClosed()) {
            setSoTimeout(silence);
          }
        }
      }
    };
  }
}
