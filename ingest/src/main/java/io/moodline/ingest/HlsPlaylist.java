package io.moodline.ingest;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An HLS playlist (RFC 8216), as far as one video is to be read from it. Addresses in it are text
 * that was not checked yet. Thread-safe.
 *
 * @param variants of a main playlist; empty for one of segments
 * @param targetSeconds longest segment, as it is stated
 * @param complete whether no segment will follow
 */
record HlsPlaylist(
    List<Variant> variants, List<Segment> segments, double targetSeconds, boolean complete) {
  private static final int MOST_LINES = 100_000;
  private static final Pattern ATTRIBUTE = Pattern.compile("([A-Z0-9-]+)=(\"[^\"]*\"|[^,]*)");
  private static final Pattern RANGE = Pattern.compile("\"?([0-9]{1,15})(?:@([0-9]{1,15}))?\"?");

  /** One rendition. */
  record Variant(String uri, long bandwidth, int width) {}

  /** A part of a resource. */
  record Range(long length, long offset) {
    String header() {
      return "Range: bytes=" + offset + "-" + (offset + length - 1) + "\r\n";
    }
  }

  /** Bytes that precede segments. */
  record Start(String uri, Optional<Range> range) {}

  /** The key of AES-128 segments; the vector is the segment's number where it is not given. */
  record Key(String uri, Optional<String> vector) {}

  /** A stretch of video. */
  record Segment(
      String uri,
      long number,
      double seconds,
      Optional<Range> range,
      Optional<Start> start,
      Optional<Key> key) {}

  static boolean isOne(byte[] head) {
    return new String(head, StandardCharsets.ISO_8859_1).startsWith("#EXTM3U")
        || new String(head, StandardCharsets.UTF_8).startsWith("\uFEFF#EXTM3U");
  }

  /**
   * Reads a playlist.
   *
   * @throws WireException when it is damaged, or protected in a way that is not read
   */
  static HlsPlaylist parse(String text) throws WireException {
    String[] lines = text.split("\r?\n", MOST_LINES);
    List<Variant> variants = new ArrayList<>();
    List<Segment> segments = new ArrayList<>();
    Optional<Start> start = Optional.empty();
    Optional<Key> key = Optional.empty();
    Optional<Range> range = Optional.empty();
    String variant = "";
    double seconds = 0;
    double target = 0;
    long number = 0;
    long rangeEnd = 0;
    boolean complete = false;
    for (String raw : lines) {
      String line = raw.strip();
      String value = line.substring(line.indexOf(':') + 1);
      if (line.startsWith("#EXT-X-STREAM-INF:")) {
        variant = value;
      } else if (line.startsWith("#EXTINF:")) {
        seconds = decimal(value.replaceFirst(",.*", ""));
      } else if (line.startsWith("#EXT-X-TARGETDURATION:")) {
        target = decimal(value);
      } else if (line.startsWith("#EXT-X-MEDIA-SEQUENCE:")) {
        number = (long) decimal(value);
      } else if (line.startsWith("#EXT-X-ENDLIST")) {
        complete = true;
      } else if (line.startsWith("#EXT-X-BYTERANGE:")) {
        range = Optional.of(range(value, rangeEnd));
      } else if (line.startsWith("#EXT-X-MAP:")) {
        start = Optional.of(start(value));
      } else if (line.startsWith("#EXT-X-KEY:")) {
        key = key(value);
      } else if (!line.isEmpty() && !line.startsWith("#")) {
        if (!variant.isEmpty()) {
          variants.add(variant(variant, line));
          variant = "";
        } else {
          segments.add(new Segment(line, number++, seconds, range, start, key));
          rangeEnd = range.map(known -> known.offset() + known.length()).orElse(0L);
          range = Optional.empty();
          seconds = 0;
        }
      }
    }
    return new HlsPlaylist(List.copyOf(variants), List.copyOf(segments), target, complete);
  }

  private static Variant variant(String attributes, String uri) throws WireException {
    String resolution = attribute(attributes, "RESOLUTION").orElse("0x0");
    boolean known = resolution.matches("[0-9]{1,5}x[0-9]{1,5}");
    return new Variant(
        uri,
        (long) decimal(attribute(attributes, "BANDWIDTH").orElse("0")),
        known ? Integer.parseInt(resolution.replaceFirst("x.*", "")) : 0);
  }

  private static Start start(String attributes) throws WireException {
    String uri =
        attribute(attributes, "URI")
            .orElseThrow(() -> new WireException("has a playlist that is damaged"));
    Optional<String> range = attribute(attributes, "BYTERANGE");
    return new Start(uri, range.isEmpty() ? Optional.empty() : Optional.of(range(range.get(), 0)));
  }

  private static Optional<Key> key(String attributes) throws WireException {
    String method = attribute(attributes, "METHOD").orElse("");
    if (method.equals("NONE")) {
      return Optional.empty();
    }
    Optional<String> uri = attribute(attributes, "URI");
    if (!method.equals("AES-128") || uri.isEmpty()) {
      throw new WireException("is protected in a way that Moodline does not read");
    }
    return Optional.of(new Key(uri.get(), attribute(attributes, "IV")));
  }

  private static Range range(String text, long follows) throws WireException {
    Matcher range = RANGE.matcher(text.strip());
    if (!range.matches()) {
      throw new WireException("has a playlist that is damaged");
    }
    String offset = range.group(2);
    return new Range(
        Long.parseLong(range.group(1)), offset == null ? follows : Long.parseLong(offset));
  }

  private static Optional<String> attribute(String attributes, String name) {
    Matcher matcher = ATTRIBUTE.matcher(attributes);
    while (matcher.find()) {
      if (matcher.group(1).equals(name)) {
        return Optional.of(matcher.group(2).replaceAll("^\"|\"$", ""));
      }
    }
    return Optional.empty();
  }

  private static double decimal(String text) throws WireException {
    if (!text.strip().matches("[0-9]{1,15}(\\.[0-9]{0,9})?")) {
      throw new WireException("has a playlist that is damaged");
    }
    return Double.parseDouble(text.strip());
  }
}
