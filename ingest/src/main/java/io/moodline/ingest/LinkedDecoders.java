package io.moodline.ingest;

import java.time.Clock;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Decoders whose network sources are read in this process: each has a link, on a thread of its own,
 * that speaks to the camera in Java and hands the child bytes over loopback. Whatever a camera does
 * before its first packet never reaches native code. Thread-safe.
 */
final class LinkedDecoders implements Decoders {
  private final Decoders children;
  private final AddressPolicy policy;
  private final Dialer dialer;
  private final Clock wall;
  private final AtomicInteger numbers = new AtomicInteger();

  /** Decoders over others, which are closed with these. */
  LinkedDecoders(Decoders children, AddressPolicy policy, Dialer dialer) {
    this(children, policy, dialer, Clock.systemUTC());
  }

  /**
   * The same with a clock.
   *
   * @param wall read once for each RTP packet
   */
  LinkedDecoders(Decoders children, AddressPolicy policy, Dialer dialer, Clock wall) {
    this.children = children;
    this.policy = policy;
    this.dialer = dialer;
    this.wall = wall;
  }

  @Override
  public Decoding open(DecodeOrder order, DecodeListener listener) {
    if (!(order instanceof DecodeOrder.Network camera)) {
      return children.open(order, listener);
    }
    LinkedDecoding decoding = new LinkedDecoding(camera, link(camera), children, listener);
    decoding.start("ingest-link-" + numbers.incrementAndGet());
    return decoding;
  }

  private SourceLink link(DecodeOrder.Network camera) {
    return switch (camera.uri().scheme()) {
      case RTSP, RTSPS -> new RtspLink(camera.uri(), camera.address(), policy, dialer, wall);
      case HTTP, HTTPS -> new HttpLink(camera.uri(), camera.address(), policy, dialer);
      default -> throw new IllegalArgumentException("no network source: " + camera.uri());
    };
  }

  @Override
  public void close() {
    children.close();
  }
}
