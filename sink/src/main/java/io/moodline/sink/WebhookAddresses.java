package io.moodline.sink;

import io.moodline.runtime.UserException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Where webhooks may go. A name is resolved once per delivery, here, and what connects is given the
 * address. Link-local, multicast, unspecified and metadata addresses are never reached; while the
 * API is on a loopback address all others may be, otherwise only the networks of {@code
 * webhooks.networks}. Thread-safe.
 */
final class WebhookAddresses {
  private static final Set<String> METADATA =
      Set.of("100.100.100.200", "192.0.0.192", "fd00:ec2:0:0:0:0:0:254");

  private record Network(byte[] address, int bits) {
    boolean contains(byte[] other) {
      if (other.length != address.length) {
        return false;
      }
      for (int bit = 0; bit < bits; bit++) {
        int mask = 0x80 >> bit % 8;
        if ((address[bit / 8] & mask) != (other[bit / 8] & mask)) {
          return false;
        }
      }
      return true;
    }
  }

  private final boolean open;
  private final List<Network> networks;

  /**
   * A policy.
   *
   * @param open whether every address that is not forbidden may be reached
   * @param networks {@code address/bits}, between commas
   * @throws UserException when a network can not be read
   */
  WebhookAddresses(boolean open, String networks) {
    this.open = open;
    this.networks =
        Arrays.stream(networks.split(","))
            .map(String::strip)
            .filter(it -> !it.isEmpty())
            .map(WebhookAddresses::network)
            .toList();
  }

  private static Network network(String text) {
    String[] parts = text.split("/", 2);
    try {
      if (parts.length == 2 && parts[0].matches("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")) {
        byte[] address = InetAddress.getByName(parts[0]).getAddress();
        int bits = Integer.parseInt(parts[1]);
        if (bits >= 0 && bits <= address.length * 8) {
          return new Network(address, bits);
        }
      }
    } catch (UnknownHostException | NumberFormatException e) {
      throw new UserException(wrong(text), e);
    }
    throw new UserException(wrong(text));
  }

  private static String wrong(String text) {
    return "webhooks.networks holds '" + text + "', which is no network: write 10.0.0.0/8";
  }

  /**
   * Reads an address that a caller gave.
   *
   * @throws Problem when it is none that webhooks may have
   */
  static URI parse(String text) {
    try {
      URI uri = new URI(text);
      String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
      String host = uri.getHost();
      if (!scheme.equals("http") && !scheme.equals("https")
          || host == null
          || uri.getRawUserInfo() != null
          || uri.getRawFragment() != null
          || !text.matches("[!-~]{1,2000}")
          || !host.equals(host.toLowerCase(Locale.ROOT))) {
        throw Problem.unprocessable(
            "url is no address for a webhook: write http:// or https://, a host in lower case, no user and no fragment");
      }
      if (host.matches(".*\\.?[0-9][0-9A-Fa-fx]*")
          && !host.matches("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}")) {
        throw Problem.unprocessable(
            "the host of the url is an unusual spelling of an address: write it as a.b.c.d");
      }
      return uri;
    } catch (URISyntaxException e) {
      throw Problem.unprocessable("url is no address");
    }
  }

  /**
   * The address to connect to.
   *
   * @throws UserException when any address of the host is one that may not be reached
   */
  InetAddress resolve(URI uri) throws UnknownHostException {
    String host = uri.getHost();
    InetAddress[] found =
        InetAddress.getAllByName(
            host.startsWith("[") ? host.substring(1, host.length() - 1) : host);
    for (InetAddress address : found) {
      if (isForbidden(address)) {
        throw new UserException(
            "link-local, multicast, unspecified and metadata addresses are never reached");
      }
      if (!open && networks.stream().noneMatch(it -> it.contains(address.getAddress()))) {
        throw new UserException("its address is in none of the networks of webhooks.networks");
      }
    }
    return found[0];
  }

  static boolean isForbidden(InetAddress address) {
    byte[] bytes = address.getAddress();
    boolean four = bytes.length == 4;
    boolean translated =
        !four
            && (bytes[0] == 0x20 && bytes[1] == 0x02 // 6to4
                || bytes[0] == 0 && bytes[1] == 0x64 && bytes[2] == (byte) 0xFF // 64:ff9b::
                || address instanceof java.net.Inet6Address six
                    && six.isIPv4CompatibleAddress()
                    && !address.isLoopbackAddress());
    return four && (bytes[0] == 0 || (bytes[0] & 0xF0) == 0xF0)
        || translated
        || address.isAnyLocalAddress()
        || address.isLinkLocalAddress()
        || address.isMulticastAddress()
        || METADATA.contains(address.getHostAddress().replaceFirst("%.*", ""));
  }
}
