package io.moodline.sink;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.ee10.servlet.ServletContextRequest;
import org.eclipse.jetty.server.Request;

/**
 * Reads what is still on its way of a request that is refused before its end. A connection that is
 * closed with bytes unread is reset by TCP, and the reset takes the answer with it: the sender of a
 * recording that is too large would see a broken connection instead of 413 (RFC 9112, section 9.6).
 * What is read is thrown away. It is a courtesy with limits: so many bytes, so long, and few at a
 * time, so that senders without end do not hold the threads that answer others. Thread-safe.
 */
final class UnreadBody {
  private static final long MOST_BYTES = 256L << 20;
  private static final Duration LONGEST = Duration.ofSeconds(10);
  private static final int MOST_AT_ONCE = 8;
  private static final int BUFFER_BYTES = 64 * 1024;

  private final Semaphore places = new Semaphore(MOST_AT_ONCE);

  void discard(HttpServletRequest request) {
    if (!isOnItsWay(request) || !places.tryAcquire()) {
      return;
    }
    try {
      discard(request.getInputStream());
    } catch (IOException e) {
      // The sender has gone or sends no valid body: there is nobody to be courteous to.
    } finally {
      places.release();
    }
  }

  /** A sender that waits to be told to go on, and was not, sends nothing. */
  private static boolean isOnItsWay(HttpServletRequest request) {
    return request.getHeader("Expect") == null
        || Request.getContentBytesRead(ServletContextRequest.getServletContextRequest(request)) > 0;
  }

  private static void discard(InputStream in) throws IOException {
    byte[] buffer = new byte[BUFFER_BYTES];
    long end = System.nanoTime() + LONGEST.toNanos();
    long bytes = 0;
    while (bytes < MOST_BYTES && System.nanoTime() < end) {
      int n = in.read(buffer);
      if (n < 0) {
        return;
      }
      bytes += n;
    }
  }
}
