package io.moodline.ingest;

import io.moodline.runtime.UserException;
import io.moodline.schemas.SourceUri;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which addresses sources may be read from. A name is resolved once, here, and what connects is
 * given the address: a name that answers differently a moment later leads nowhere else.
 * Thread-safe.
 */
final class AddressPolicy {
  /** Finds the addresses of a name; a seam for tests. */
  @FunctionalInterface
  interface Resolver {
    InetAddress[] resolve(String host) throws UnknownHostException;
  }

  /** Where clouds hand out credentials, beyond the link-local range. */
  private static final Set<String> METADATA =
      Set.of("100.100.100.200", "192.0.0.192", "fd00:ec2:0:0:0:0:0:254");

  private final Resolver resolver;
  private final List<AddressRange> allowed;

  /**
   * A policy.
   *
   * @param allowed the only ranges that may be read; empty for every one that is not forbidden
   */
  AddressPolicy(Resolver resolver, List<AddressRange> allowed) {
    this.resolver = resolver;
    this.allowed = List.copyOf(allowed);
  }

  /** The system's name server, and every address that is not forbidden. */
  static AddressPolicy usual() {
    return new AddressPolicy(InetAddress::getAllByName, List.of());
  }

  /**
   * Resolves the host of a network source.
   *
   * @throws UnknownHostException when it has no address now; later it may
   * @throws UserException when any of its addresses is one that is never read
   */
  InetAddress resolve(SourceUri uri) throws UnknownHostException {
    return judge(uri, find(uri.host()));
  }

  /**
   * All addresses of a host, judged by no one yet.
   *
   * @throws UnknownHostException when it has none now; later it may
   */
  InetAddress[] find(String host) throws UnknownHostException {
    String bare = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    InetAddress[] found = resolver.resolve(bare);
    if (found.length == 0) {
      throw new UnknownHostException(bare);
    }
    return found;
  }

  /**
   * The address of a source's host that is read from. The link-local ones of IPv6 that a host has
   * beside others are passed over.
   *
   * @param found all that it has
   * @throws UserException when any of the others is one that is never read
   */
  InetAddress judge(SourceUri uri, InetAddress[] found) {
    List<InetAddress> wide =
        Arrays.stream(found)
            .filter(address -> !(address instanceof Inet6Address && address.isLinkLocalAddress()))
            .toList();
    List<InetAddress> judged = wide.isEmpty() ? List.of(found) : wide;
    for (InetAddress address : judged) {
      Optional<String> refusal = refusal(address);
      if (refusal.isPresent()) {
        throw new UserException("source " + uri + " is refused: " + refusal.get());
      }
    }
    return judged.get(0);
  }

  /**
   * Resolves where a source sends its readers to. A host in the open network may not send them into
   * a private one, and no other machine to this one.
   *
   * @param from the address that sends
   * @throws UserException when it may not be followed
   */
  InetAddress follow(InetAddress from, SourceUri to) throws UnknownHostException {
    InetAddress address;
    try {
      address = resolve(to);
    } catch (UserException e) {
      throw new UserException("leads elsewhere: " + e.getMessage(), e);
    }
    if (depth(address) > depth(from)) {
      throw new UserException(
          "leads elsewhere: from " + kind(from) + " to " + kind(address) + " no one is followed");
    }
    return address;
  }

  private Optional<String> refusal(InetAddress address) {
    if (isForbidden(address)) {
      return Optional.of(
          "link-local, multicast, unspecified and metadata addresses are never read");
    }
    if (!allowed.isEmpty() && allowed.stream().noneMatch(range -> range.contains(address))) {
      return Optional.of("its address is in none of the networks of ingest.networks");
    }
    return Optional.empty();
  }

  static boolean isForbidden(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (address instanceof Inet6Address six) {
      InetAddress inner = embedded(six);
      if (inner != null && isForbidden(inner)) {
        return true;
      }
    } else if (bytes[0] == 0 || (bytes[0] & 0xF0) == 0xF0) {
      return true; // "this network", reserved, broadcast
    }
    return address.isAnyLocalAddress()
        || address.isLinkLocalAddress()
        || address.isMulticastAddress()
        || METADATA.contains(address.getHostAddress().replaceFirst("%.*", ""));
  }

  /** The IPv4 address within a compatible, translated (64:ff9b::) or 6to4 address. */
  private static @org.jspecify.annotations.Nullable InetAddress embedded(Inet6Address address) {
    byte[] bytes = address.getAddress();
    int at;
    if (address.isLoopbackAddress() || address.isAnyLocalAddress()) {
      return null;
    } else if (address.isIPv4CompatibleAddress() || isTranslated(bytes)) {
      at = 12;
    } else if (bytes[0] == 0x20 && bytes[1] == 0x02) {
      at = 2;
    } else {
      return null;
    }
    try {
      return InetAddress.getByAddress(Arrays.copyOfRange(bytes, at, at + 4));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are an address", e);
    }
  }

  private static boolean isTranslated(byte[] bytes) {
    byte[] prefix = {0, 0x64, (byte) 0xFF, (byte) 0x9B, 0, 0, 0, 0, 0, 0, 0, 0};
    return Arrays.equals(bytes, 0, 12, prefix, 0, 12);
  }

  /** How far inside an address lies: 0 the open network, 1 a private one, 2 this machine. */
  private static int depth(InetAddress address) {
    InetAddress inner = address instanceof Inet6Address six ? embedded(six) : null;
    if (inner instanceof Inet4Address) {
      return depth(inner);
    }
    if (address.isLoopbackAddress()) {
      return 2;
    }
    boolean uniqueLocal =
        address instanceof Inet6Address && (address.getAddress()[0] & 0xFE) == 0xFC;
    return address.isSiteLocalAddress() || uniqueLocal ? 1 : 0;
  }

  private static String kind(InetAddress address) {
    return switch (depth(address)) {
      case 0 -> "the open network";
      case 1 -> "a private network";
      default -> "this machine";
    };
  }
}
