package io.moodline.ingest;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The pair of UDP ports that a camera sends RTP and RTCP to. Only packets from the camera's own
 * address count. Confined to the link's thread, but for {@link #close}.
 */
final class RtpPorts implements Closeable {
  /** Takes a packet. */
  @FunctionalInterface
  interface Packets {
    void take(boolean rtcp, byte[] packet) throws IOException, SourceException;
  }

  private static final int TRIES = 50;
  private static final int LARGEST_PACKET = 65_536;
  private static final int BUFFER_BYTES = 1 << 20;
  private static final long WAIT_MILLIS = 250;
  private static final Pattern SERVER_PORTS =
      Pattern.compile("server_port=([0-9]{1,5})(?:-([0-9]{1,5}))?");

  private final DatagramChannel rtp;
  private final DatagramChannel rtcp;
  private final Selector selector;
  private final InetAddress camera;
  private final Duration silence;
  private final ByteBuffer buffer = ByteBuffer.allocate(LARGEST_PACKET);
  private long heardNanos = System.nanoTime();
  private @Nullable InetSocketAddress reports;

  private RtpPorts(DatagramChannel rtp, DatagramChannel rtcp, Wire wire) throws IOException {
    this.rtp = rtp;
    this.rtcp = rtcp;
    this.camera = wire.remote();
    this.silence = wire.silence();
    this.selector = Selector.open();
    for (DatagramChannel channel : new DatagramChannel[] {rtp, rtcp}) {
      channel.configureBlocking(false);
      channel.register(selector, SelectionKey.OP_READ);
    }
    rtp.setOption(StandardSocketOptions.SO_RCVBUF, BUFFER_BYTES);
  }

  /** Takes an even port and the one behind it, on the address that the camera sees. */
  static RtpPorts bind(Wire wire) throws IOException {
    for (int attempt = 0; attempt < TRIES; attempt++) {
      DatagramChannel first = DatagramChannel.open().bind(new InetSocketAddress(wire.local(), 0));
      int port = ((InetSocketAddress) first.getLocalAddress()).getPort();
      if (port % 2 == 0) {
        DatagramChannel second = DatagramChannel.open();
        try {
          second.bind(new InetSocketAddress(wire.local(), port + 1));
          return new RtpPorts(first, second, wire);
        } catch (IOException e) {
          second.close(); // taken: another pair
        }
      }
      first.close();
    }
    throw new IOException("no pair of UDP ports is free");
  }

  int rtp() throws IOException {
    return ((InetSocketAddress) rtp.getLocalAddress()).getPort();
  }

  int rtcp() throws IOException {
    return rtp() + 1;
  }

  /** The camera has said where it sends from. */
  void agreed(String transport) {
    Matcher ports = SERVER_PORTS.matcher(transport);
    if (ports.find()) {
      int port =
          ports.group(2) == null
              ? Integer.parseInt(ports.group(1)) + 1
              : Integer.parseInt(ports.group(2));
      reports = port < 1 || port > 65_535 ? null : new InetSocketAddress(camera, port);
    }
    heardNanos = System.nanoTime();
  }

  /**
   * Takes what has come; returns after a moment if nothing comes.
   *
   * @return false when the ports are closed
   * @throws SocketTimeoutException when the camera has been silent for too long
   */
  boolean receive(Packets packets) throws IOException, SourceException {
    try {
      selector.select(WAIT_MILLIS);
      selector.selectedKeys().clear();
      take(rtp, false, packets);
      take(rtcp, true, packets);
    } catch (ClosedChannelException | ClosedSelectorException e) {
      return false;
    }
    if (System.nanoTime() - heardNanos > silence.toNanos()) {
      throw new SocketTimeoutException("silent");
    }
    return true;
  }

  private void take(DatagramChannel channel, boolean isRtcp, Packets packets)
      throws IOException, SourceException {
    InetSocketAddress from = (InetSocketAddress) channel.receive(buffer.clear());
    while (from != null) {
      if (camera.equals(from.getAddress())) {
        heardNanos = System.nanoTime();
        byte[] packet = new byte[buffer.flip().remaining()];
        buffer.get(packet);
        packets.take(isRtcp, packet);
      }
      from = (InetSocketAddress) channel.receive(buffer.clear());
    }
  }

  /** Sends a receiver's report. */
  void report(byte[] packet) throws IOException {
    if (reports != null) {
      rtcp.send(ByteBuffer.wrap(packet), reports);
    }
  }

  /** Ends a wait as well. Thread-safe. */
  @Override
  public void close() {
    for (Closeable part : new Closeable[] {rtp, rtcp, selector}) {
      try {
        part.close();
      } catch (IOException e) {
        // It was closed before.
      }
    }
  }
}
