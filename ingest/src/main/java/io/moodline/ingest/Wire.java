package io.moodline.ingest;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A connection whose other end is not trusted: every read ends after a silence, and before a
 * deadline while one is set, so that neither silence nor a drop now and then can hold a thread.
 * Confined to one thread, but for {@link #close}.
 */
final class Wire implements Closeable {
  private static final int LONGEST_LINE = 8192;

  private final Socket plain;
  private final Socket socket;
  private final @Nullable TimedSocket timed;
  private final InputStream in;
  private final OutputStream out;
  private final Duration silence;
  private long deadlineNanos = Long.MAX_VALUE;

  /**
   * A wire over a connected socket.
   *
   * @param plain the socket underneath, which is closed at once even while another thread writes
   * @param socket what is read and written: {@code plain} itself, or TLS over it
   * @param silence longest pause between two bytes
   */
  Wire(TimedSocket plain, Socket socket, Duration silence) throws IOException {
    this(plain, socket, plain, silence);
  }

  /** A wire over a connected socket without TLS. */
  Wire(Socket plain, Duration silence) throws IOException {
    this(plain, plain, null, silence);
  }

  private Wire(Socket plain, Socket socket, @Nullable TimedSocket timed, Duration silence)
      throws IOException {
    this.plain = plain;
    this.socket = socket;
    this.timed = timed;
    this.silence = silence;
    this.in = new BufferedInputStream(new Timed(socket.getInputStream()), 1 << 16);
    this.out = new BufferedOutputStream(socket.getOutputStream(), 1 << 15);
  }

  /** Everything that is read from now on is there in time, or reading fails. */
  void within(Duration time) {
    until(System.nanoTime() + time.toNanos());
  }

  /** From now on only silence ends a read. */
  void atLeisure() {
    until(Long.MAX_VALUE);
  }

  private void until(long nanos) {
    deadlineNanos = nanos;
    if (timed != null) {
      timed.until(nanos);
    }
  }

  InetAddress local() {
    return plain.getLocalAddress();
  }

  InetAddress remote() {
    return plain.getInetAddress();
  }

  Duration silence() {
    return silence;
  }

  InputStream in() {
    return in;
  }

  OutputStream out() {
    return out;
  }

  /** Whether something can be read without waiting. */
  boolean hasInput() throws IOException {
    return in.available() > 0;
  }

  /** Reads a byte, which has to come. */
  int readByte() throws IOException {
    int read = in.read();
    if (read < 0) {
      throw new EOFException();
    }
    return read;
  }

  /** Reads so many bytes, which have to come. */
  byte[] readBytes(int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException();
    }
    return bytes;
  }

  /** Reads a line without its end. */
  String readLine() throws IOException {
    return readLine(in);
  }

  static String readLine(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    int next = in.read();
    if (next < 0) {
      throw new EOFException();
    }
    while (next >= 0 && next != '\n') {
      if (line.length() >= LONGEST_LINE) {
        throw new WireException("sends a line without end");
      }
      line.append((char) next);
      next = in.read();
    }
    int end = line.length();
    return end > 0 && line.charAt(end - 1) == '\r' ? line.substring(0, end - 1) : line.toString();
  }

  void write(String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    out.flush();
  }

  @Override
  public void close() {
    try {
      plain.close();
    } catch (IOException e) {
      // It was broken before: there is nothing left to close.
    }
  }

  /** Sets the time for each read. */
  private final class Timed extends InputStream {
    private final InputStream raw;

    Timed(InputStream raw) {
      this.raw = raw;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
      long left =
          deadlineNanos == Long.MAX_VALUE ? Long.MAX_VALUE : deadlineNanos - System.nanoTime();
      if (left <= 0) {
        throw new SocketTimeoutException("too slow");
      }
      socket.setSoTimeout((int) Math.max(1, Math.min(silence.toMillis(), left / 1_000_000)));
      return raw.read(bytes, from, count);
    }

    @Override
    public int available() throws IOException {
      return raw.available();
    }
  }
}
