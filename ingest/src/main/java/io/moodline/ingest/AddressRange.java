package io.moodline.ingest;

import io.moodline.runtime.UserException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A range of addresses, written as in 192.168.0.0/16 or fd00::/8. Thread-safe.
 *
 * @param prefix leading bits that an address shares with {@code base}
 */
record AddressRange(InetAddress base, int prefix) {
  private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

  /**
   * Reads a list such as {@code 10.0.0.0/8, fd00::/8}; a single address is a range of one.
   *
   * @throws UserException naming what is no range
   */
  static List<AddressRange> list(String text) {
    List<AddressRange> ranges = new ArrayList<>();
    for (String part : text.isBlank() ? new String[0] : text.split(",", -1)) {
      ranges.add(parse(part.strip()));
    }
    return ranges;
  }

  private static AddressRange parse(String text) {
    String[] parts = text.split("/", -1);
    try {
      if (parts.length > 2 || !LITERAL.matcher(parts[0]).matches()) {
        throw wrong(text);
      }
      InetAddress base = InetAddress.getByName(parts[0]); // a literal: no name is looked up
      int bits = base.getAddress().length * 8;
      int prefix = parts.length == 1 ? bits : Integer.parseInt(parts[1]);
      if (prefix < 0 || prefix > bits) {
        throw wrong(text);
      }
      return new AddressRange(base, prefix);
    } catch (UnknownHostException | NumberFormatException e) {
      throw wrong(text);
    }
  }

  private static UserException wrong(String text) {
    return new UserException("'" + text + "' is no network: write 192.168.0.0/16 or fd00::/8");
  }

  boolean contains(InetAddress address) {
    byte[] one = base.getAddress();
    byte[] other = address.getAddress();
    if (one.length != other.length) {
      return false;
    }
    for (int bit = 0; bit < prefix; bit++) {
      int mask = 0x80 >> bit % 8;
      if ((one[bit / 8] & mask) != (other[bit / 8] & mask)) {
        return false;
      }
    }
    return true;
  }
}
