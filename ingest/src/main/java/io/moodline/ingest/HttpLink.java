package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import io.moodline.schemas.VideoContainer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A source that speaks HTTP: a video that is read as it comes, a motion JPEG, or an HLS playlist.
 * Which one it is, its first bytes say; what the server calls it counts for nothing. Playlists and
 * multipart bodies are read here, so FFmpeg sees nothing but one container.
 */
final class HttpLink implements SourceLink {
  private static final Set<VideoContainer> STREAMED =
      EnumSet.of(
          VideoContainer.MP4,
          VideoContainer.MATROSKA,
          VideoContainer.MPEG_TS,
          VideoContainer.MPEG_PS,
          VideoContainer.FLV,
          VideoContainer.OGG);
  private static final Duration PLAYER_PATIENCE = Duration.ofSeconds(20);

  /** What is passed on once it is known what the source is. */
  private interface Body {
    void pass(OutputStream player) throws IOException, SourceException;
  }

  private final SourceUri uri;
  private final InetAddress address;
  private final HttpFetch fetch;
  private final AddressPolicy policy;
  private final Dialer.Patience patience;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closed = new CountDownLatch(1);
  private @Nullable Body body;

  HttpLink(SourceUri uri, InetAddress address, AddressPolicy policy, Dialer dialer) {
    this.uri = uri;
    this.address = address;
    this.policy = policy;
    this.patience = dialer.patience();
    this.fetch = new HttpFetch(uri, policy, dialer, this::own);
  }

  @Override
  public Ready open() throws IOException, SourceException {
    HttpFetch.Answer answer = fetch.get(uri, address, "");
    InputStream in = new BufferedInputStream(answer.body(), 1 << 16);
    byte[] head = peek(in);
    if (HlsPlaylist.isOne(head)) {
      HlsReader reader = new HlsReader(fetch, policy, patience, closed);
      VideoContainer container = reader.open(answer, in);
      body = reader::pass;
      return new Ready("http", container.demuxer(), Map.of(), true);
    }
    if (JpegParts.isOne(head)) {
      answer.wire().atLeisure();
      body = player -> JpegParts.pass(in, player);
      return new Ready("http", "mpjpeg", Map.of("use_wallclock_as_timestamps", "1"), false);
    }
    VideoContainer container = container(head);
    answer.wire().atLeisure();
    body = in::transferTo;
    return new Ready("http", container.demuxer(), Map.of(), answer.sized());
  }

  static byte[] peek(InputStream in) throws IOException {
    in.mark(VideoContainer.HEAD_BYTES + 1);
    byte[] head = in.readNBytes(VideoContainer.HEAD_BYTES);
    in.reset();
    return head;
  }

  /**
   * The container of a video that starts with such bytes.
   *
   * @throws SourceException saying what it is instead
   */
  static VideoContainer container(byte[] head) throws SourceException {
    Optional<VideoContainer> known = VideoContainer.sniff(head).filter(STREAMED::contains);
    if (known.isPresent()) {
      return known.get();
    }
    String text = new String(head, StandardCharsets.ISO_8859_1).stripLeading();
    if (head.length == 0) {
      throw new SourceException("answers with nothing", true);
    }
    if (JpegParts.isJpeg(head)) {
      throw new SourceException("is a single picture, not a video", true);
    }
    throw new SourceException(
        text.startsWith("<")
            ? "is a web page, not a video"
            : "is not a video that Moodline can read",
        true);
  }

  @Override
  public boolean serve(Socket player, String path, SourceBytes bytes)
      throws IOException, SourceException {
    if (!isAskedFor(new Wire(player, PLAYER_PATIENCE), path)) {
      return false;
    }
    Body opened = body;
    if (opened == null) {
      throw new IllegalStateException("the link is not open");
    }
    OutputStream out = new PlayerOutput(player, bytes);
    out.write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n"
            .getBytes(StandardCharsets.US_ASCII));
    opened.pass(out);
    return true;
  }

  private static boolean isAskedFor(Wire wire, String path) {
    wire.within(wire.silence());
    try {
      return WireHead.read(wire).start().startsWith("GET " + path + " ");
    } catch (IOException e) {
      return false;
    }
  }

  private void own(Socket socket) {
    sockets.removeIf(Socket::isClosed);
    sockets.add(socket);
    if (closed.getCount() == 0) {
      close();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    for (Socket socket : sockets) {
      try {
        socket.close();
      } catch (IOException e) {
        // It was broken before: there is nothing left to close.
      }
    }
  }
}
