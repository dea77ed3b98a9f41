package io.moodline.ingest;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ServerSocketFactory;
import javax.net.ssl.SSLContext;

/**
 * A camera for tests, on loopback: RTSP over TCP and UDP, HTTP, motion JPEG and HLS on one port,
 * and one {@link Fault} for each path {@code /FAULT/...} until it is healed. A thread a connection.
 */
final class TestCamera implements AutoCloseable {
  private static final int PACKET = 1200;
  private static final int CLOCK_STEP = 90_000 / TestMedia.RATE;
  private static final int SOURCE = 0x12345678;

  /** An empty part of names (RFC 3550, 6.5), as it follows each report. */
  private static final byte[] NAMES = {(byte) 0x81, (byte) 202, 0, 1, 0x12, 0x34, 0x56, 0x78};

  private final TestMedia media;
  private final TestMedia other;
  private final ServerSocket listening;
  private final String scheme;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Set<Fault> healed = EnumSet.of(Fault.NONE);
  private final CountDownLatch closed = new CountDownLatch(1);
  private final byte[] huge;
  volatile String user = "viewer";
  volatile String password = "s3cret!";
  volatile String algorithm = "MD5";
  volatile boolean locked;

  /** Whether it sends its first pictures before it answers that it will. */
  volatile boolean hasty;

  /** When picture 0 was taken, as sender reports have it; null sends none. */
  volatile Instant reportedStart;

  private TestCamera(TestMedia media, TestMedia other, ServerSocket listening, String scheme)
      throws IOException {
    this.media = media;
    this.other = other;
    this.listening = listening;
    this.scheme = scheme;
    byte[] jpeg = media.jpegs.get(0).clone();
    for (int i = 2; i + 9 < jpeg.length; i++) {
      if ((jpeg[i] & 0xFF) == 0xFF && (jpeg[i + 1] & 0xFF) == 0xC0) {
        ByteBuffer.wrap(jpeg).putShort(i + 5, (short) 10_000).putShort(i + 7, (short) 10_000);
        break;
      }
    }
    huge = jpeg;
    Thread accept = new Thread(this::accept, "test-camera");
    accept.setDaemon(true);
    accept.start();
  }

  static TestCamera start(TestMedia media, TestMedia other) throws IOException {
    ServerSocket socket = ServerSocketFactory.getDefault().createServerSocket();
    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
    return new TestCamera(media, other, socket, "");
  }

  static TestCamera startSecure(TestMedia media, SSLContext identity) throws IOException {
    ServerSocket socket = identity.getServerSocketFactory().createServerSocket();
    socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
    return new TestCamera(media, media, socket, "s");
  }

  int port() {
    return listening.getLocalPort();
  }

  /** Address of a path. */
  String rtsp(String path) {
    return "rtsp" + scheme + "://127.0.0.1:" + port() + path;
  }

  String http(String path) {
    return "http" + scheme + "://127.0.0.1:" + port() + path;
  }

  /** Address of a fault. */
  String url(Fault fault) {
    boolean playlist = fault.name().startsWith("PLAYLIST");
    String path =
        "/" + fault + (playlist ? "/index.m3u8" : fault.isHttp() ? "/live.mjpg" : "/live");
    return fault.isHttp() ? http(path) : rtsp(path);
  }

  /** The fault is over; the next connection finds a camera that works. */
  void heal(Fault fault) {
    synchronized (healed) {
      healed.add(fault);
    }
  }

  /** The fault is there again. */
  void breakAgain(Fault fault) {
    synchronized (healed) {
      healed.remove(fault);
    }
  }

  private boolean has(Fault fault, String path) {
    synchronized (healed) {
      return path.contains("/" + fault + "/") && !healed.contains(fault);
    }
  }

  private void accept() {
    while (closed.getCount() > 0) {
      try {
        Socket socket = listening.accept();
        open.add(socket);
        Thread thread = new Thread(() -> serve(socket), "test-camera-connection");
        thread.setDaemon(true);
        thread.start();
      } catch (IOException e) {
        // closed, or a client that went away at once
      }
    }
  }

  private void serve(Socket socket) {
    try (socket) {
      new Conversation(socket).run();
    } catch (IOException e) {
      // the client went away
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      open.remove(socket);
    }
  }

  /** In how many packets a picture is sent. */
  static int packets(List<byte[]> units) {
    return units.stream()
        .mapToInt(unit -> unit.length <= PACKET ? 1 : (unit.length - 2) / PACKET + 1)
        .sum();
  }

  /** Number of connections that are open. */
  int connections() {
    return open.size();
  }

  /** Breaks all connections. */
  void unplug() throws IOException {
    for (Socket socket : open) {
      socket.close();
    }
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    listening.close();
    unplug();
  }

  /** One connection. */
  private final class Conversation {
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final Random random = new Random(5);
    private int sequence;
    private int udpPort;

    Conversation(Socket socket) throws IOException {
      this.socket = socket;
      this.in = new BufferedInputStream(socket.getInputStream());
      this.out = new BufferedOutputStream(socket.getOutputStream());
    }

    void run() throws IOException, InterruptedException {
      while (true) {
        String start = line();
        if (start == null) {
          return;
        }
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String line = line(); line != null && !line.isEmpty(); line = line()) {
          headers.put(line.replaceFirst(":.*", ""), line.replaceFirst("[^:]*:\\s*", ""));
        }
        String[] words = start.split(" ");
        boolean goesOn =
            words[2].startsWith("HTTP")
                ? get(words[1], headers)
                : answer(words[0], words[1], headers);
        out.flush();
        if (!goesOn) {
          return;
        }
      }
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      int next = in.read();
      while (next == '$') { // a receiver's report
        in.read();
        in.readNBytes(in.read() << 8 | in.read());
        next = in.read();
      }
      if (next < 0) {
        return null;
      }
      while (next >= 0 && next != '\n') {
        line.append((char) next);
        next = in.read();
      }
      return line.toString().strip();
    }

    private void write(String text) throws IOException {
      out.write(text.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
    }

    /** Takes what comes and answers nothing, until the client goes away. */
    private void forever() throws IOException {
      in.transferTo(OutputStream.nullOutputStream());
      throw new EOFException();
    }

    private boolean answer(String method, String url, Map<String, String> headers)
        throws IOException, InterruptedException {
      String head = "\r\nCSeq: " + headers.get("CSeq") + "\r\n";
      if (has(Fault.BLACK_HOLE, url)) {
        forever();
      } else if (has(Fault.RESET_IN_HANDSHAKE, url)) {
        socket.setSoLinger(true, 0);
        return false;
      } else if (has(Fault.HANG_UP_IN_HANDSHAKE, url)) {
        write("RTSP/1.0 200 O");
        return false;
      } else if (has(Fault.SLOW_DRIP, url)) {
        while (!closed.await(100, TimeUnit.MILLISECONDS)) {
          write("R");
        }
      } else if (has(Fault.LINE_WITHOUT_END, url)) {
        while (true) {
          write("RTSP/1.0 200 " + "x".repeat(4000));
        }
      } else if (has(Fault.NOT_RTSP, url)) {
        write("HTTP/1.1 400 Bad Request\r\n\r\n<html>");
        return false;
      } else if (has(Fault.REDIRECT_LOOP, url)) {
        write("RTSP/1.0 302 Found" + head + "Location: " + url + "\r\n\r\n");
        return true;
      } else if (has(Fault.REDIRECT_INNER, url)) {
        write("RTSP/1.0 301 Moved" + head + "Location: rtsp://169.254.169.254/latest\r\n\r\n");
        return true;
      } else if (has(Fault.REDIRECT_FILE, url)) {
        write("RTSP/1.0 302 Found" + head + "Location: file:///etc/passwd\r\n\r\n");
        return true;
      } else if (has(Fault.NO_SUCH_PATH, url)) {
        write("RTSP/1.0 404 Not Found" + head + "\r\n");
        return true;
      } else if (has(Fault.SERVER_ERROR, url)) {
        write("RTSP/1.0 500 Internal Server Error" + head + "\r\n");
        return true;
      } else if (has(Fault.LOCKED_OUT, url)
          || (locked || has(Fault.PASSWORD_CHANGED, url))
              && !mayEnter(method, headers, has(Fault.PASSWORD_CHANGED, url))) {
        write("RTSP/1.0 401 Unauthorized" + head + challenge() + "\r\n");
        return true;
      }
      switch (method) {
        case "DESCRIBE" -> describe(url, head);
        case "SETUP" -> {
          Matcher ports =
              Pattern.compile("client_port=([0-9]+)-").matcher(headers.get("Transport"));
          boolean udp = ports.find();
          udpPort = udp ? Integer.parseInt(ports.group(1)) : 0;
          write(
              "RTSP/1.0 200 OK"
                  + head
                  + "Session: 12345;timeout=60\r\nTransport: "
                  + (udp
                      ? "RTP/AVP;unicast;client_port="
                          + udpPort
                          + "-"
                          + (udpPort + 1)
                          + ";server_port=9000-9001"
                      : "RTP/AVP/TCP;unicast;interleaved=0-1")
                  + "\r\n\r\n");
        }
        case "PLAY" -> {
          for (int i = 0; hasty && i < 3; i++) {
            picture(url, media.pictures.get(i), 1_000_000 + (i - 3) * CLOCK_STEP);
          }
          write("RTSP/1.0 200 OK" + head + "Session: 12345\r\n\r\n");
          play(url);
          return false;
        }
        default -> write("RTSP/1.0 200 OK" + head + "\r\n");
      }
      return true;
    }

    private String challenge() {
      return "WWW-Authenticate: Basic realm=\"other\"\r\nWWW-Authenticate: Digest realm=\"cam era\", nonce=\"abc\","
          + (algorithm.equals("MD5") ? "" : " qop=\"auth\", algorithm=" + algorithm + ",")
          + " opaque=\"op\"\r\n";
    }

    /** Checks a digest by the book. */
    private boolean mayEnter(String method, Map<String, String> headers, boolean changed) {
      String given = headers.getOrDefault("Authorization", "");
      String uri = parameter(given, "uri");
      String secret = hash(user + ":cam era:" + (changed ? "another" : password));
      String request = hash(method + ":" + uri);
      String middle =
          given.contains("qop=")
              ? ":abc:" + parameter(given, "nc") + ":" + parameter(given, "cnonce") + ":auth:"
              : ":abc:";
      return given.startsWith("Digest ")
          && parameter(given, "response").equals(hash(secret + middle + request));
    }

    private String parameter(String header, String name) {
      Matcher matcher = Pattern.compile("\\b" + name + "=\"?([^\",]*)").matcher(header);
      return matcher.find() ? matcher.group(1) : "";
    }

    private String hash(String text) {
      try {
        MessageDigest digest = MessageDigest.getInstance(algorithm);
        return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
      } catch (java.security.NoSuchAlgorithmException e) {
        throw new AssertionError(e);
      }
    }

    private void describe(String url, String head) throws IOException {
      if (has(Fault.ENDLESS_DESCRIPTION, url)) {
        write("RTSP/1.0 200 OK" + head + "Content-Length: 1000000000\r\n\r\nv=0\r\n");
        return;
      }
      String video =
          has(Fault.AUDIO_ONLY, url)
              ? "m=audio 0 RTP/AVP 0\r\na=control:trackID=0\r\n"
              : has(Fault.UNKNOWN_CODEC, url)
                  ? "m=video 0 RTP/AVP 96\r\na=rtpmap:96 X-MADE-UP/90000\r\na=control:trackID=0\r\n"
                  : video(has(Fault.HUGE_PICTURES, url));
      String sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\na=control:*\r\n" + video;
      write(
          "RTSP/1.0 200 OK"
              + head
              + "Content-Type: application/sdp\r\nContent-Base: "
              + url
              + "/\r\nContent-Length: "
              + sdp.length()
              + "\r\n\r\n"
              + sdp);
    }

    private String video(boolean tooLarge) {
      List<byte[]> first = media.pictures.get(0);
      Base64.Encoder encoder = Base64.getEncoder();
      return "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets="
          + encoder.encodeToString(tooLarge ? TestMedia.hugeParameters() : first.get(0))
          + ","
          + encoder.encodeToString(first.get(1))
          + "\r\na=control:trackID=0\r\n";
    }

    private void play(String url) throws IOException, InterruptedException {
      long clock = has(Fault.TIME_WRAP, url) ? 0xFFFFFFFFL - 3L * 90_000 : 1_000_000;
      for (int number = 0; !closed.await(1000 / TestMedia.RATE, TimeUnit.MILLISECONDS); number++) {
        boolean late = number >= 30;
        if (udpPort > 0 && in.available() > 0 && String.valueOf(line()).startsWith("TEARDOWN")) {
          return;
        }
        if (number == 20 && has(Fault.HALF_OPEN, url)) {
          forever();
        }
        if (number == 20 && has(Fault.END_AND_RETURN, url)) {
          return;
        }
        if (number == 20 && has(Fault.REDIRECT_IN_SESSION, url)) {
          write("REDIRECT " + url + " RTSP/1.0\r\nCSeq: 1\r\nLocation: rtsp://10.0.0.1/\r\n\r\n");
        }
        long shift =
            late && has(Fault.TIME_BACK, url)
                ? -900_000
                : late && has(Fault.TIME_FORWARD, url) ? 90_000_000L : 0;
        boolean resized = late && has(Fault.SIZE_CHANGE, url);
        TestMedia source = resized ? other : media;
        int index = (number - (resized ? 30 : 0)) % source.pictures.size();
        report(number, (int) (clock + (long) number * CLOCK_STEP));
        picture(
            url, source.pictures.get(index), (int) (clock + shift + (long) number * CLOCK_STEP));
        out.flush();
      }
    }

    /** Says each second what time it is; such packets hold more than that. */
    private void report(int number, int time) throws IOException {
      Instant start = reportedStart;
      if (start == null || number % TestMedia.RATE != 0) {
        return;
      }
      Instant now = start.plusMillis(number * 1000L / TestMedia.RATE);
      byte[] report = SenderReportTest.bytes(SOURCE, now, time);
      byte[] packet = ByteBuffer.allocate(36).put(report).put(NAMES).array();
      if (udpPort > 0) {
        send(packet, udpPort + 1);
        return;
      }
      out.write(new byte[] {'$', 1, 0, (byte) packet.length});
      out.write(packet);
    }

    private void send(byte[] packet, int port) throws IOException {
      try (DatagramSocket sender = new DatagramSocket()) {
        sender.send(
            new DatagramPacket(packet, packet.length, InetAddress.getLoopbackAddress(), port));
      }
    }

    private void picture(String url, List<byte[]> units, int time) throws IOException {
      for (int i = 0; i < units.size(); i++) {
        byte[] unit = units.get(i).clone();
        if (has(Fault.HUGE_PICTURES, url) && (unit[0] & 0x1F) == 7) {
          unit = TestMedia.hugeParameters();
        }
        if (has(Fault.GARBAGE_UNITS, url)) {
          random.nextBytes(unit);
          unit[0] &= 0x7F;
        }
        unit(url, unit, time, i == units.size() - 1);
      }
    }

    private void unit(String url, byte[] unit, int time, boolean last) throws IOException {
      if (unit.length <= PACKET) {
        packet(url, unit, time, last);
        return;
      }
      for (int from = 1; from < unit.length; from += PACKET) {
        int to = Math.min(unit.length, from + PACKET);
        byte[] part = new byte[to - from + 2];
        part[0] = (byte) (unit[0] & 0x60 | 28);
        part[1] = (byte) (unit[0] & 0x1F | (from == 1 ? 0x80 : 0) | (to == unit.length ? 0x40 : 0));
        System.arraycopy(unit, from, part, 2, to - from);
        packet(url, part, time, last && to == unit.length);
      }
    }

    private void packet(String url, byte[] payload, int time, boolean marked) throws IOException {
      byte[] packet =
          ByteBuffer.allocate(12 + payload.length)
              .put((byte) 0x80)
              .put((byte) (96 | (marked ? 0x80 : 0)))
              .putShort((short) sequence++)
              .putInt(time)
              .putInt(SOURCE)
              .put(payload)
              .array();
      if (udpPort > 0) {
        send(packet, udpPort);
        return;
      }
      if (has(Fault.NO_PACKETS_AT_ALL, url)) {
        for (int i = 0; i < 20; i++) {
          write("q".repeat(7000));
        }
      }
      if (has(Fault.GARBAGE_BETWEEN_PACKETS, url)) {
        out.write(new byte[random.nextInt(20)]);
      }
      if (has(Fault.EMPTY_PACKETS, url)) {
        out.write(new byte[] {'$', 0, 0, 0, '$', 1, 0, 0, '$', 0, 0, 12});
        out.write(packet, 0, 12);
      }
      out.write(new byte[] {'$', 0, (byte) (packet.length >> 8), (byte) packet.length});
      out.write(packet);
    }

    private boolean get(String path, Map<String, String> headers)
        throws IOException, InterruptedException {
      if (locked && !mayEnter("GET", headers, false)) {
        write("HTTP/1.1 401 Unauthorized\r\n" + challenge() + "Content-Length: 0\r\n\r\n");
      } else if (has(Fault.HTTP_REDIRECT_LOOP, path)) {
        write("HTTP/1.1 302 Found\r\nLocation: " + path + "\r\nContent-Length: 0\r\n\r\n");
      } else if (has(Fault.HTTP_REDIRECT_INNER, path)) {
        write("HTTP/1.1 301 Moved\r\nLocation: http://[::ffff:169.254.169.254]/\r\n\r\n");
      } else if (has(Fault.HTTP_REDIRECT_SPELLING, path)) {
        write("HTTP/1.1 307 Moved\r\nLocation: http://0x7f000001:" + port() + "/x\r\n\r\n");
      } else if (has(Fault.PLAYLIST_TO_FILE, path)) {
        body(
            "application/vnd.apple.mpegurl",
            "#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n".getBytes(StandardCharsets.UTF_8));
      } else if (has(Fault.PLAYLIST_TO_INNER, path)) {
        body(
            "text/plain",
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://169.254.169.254/x.m3u8\n"
                .getBytes(StandardCharsets.UTF_8));
      } else if (has(Fault.PLAYLIST_KEY_FILE, path)) {
        body(
            "text/plain",
            ("#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"file:///etc/passwd\"\n#EXTINF:2,\n"
                    + http("/clip.ts")
                    + "\n")
                .getBytes(StandardCharsets.UTF_8));
      } else if (has(Fault.WEB_PAGE, path)) {
        body("video/mp4", "<!doctype html><html>sign in</html>".getBytes(StandardCharsets.UTF_8));
      } else if (has(Fault.SINGLE_PICTURE, path)) {
        body("video/mp4", media.jpegs.get(0));
      } else if (has(Fault.BROKEN_CHUNKS, path)) {
        write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnothing\r\n");
      } else if (has(Fault.LYING_CONTENT_TYPE, path)) {
        body("text/html", media.transportStream);
      } else if (path.endsWith(".mjpg")) {
        pictures(path);
      } else if (path.endsWith("/index.m3u8") || path.contains("/index") && path.endsWith(".ts")) {
        body("x", Files.readAllBytes(media.hls.resolve(path.replaceFirst(".*/", ""))));
      } else if (path.endsWith(".mp4")) {
        body("video/mp4", media.mp4);
      } else if (path.endsWith(".ts")) {
        body("video/mp2t", media.transportStream);
      } else {
        write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      }
      return false;
    }

    private void body(String type, byte[] body) throws IOException {
      write(
          "HTTP/1.1 200 OK\r\nContent-Type: "
              + type
              + "\r\nContent-Length: "
              + body.length
              + "\r\n\r\n");
      out.write(body);
    }

    /** Motion JPEG in chunks, some parts with and some without their length. */
    private void pictures(String path) throws IOException, InterruptedException {
      write(
          "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=xx\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (int number = 0; !closed.await(1000 / TestMedia.RATE, TimeUnit.MILLISECONDS); number++) {
        byte[] jpeg =
            has(Fault.HUGE_JPEG, path) ? huge : media.jpegs.get(number % media.jpegs.size());
        ByteArrayOutputStream part = new ByteArrayOutputStream();
        String length = number % 2 == 0 ? "" : "Content-Length: " + jpeg.length + "\r\n";
        part.writeBytes(
            ("--xx\r\nContent-Type: image/jpeg\r\n" + length + "\r\n")
                .getBytes(StandardCharsets.UTF_8));
        part.writeBytes(jpeg);
        part.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
        write(Integer.toHexString(part.size()) + "\r\n");
        out.write(part.toByteArray());
        write("\r\n");
      }
    }
  }
}
