package io.moodline.ingest;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.bytedeco.ffmpeg.global.avutil;

/**
 * A source that can not be decoded, or not any further. The message goes on after the source's name
 * in a sentence: "refused the connection", "has no video". It holds no address and no secret.
 */
final class SourceException extends Exception {
  private static final long serialVersionUID = 1L;
  private static final int NO_SUCH_FILE = -2;
  private static final int ACCESS_DENIED = -13;
  private static final int NO_SUCH_DEVICE = -19;
  private static final int NETWORK_UNREACHABLE = -101;
  private static final int RESET = -104;
  private static final int TIMED_OUT = -110;
  private static final int REFUSED = -111;
  private static final int NO_ROUTE = -113;

  private final boolean retry;
  private final boolean lockedOut;
  private final boolean refused;

  SourceException(String message, boolean retry) {
    this(message, retry, false, false);
  }

  private SourceException(String message, boolean retry, boolean lockedOut, boolean refused) {
    super(message);
    this.retry = retry;
    this.lockedOut = lockedOut;
    this.refused = refused;
  }

  /**
   * An address, a file or a secret that is not as it should be now. Another name server's answer, a
   * disk that is mounted or a mended setting may change that, and someone has to know.
   *
   * @param message a whole sentence
   */
  static SourceException refused(String message) {
    return new SourceException(message, true, false, true);
  }

  /** Whether another try may do better. */
  boolean retry() {
    return retry;
  }

  /** Whether it refuses the password: many tries could lock the account. */
  boolean lockedOut() {
    return lockedOut;
  }

  /** Whether it is for a person to mend, though not for good. */
  boolean isRefused() {
    return refused;
  }

  /** Pictures of a size that is a mistake or an attack. */
  static SourceException tooLarge(int width, int height) {
    return new SourceException(
        "has pictures of " + width + " x " + height + ": at most 4096 x 2304 is read", false);
  }

  /** A camera does not let us in. */
  static SourceException login(boolean withCredentials) {
    return new SourceException(
        withCredentials
            ? "refuses the user name or password"
            : "asks for a user name and a password",
        true,
        true,
        false);
  }

  /** What a connection's failure means. */
  static SourceException network(IOException cause, boolean playing) {
    if (playing && cause instanceof SocketTimeoutException) {
      return new SourceException("sends nothing any more", true);
    }
    if (cause instanceof WireException) {
      return new SourceException(String.valueOf(cause.getMessage()), true);
    }
    return new SourceException(trouble(cause), true);
  }

  private static String trouble(IOException cause) {
    if (hasCause(cause, SocketTimeoutException.class)) {
      return "does not answer"; // TLS wraps it
    } else if (cause instanceof NoRouteToHostException || cause instanceof UnknownHostException) {
      return "can not be reached";
    } else if (cause instanceof ConnectException) {
      return "refuses the connection: is it on, and is the port right?";
    } else if (cause instanceof EOFException) {
      return "closed the connection";
    } else if (cause instanceof SSLPeerUnverifiedException
        || hasCause(cause, CertificateException.class)) {
      return "shows a certificate that is not trusted: name its authority in ingest.tls.authorities";
    } else if (cause instanceof SSLException) {
      return "does not agree on TLS";
    }
    return "broke the connection";
  }

  private static boolean hasCause(Throwable error, Class<? extends Throwable> kind) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (kind.isInstance(cause)) {
        return true;
      }
    }
    return false;
  }

  /** What FFmpeg's error code means for a source that was being opened. */
  static SourceException opening(int code, boolean live) {
    if (live) {
      return new SourceException(liveTrouble(code), true);
    }
    if (code == NO_SUCH_FILE) {
      return new SourceException("is not there any more", false);
    }
    if (code == ACCESS_DENIED) {
      return new SourceException("may not be read", false);
    }
    return new SourceException(
        "is damaged, or not the video it says it is (" + text(code) + ")", false);
  }

  /** What FFmpeg's error code means for a live source. */
  static String liveTrouble(int code) {
    if (code == avutil.AVERROR_HTTP_UNAUTHORIZED() || code == avutil.AVERROR_HTTP_FORBIDDEN()) {
      return "refuses the user name or password";
    }
    if (code == avutil.AVERROR_HTTP_NOT_FOUND()) {
      return "has no stream under this path";
    }
    if (code == avutil.AVERROR_EOF()) {
      return "closed the connection";
    }
    return switch (code) {
      case NO_SUCH_FILE, NO_SUCH_DEVICE -> "is not connected: there is no such device";
      case ACCESS_DENIED -> "may not be used by this user: add the user to the group video";
      case REFUSED -> "refuses the connection: is it on, and is the port right?";
      case TIMED_OUT -> "does not answer";
      case NO_ROUTE, NETWORK_UNREACHABLE -> "can not be reached";
      case RESET -> "broke the connection";
      default -> "can not be opened (" + text(code) + ")";
    };
  }

  /** FFmpeg's own words for a code. */
  static String text(int code) {
    byte[] buffer = new byte[256];
    avutil.av_strerror(code, buffer, buffer.length);
    int end = 0;
    while (end < buffer.length && buffer[end] != 0) {
      end++;
    }
    return new String(buffer, 0, end, java.nio.charset.StandardCharsets.US_ASCII);
  }
}
