package io.moodline.ingest;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * FFmpeg in the child, as a client of ours: it is told the camera's video in our own words and then
 * given its packets over the same connection. Confined to the link's thread.
 */
final class RtspPlayer {
  /** Takes FFmpeg's reports on what it received. */
  @FunctionalInterface
  interface Reports {
    void report(byte[] rtcp) throws IOException;
  }

  /** RTP time from which FFmpeg counts; not 0, which it takes for none. */
  static final int ZERO = 1;

  private static final int RTP = 0;
  private static final int RTCP = 1;

  private final Wire wire;
  private final String path;
  private String playSequence = "0";
  private String base = "";

  RtspPlayer(Wire wire, String path) {
    this.wire = wire;
    this.path = path;
    wire.within(wire.silence());
  }

  /**
   * Answers everything up to the request to play, which waits for {@link #play}.
   *
   * @return false when this is not the child
   */
  boolean agree(String description) {
    try {
      return tryToAgree(description);
    } catch (IOException e) {
      return false; // some other program came to this port, or the child is gone, which others tell
    }
  }

  private boolean tryToAgree(String description) throws IOException {
    while (true) {
      WireHead request = WireHead.read(wire);
      String[] words = request.start().split(" ", 3);
      String sequence = request.header("cseq").orElse("0");
      if (words.length < 3 || !(words[1].endsWith(path) || words[1].contains(path + "/"))) {
        return false;
      }
      switch (words[0]) {
        case "OPTIONS" ->
            answer(sequence, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", "");
        case "DESCRIBE" -> {
          base = words[1] + "/";
          answer(
              sequence,
              "Content-Type: application/sdp\r\nContent-Base: " + base + "\r\n",
              description);
        }
        case "SETUP" ->
            answer(
                sequence,
                "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1;timeout=3600\r\n",
                "");
        case "PLAY" -> {
          wire.atLeisure();
          playSequence = sequence;
          return true;
        }
        default -> throw new IOException("the player asks for " + words[0]);
      }
    }
  }

  /** Tells that packets follow. */
  void play() throws PlayerGoneException {
    try {
      answer(
          playSequence,
          "Session: 1\r\nRTP-Info: url=" + base + Sdp.CONTROL_OF_OURS + ";rtptime=" + ZERO + "\r\n",
          "");
    } catch (IOException e) {
      throw new PlayerGoneException(e);
    }
  }

  private void answer(String sequence, String headers, String body) throws IOException {
    wire.write(
        "RTSP/1.0 200 OK\r\nCSeq: "
            + sequence
            + "\r\n"
            + headers
            + (body.isEmpty() ? "" : "Content-Length: " + body.length() + "\r\n")
            + "\r\n"
            + body);
  }

  void packet(OutputStream out, boolean rtcp, byte[] packet) throws IOException {
    out.write(
        new byte[] {
          '$', (byte) (rtcp ? RTCP : RTP), (byte) (packet.length >> 8), (byte) packet.length
        });
    out.write(packet);
  }

  /**
   * Hears what the player has said meanwhile.
   *
   * @return false when it wants no more
   */
  boolean listen(Reports reports) throws IOException {
    List<byte[]> heard = new ArrayList<>();
    boolean goesOn = hear(heard);
    for (byte[] report : heard) {
      reports.report(report);
    }
    return goesOn;
  }

  private boolean hear(List<byte[]> heard) throws PlayerGoneException {
    try {
      while (wire.hasInput()) {
        int first = wire.readByte();
        if (first == '$') {
          int channel = wire.readByte();
          byte[] packet = wire.readBytes(wire.readByte() << 8 | wire.readByte());
          if (channel == RTCP) {
            heard.add(packet);
          }
        } else {
          WireHead request = WireHead.read(wire, (char) first + wire.readLine());
          if (request.start().startsWith("TEARDOWN")) {
            return false;
          }
        }
      }
      return true;
    } catch (IOException e) {
      throw new PlayerGoneException(e);
    }
  }
}
