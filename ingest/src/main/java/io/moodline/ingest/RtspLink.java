package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A camera that speaks RTSP (RFC 2326): this is its client, with login, TLS, redirects and
 * transport, and the server that FFmpeg in the child talks to. The camera's words end here; what
 * passes are RTP and RTCP packets of the one video, whose frame is checked.
 */
final class RtspLink implements SourceLink {
  private static final int MOST_REDIRECTS = 3;
  private static final int LONGEST_DESCRIPTION = 64 * 1024;
  private static final int LONGEST_BODY = 64 * 1024;
  private static final int LONGEST_GARBAGE = 64 * 1024;

  /** So much may come between the request to play and its answer. */
  private static final int MOST_EARLY_BYTES = 8 << 20;

  private static final Duration PLAYER_PATIENCE = Duration.ofSeconds(20);

  private final SourceUri uri;
  private final InetAddress address;
  private final AddressPolicy policy;
  private final Dialer dialer;
  private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
  private final Optional<Login> login;
  private final Clock wall;
  private volatile boolean closed;
  private volatile @Nullable Thread playing;
  private @Nullable Wire camera;
  private @Nullable Sdp media;
  private volatile @Nullable RtpPorts ports;
  private String requestUrl = "";
  private String playUrl = "";
  private String session = "";
  private long keepAliveNanos = Duration.ofSeconds(25).toNanos();
  private long spokenNanos;
  private int sequence;
  private int rtpChannel;
  private int rtcpChannel = 1;
  private boolean loggedIn;
  private volatile @Nullable RtpClock times;
  private volatile int firstRtpTime;
  private boolean counting;

  RtspLink(SourceUri uri, InetAddress address, AddressPolicy policy, Dialer dialer, Clock wall) {
    this.uri = uri;
    this.address = address;
    this.policy = policy;
    this.dialer = dialer;
    this.login = Login.of(uri);
    this.wall = wall;
  }

  @Override
  public Ready open() throws IOException, SourceException {
    SourceUri at = uri;
    InetAddress there = address;
    WireHead answer = describe(at, there);
    for (int hops = 0; isRedirect(answer); hops++) {
      if (hops == MOST_REDIRECTS) {
        throw new SourceException("sends its readers elsewhere again and again", true);
      }
      at = Redirects.target(at, answer.header("location"));
      there = policy.follow(there, at);
      closeCamera();
      answer = describe(at, there);
    }
    describe(answer);
    setUp();
    return new Ready(
        "rtsp",
        "rtsp",
        Map.of("rtsp_transport", "tcp", "reorder_queue_size", ports == null ? "0" : "64"),
        false);
  }

  private WireHead describe(SourceUri at, InetAddress there) throws IOException, SourceException {
    camera = dialer.dial(at, there, this::own);
    loggedIn = at.host().equals(uri.host()); // another host is not told the password
    requestUrl =
        (at.scheme().isSecure() ? "rtsps://" : "rtsp://") + at.host() + ":" + at.port() + at.path();
    return ask("DESCRIBE", requestUrl, "Accept: application/sdp\r\n");
  }

  private static boolean isRedirect(WireHead answer) throws IOException {
    int status = answer.status("RTSP");
    return status >= 300 && status < 400 && status != 304;
  }

  private void describe(WireHead answer) throws IOException, SourceException {
    check(answer, "DESCRIBE");
    long length = answer.contentLength().orElse(0L);
    if (length > LONGEST_DESCRIPTION) {
      throw new SourceException(
          "describes itself in " + length + " bytes: that is no camera", true);
    }
    String text = new String(wire().readBytes((int) length), StandardCharsets.ISO_8859_1);
    Sdp video = Sdp.parse(text);
    media = video;
    times = new RtpClock(video.ticksPerSecond(), wall);
    if (video.codec().equals("H264")) {
      check(H264Size.ofParameters(video.parameters()));
    }
    String base =
        answer
            .header("content-base")
            .or(() -> answer.header("content-location"))
            .orElse(requestUrl);
    requestUrl = base.startsWith("rtsp") ? base.replaceFirst("//[^/@]*@", "//") : requestUrl;
  }

  private void setUp() throws IOException, SourceException {
    Sdp video = require(media);
    String transport = "RTP/AVP/TCP;unicast;interleaved=0-1";
    if (uri.option("transport").orElse("tcp").equals("udp")) {
      RtpPorts bound = RtpPorts.bind(wire());
      ports = bound;
      own(bound);
      transport = "RTP/AVP;unicast;client_port=" + bound.rtp() + "-" + bound.rtcp();
    }
    WireHead answer = ask("SETUP", video.mediaUrl(requestUrl), "Transport: " + transport + "\r\n");
    skipBody(answer);
    if (answer.status("RTSP") == 461) {
      throw new SourceException(
          ports == null
              ? "sends no video over TCP: write ?transport=udp behind its address"
              : "sends no video over UDP: leave ?transport=udp away",
          true);
    }
    check(answer, "SETUP");
    agreed(answer.header("transport").orElse(""));
    session(answer.header("session").orElse(""));
    playUrl = video.sessionUrl(requestUrl);
  }

  private void agreed(String transport) throws IOException {
    RtpPorts bound = ports;
    if (bound != null) {
      bound.agreed(transport);
      return;
    }
    var channels =
        java.util.regex.Pattern.compile("interleaved=([0-9]{1,3})-([0-9]{1,3})").matcher(transport);
    if (channels.find()) {
      rtpChannel = Integer.parseInt(channels.group(1));
      rtcpChannel = Integer.parseInt(channels.group(2));
    }
  }

  private void session(String header) {
    String[] parts = header.split(";", 2);
    session = parts[0].strip();
    if (parts.length > 1 && parts[1].strip().matches("timeout=[0-9]{1,6}")) {
      long seconds = Long.parseLong(parts[1].strip().substring("timeout=".length()));
      keepAliveNanos = Duration.ofSeconds(Math.max(2, Math.min(60, seconds) / 2)).toNanos();
    }
  }

  /** Sends a request and reads the head of its answer, with the login that is asked for. */
  private WireHead ask(String method, String url, String headers)
      throws IOException, SourceException {
    WireHead answer = exchange(method, url, headers);
    while (answer.status("RTSP") == 401) {
      if (!loggedIn || login.isEmpty()) {
        throw SourceException.login(uri.credentials().isPresent());
      }
      if (!login.get().challenged(answer.all("www-authenticate"))) {
        throw SourceException.login(true);
      }
      skipBody(answer);
      answer = exchange(method, url, headers);
    }
    return answer;
  }

  private WireHead exchange(String method, String url, String headers) throws IOException {
    send(method, url, headers);
    int early = 0;
    while (true) {
      int next = wire().readByte();
      if (next == '$') {
        early += skipPacket();
        if (playUrl.isEmpty() || early > MOST_EARLY_BYTES) {
          throw new WireException("sends packets before it was asked to");
        }
      } else if (next != '\r' && next != '\n') {
        String line = (char) next + wire().readLine();
        if (!line.startsWith("RTSP/")) {
          throw new WireException("does not speak RTSP");
        }
        return WireHead.read(wire(), line);
      }
    }
  }

  /** Some cameras send before they answer that they will; returns the packet's length. */
  private int skipPacket() throws IOException {
    wire().readByte();
    int length = wire().readByte() << 8 | wire().readByte();
    wire().readBytes(length);
    return length + 4;
  }

  private void send(String method, String url, String headers) throws IOException {
    String authorization =
        loggedIn
            ? login
                .flatMap(known -> known.authorization(method, url))
                .map(v -> "Authorization: " + v + "\r\n")
                .orElse("")
            : "";
    spokenNanos = System.nanoTime();
    wire()
        .write(
            method
                + " "
                + url
                + " RTSP/1.0\r\nCSeq: "
                + ++sequence
                + "\r\nUser-Agent: Moodline\r\n"
                + authorization
                + (session.isEmpty() ? "" : "Session: " + session + "\r\n")
                + headers
                + "\r\n");
  }

  private static void check(WireHead answer, String method) throws IOException, SourceException {
    int status = answer.status("RTSP");
    if (status == 404 || status == 454) {
      throw new SourceException("has no stream under this path", true);
    }
    if (status == 403) {
      throw SourceException.login(true);
    }
    if (status != 200) {
      throw new SourceException("answers " + method + " with status " + status, true);
    }
  }

  private void skipBody(WireHead answer) throws IOException {
    long length = answer.contentLength().orElse(0L);
    if (length > LONGEST_BODY) {
      throw new WireException("answers with a body of " + length + " bytes");
    }
    wire().readBytes((int) length);
  }

  @Override
  public boolean serve(Socket player, String path, SourceBytes bytes)
      throws IOException, SourceException {
    RtspPlayer child = new RtspPlayer(new Wire(player, PLAYER_PATIENCE), path);
    if (!child.agree(require(media).plain())) {
      return false;
    }
    wire().within(dialer.patience().open());
    WireHead answer = ask("PLAY", playUrl, "Range: npt=0.000-\r\n");
    skipBody(answer);
    check(answer, "PLAY");
    child.play();
    wire().atLeisure();
    OutputStream out = new BufferedOutputStream(new PlayerOutput(player, bytes), 1 << 14);
    playing = Thread.currentThread();
    try {
      pump(child, out); // what is not flushed when it fails is of no use
    } finally {
      playing = null;
      if (ports != null && closed) {
        send("TEARDOWN", playUrl, ""); // a camera that sends to UDP ports would go on for long
      }
    }
    return true;
  }

  private void pump(RtspPlayer child, OutputStream out) throws IOException, SourceException {
    RtpPorts bound = ports;
    while (!closed && child.listen(this::report)) {
      if (bound == null) {
        interleaved(child, out);
        if (!wire().hasInput()) {
          out.flush();
        }
      } else {
        if (!bound.receive((rtcp, packet) -> packet(child, out, rtcp, packet))) {
          return;
        }
        out.flush();
        while (wire().hasInput()) {
          wire().within(dialer.patience().open());
          message(wire().readLine());
        }
      }
      keepAlive();
    }
  }

  /** Reads one packet or message of the camera's connection. */
  private void interleaved(RtspPlayer child, OutputStream out) throws IOException, SourceException {
    int garbage = 0;
    int next = wire().readByte();
    while (true) {
      if (next == '$') {
        int channel = wire().readByte();
        int length = wire().readByte() << 8 | wire().readByte();
        byte[] packet = wire().readBytes(length);
        if (channel == rtpChannel || channel == rtcpChannel) {
          packet(child, out, channel == rtcpChannel, packet);
        }
        return;
      }
      if (next == 'R' && garbage == 0) {
        message("R" + wire().readLine());
        return;
      }
      if (++garbage > LONGEST_GARBAGE) {
        throw new SourceException("sends data that is no RTSP", true);
      }
      next = wire().readByte();
    }
  }

  private static void check(Optional<H264Size> size) throws SourceException {
    if (size.isPresent() && size.get().isTooLarge()) {
      throw SourceException.tooLarge(size.get().width(), size.get().height());
    }
  }

  private void packet(RtspPlayer child, OutputStream out, boolean rtcp, byte[] packet)
      throws IOException, SourceException {
    boolean whole = packet.length >= (rtcp ? 8 : 13) && (packet[0] & 0xC0) == 0x80;
    if (whole && (rtcp || (packet[1] & 0x7F) == require(media).payloadType())) {
      if (!rtcp && require(media).codec().equals("H264")) {
        check(H264Size.ofPayload(payload(packet)));
      }
      time(rtcp, packet);
      child.packet(out, rtcp, packet);
    }
  }

  /**
   * Notes what a packet tells of time; FFmpeg is given RTP times that begin where it counts from.
   */
  private void time(boolean rtcp, byte[] packet) {
    RtpClock clock = require(times);
    if (rtcp) {
      SenderReport.parse(packet).ifPresent(clock::report);
      return;
    }
    ByteBuffer head = ByteBuffer.wrap(packet);
    int rtpTime = head.getInt(4);
    if (!counting) {
      firstRtpTime = rtpTime;
      counting = true;
    }
    clock.packet(head.getInt(8), rtpTime);
    head.putInt(4, rtpTime - firstRtpTime + RtspPlayer.ZERO);
  }

  @Override
  public @Nullable ClockReading captured(long stamp) {
    RtpClock clock = times;
    return clock == null ? null : clock.read(firstRtpTime + (int) stamp);
  }

  /** What follows the header of an RTP packet (RFC 3550, 5.1), as far as a parameter set goes. */
  private static byte[] payload(byte[] packet) {
    int at = 12 + 4 * (packet[0] & 0x0F);
    if ((packet[0] & 0x10) != 0 && at + 4 <= packet.length) {
      at += 4 + 4 * ((packet[at + 2] & 0xFF) << 8 | packet[at + 3] & 0xFF);
    }
    int type = at < packet.length ? packet[at] & 0x1F : 0;
    boolean mayHoldOne = type == 7 || type == 24;
    return mayHoldOne ? Arrays.copyOfRange(packet, at, packet.length) : new byte[0];
  }

  /** What a camera says in between: an answer to a sign of life, or that the session is over. */
  private void message(String line) throws IOException, SourceException {
    if (line.isEmpty()) {
      return;
    }
    wire().within(dialer.patience().open());
    WireHead head = WireHead.read(wire(), line);
    skipBody(head);
    wire().atLeisure();
    if (line.startsWith("RTSP/") && head.status("RTSP") == 401 && loggedIn) {
      renewLogin(head);
    }
    if (line.startsWith("REDIRECT") || line.startsWith("TEARDOWN")) {
      throw new SourceException("ended the session", true);
    }
  }

  /**
   * A sign of life that was not taken counts for nothing: it is given again by the new question.
   */
  private void renewLogin(WireHead answer) throws IOException {
    if (login.isPresent() && login.get().challenged(answer.all("www-authenticate"))) {
      send("OPTIONS", playUrl, "");
    }
  }

  /** Passes a receiver's report of FFmpeg's on to the camera: some end a session without any. */
  private void report(byte[] rtcp) throws IOException {
    RtpPorts bound = ports;
    if (bound != null) {
      bound.report(rtcp);
      return;
    }
    OutputStream out = wire().out();
    out.write(new byte[] {'$', (byte) rtcpChannel, (byte) (rtcp.length >> 8), (byte) rtcp.length});
    out.write(rtcp);
    out.flush();
  }

  private void keepAlive() throws IOException {
    if (System.nanoTime() - spokenNanos > keepAliveNanos) {
      send("OPTIONS", playUrl, "");
    }
  }

  private Wire wire() {
    return require(camera);
  }

  private static <T> T require(@Nullable T part) {
    if (part == null) {
      throw new IllegalStateException("the link is not open");
    }
    return part;
  }

  private void own(Closeable part) {
    open.add(part);
    if (closed) {
      close();
    }
  }

  private void closeCamera() {
    wire().close();
  }

  @Override
  public void close() {
    closed = true;
    RtpPorts bound = ports;
    if (bound != null && playing != null && playing != Thread.currentThread()) {
      bound.close(); // the link's thread says good-bye and closes the rest
      return;
    }
    for (Closeable part : open) {
      try {
        part.close();
      } catch (IOException e) {
        // It was broken before: there is nothing left to close.
      }
    }
  }
}
