package io.moodline.ingest;

import io.moodline.runtime.UserException;
import io.moodline.schemas.SourceUri;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Set;

/**
 * Finds the one address that a network source is read from. The name is resolved once, here, and
 * FFmpeg is given the address: a name that answers differently a moment later leads nowhere else.
 * Thread-safe.
 */
final class SourceAddress {
  /** Where clouds hand out credentials, beyond the link-local range. */
  private static final Set<String> METADATA =
      Set.of("100.100.100.200", "192.0.0.192", "fd00:ec2:0:0:0:0:0:254");

  private SourceAddress() {}

  /**
   * Resolves the host of a network source.
   *
   * @throws UnknownHostException when it has no address now; later it may
   * @throws UserException when it is an address that no camera has
   */
  static InetAddress resolve(SourceUri uri) throws UnknownHostException {
    String host = uri.host();
    String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    InetAddress address = InetAddress.getByName(bare);
    if (isForbidden(address)) {
      throw new UserException(
          "source "
              + uri
              + " is refused: link-local, multicast, unspecified and metadata addresses are never read");
    }
    return address;
  }

  static boolean isForbidden(InetAddress address) {
    return address.isAnyLocalAddress()
        || address.isLinkLocalAddress()
        || address.isMulticastAddress()
        || METADATA.contains(address.getHostAddress());
  }
}
