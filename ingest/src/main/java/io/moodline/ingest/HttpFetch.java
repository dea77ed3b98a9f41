package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Gets what an HTTP address holds (RFC 9110, 9112): one connection a request, redirects followed
 * only where the policy lets them lead, the password told to the source's own host alone. Confined
 * to one thread.
 */
final class HttpFetch {
  private static final int MOST_REDIRECTS = 5;

  private final SourceUri source;
  private final AddressPolicy policy;
  private final Dialer dialer;
  private final Consumer<Socket> owner;
  private final Optional<Login> login;

  /**
   * A fetcher.
   *
   * @param source whose credentials are used
   * @param owner told of each socket before it connects
   */
  HttpFetch(SourceUri source, AddressPolicy policy, Dialer dialer, Consumer<Socket> owner) {
    this.source = source;
    this.policy = policy;
    this.dialer = dialer;
    this.owner = owner;
    this.login = Login.of(source);
  }

  /**
   * An answer with a body.
   *
   * @param uri where it came from in the end
   * @param address of that host
   * @param sized whether its length is known
   */
  record Answer(SourceUri uri, InetAddress address, Wire wire, InputStream body, boolean sized)
      implements Closeable {
    @Override
    public void close() {
      wire.close();
    }
  }

  /**
   * Gets an address.
   *
   * @param headers further lines of the request's head
   */
  Answer get(SourceUri uri, InetAddress address, String headers)
      throws IOException, SourceException {
    SourceUri at = uri;
    InetAddress there = address;
    for (int hops = 0; hops <= MOST_REDIRECTS; hops++) {
      Wire wire = dialer.dial(at, there, owner);
      try {
        WireHead head = ask(wire, at, headers);
        int status = head.status("HTTP");
        if (status == 401 && answers(at, head)) {
          wire.close();
          wire = dialer.dial(at, there, owner);
          head = ask(wire, at, headers);
          status = head.status("HTTP");
        }
        if (status == 200 || status == 206) {
          Optional<Long> length = head.contentLength();
          return new Answer(at, there, wire, body(wire, head, length), length.isPresent());
        }
        if (status < 300 || status >= 400 || status == 304) {
          throw refusal(status);
        }
        SourceUri next = Redirects.target(at, head.header("location"));
        there = policy.follow(there, next);
        at = next;
        wire.close();
      } catch (IOException | SourceException | RuntimeException e) {
        wire.close();
        throw e;
      }
    }
    throw new SourceException("sends its readers elsewhere again and again", true);
  }

  private boolean isOwn(SourceUri at) {
    return at.host().equals(source.host());
  }

  private boolean answers(SourceUri at, WireHead head) {
    return isOwn(at)
        && login.map(known -> known.challenged(head.all("www-authenticate"))).orElse(false);
  }

  private SourceException refusal(int status) {
    if (status == 401 || status == 403) {
      return SourceException.login(source.credentials().isPresent());
    }
    if (status == 404 || status == 410) {
      return new SourceException("has no stream under this path", true);
    }
    return new SourceException("answers with status " + status, true);
  }

  private WireHead ask(Wire wire, SourceUri at, String headers) throws IOException {
    String host = at.host();
    boolean usual = at.port() == (at.scheme().isSecure() ? 443 : 80);
    wire.write(
        "GET "
            + at.path()
            + " HTTP/1.1\r\nHost: "
            + host
            + (usual ? "" : ":" + at.port())
            + "\r\nUser-Agent: Moodline\r\nAccept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n"
            + headers
            + (isOwn(at)
                ? login
                    .flatMap(known -> known.authorization("GET", at.path()))
                    .map(value -> "Authorization: " + value + "\r\n")
                    .orElse("")
                : "")
            + "\r\n");
    WireHead head = WireHead.read(wire);
    while (head.status("HTTP") / 100 == 1) {
      head = WireHead.read(wire);
    }
    return head;
  }

  private static InputStream body(Wire wire, WireHead head, Optional<Long> length)
      throws IOException {
    String coding = head.header("transfer-encoding").orElse("identity");
    if (coding.equalsIgnoreCase("chunked")) {
      return new Chunks(wire.in());
    }
    if (!coding.equalsIgnoreCase("identity")) {
      throw new WireException("sends its video in the coding " + coding.replaceAll("[^a-z-]", "?"));
    }
    return length.isPresent() ? new Sized(wire.in(), length.get()) : wire.in();
  }

  /** A body of a known length; less than that is an error. */
  private static final class Sized extends InputStream {
    private final InputStream in;
    private long left;

    Sized(InputStream in, long left) {
      this.in = in;
      this.left = left;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
      if (left == 0) {
        return -1;
      }
      int read = in.read(bytes, from, (int) Math.min(left, count));
      if (read < 0) {
        throw new EOFException();
      }
      left -= read;
      return read;
    }
  }

  /** A body in chunks (RFC 9112, section 7.1). */
  private static final class Chunks extends InputStream {
    private final InputStream in;
    private long left;
    private boolean first = true;
    private boolean last;

    Chunks(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int from, int count) throws IOException {
      if (left == 0 && !last) {
        nextChunk();
      }
      if (last) {
        return -1;
      }
      int read = in.read(bytes, from, (int) Math.min(left, count));
      if (read < 0) {
        throw new EOFException();
      }
      left -= read;
      return read;
    }

    private void nextChunk() throws IOException {
      if (!first) {
        Wire.readLine(in);
      }
      first = false;
      String size = Wire.readLine(in).replaceFirst("[;\\s].*", "");
      if (!size.matches("[0-9A-Fa-f]{1,8}")) {
        throw new WireException("sends chunks that can not be read");
      }
      left = Long.parseLong(size, 16);
      last = left == 0;
    }
  }
}
