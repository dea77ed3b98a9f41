package io.moodline.schemas;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a stream's pixels come from, read by a strict grammar of our own: what is not understood is
 * refused rather than handed to FFmpeg.
 *
 * <ul>
 *   <li>{@code rtsp://[user:password@]host[:port]/path}, {@code rtsps://...}
 *   <li>{@code webcam:0}
 *   <li>{@code file:/absolute/path} or {@code file:name-in-media-folder}
 * </ul>
 *
 * <p>Hosts are names, canonical dotted quads (no leading zeros, no hexadecimal, no short forms: C
 * libraries and Java read those differently) or bracketed IPv6. {@link #toString} never shows
 * credentials. Thread-safe.
 */
public final class SourceUri {
  /** How a source is reached. */
  public enum Scheme {
    RTSP,
    RTSPS,
    WEBCAM,
    FILE
  }

  private static final int MAX_LENGTH = 2000;
  private static final Pattern RTSP =
      Pattern.compile("(rtsps?)://(?:([^@/?#]*)@)?([^/?#@]*)([/?][^#]*)?");
  private static final Pattern HOST_PORT =
      Pattern.compile(
          "(\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::([0-9]{1,5}))?");
  private static final Pattern DOTTED_QUAD =
      Pattern.compile("(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.|$)){4}");
  private static final Pattern LAST_LABEL_NUMERIC =
      Pattern.compile("(?:.*\\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\\.?");
  private static final Pattern WEBCAM = Pattern.compile("webcam:([0-9]{1,2})");
  private static final Pattern SCHEME =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):.*", Pattern.DOTALL);

  private final Scheme scheme;
  private final String redacted;
  private final String host;
  private final int port;
  private final String rest;
  private final Optional<Credentials> credentials;

  private SourceUri(
      Scheme scheme,
      String redacted,
      String host,
      int port,
      String rest,
      Optional<Credentials> credentials) {
    this.scheme = scheme;
    this.redacted = redacted;
    this.host = host;
    this.port = port;
    this.rest = rest;
    this.credentials = credentials;
  }

  /**
   * Reads a source URI.
   *
   * @throws IllegalArgumentException with a sentence for the user that names what is wrong, never
   *     the credentials
   */
  public static SourceUri parse(String text) {
    if (text.isBlank()) {
      throw new IllegalArgumentException(
          "the source is empty: give rtsp://..., rtsps://..., webcam:0 or file:...");
    }
    if (text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("the source is longer than " + MAX_LENGTH + " characters");
    }
    if (text.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
      throw new IllegalArgumentException("the source holds control characters");
    }
    Matcher scheme = SCHEME.matcher(text);
    if (!scheme.matches()) {
      throw new IllegalArgumentException(
          "the source has no scheme: give rtsp://..., rtsps://..., webcam:0 or file:...");
    }
    return switch (scheme.group(1).toLowerCase(Locale.ROOT)) {
      case "rtsp", "rtsps" -> parseRtsp(text);
      case "webcam" -> parseWebcam(text);
      case "file" -> parseFile(text);
      default ->
          throw new IllegalArgumentException(
              "source scheme '"
                  + scheme.group(1)
                  + "' is not known: use rtsp, rtsps, webcam or file");
    };
  }

  private static SourceUri parseRtsp(String text) {
    Matcher uri = RTSP.matcher(text);
    if (!uri.matches() || text.indexOf(' ') >= 0 || text.indexOf('\\') >= 0) {
      throw new IllegalArgumentException(
          "the source is no RTSP address: write rtsp://user:password@host:port/path, with special characters in the"
              + " password percent-encoded");
    }
    Matcher authority = HOST_PORT.matcher(uri.group(3));
    if (!authority.matches()) {
      throw new IllegalArgumentException(
          "the host of the source is not valid: write a name, a.b.c.d or [IPv6]");
    }
    String host = authority.group(1).toLowerCase(Locale.ROOT);
    checkHost(host);
    boolean secure = uri.group(1).equals("rtsps");
    int port =
        authority.group(2) == null ? (secure ? 322 : 554) : Integer.parseInt(authority.group(2));
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("the port of the source is not within 1 to 65535");
    }
    String rest = uri.group(4) == null ? "/" : uri.group(4);
    String redacted =
        uri.group(1) + "://" + host + (authority.group(2) == null ? "" : ":" + port) + rest;
    Optional<Credentials> credentials = Optional.ofNullable(uri.group(2)).map(Credentials::new);
    return new SourceUri(
        secure ? Scheme.RTSPS : Scheme.RTSP, redacted, host, port, rest, credentials);
  }

  private static void checkHost(String host) {
    if (host.startsWith("[")) {
      return;
    }
    if (LAST_LABEL_NUMERIC.matcher(host).matches() && !DOTTED_QUAD.matcher(host).matches()) {
      throw new IllegalArgumentException(
          "the host of the source is an unusual spelling of an address: write it as a.b.c.d without leading zeros");
    }
  }

  private static SourceUri parseWebcam(String text) {
    Matcher webcam = WEBCAM.matcher(text);
    if (!webcam.matches()) {
      throw new IllegalArgumentException("a webcam is written webcam:0, webcam:1, ...");
    }
    return new SourceUri(Scheme.WEBCAM, text, "", -1, webcam.group(1), Optional.empty());
  }

  private static SourceUri parseFile(String text) {
    String path = text.substring("file:".length());
    if (path.startsWith("//")) {
      path = path.substring(2);
      if (!path.startsWith("/")) {
        throw new IllegalArgumentException(
            "a file on another host can not be read: write file:/path");
      }
    }
    if (path.isBlank()) {
      throw new IllegalArgumentException("the file's path is missing: write file:/path/to/video");
    }
    return new SourceUri(Scheme.FILE, "file:" + path, "", -1, path, Optional.empty());
  }

  public Scheme scheme() {
    return scheme;
  }

  /** Whether the source is watched as it happens, rather than read from a recording. */
  public boolean isLive() {
    return scheme != Scheme.FILE;
  }

  /** Host of a network source, lower case, IPv6 in brackets; empty for others. */
  public String host() {
    return host;
  }

  /** Port of a network source, its scheme's default filled in; -1 for others. */
  public int port() {
    return port;
  }

  /**
   * What follows the host, at least {@code /}; the webcam's index; the file's path as it was given.
   */
  public String path() {
    return rest;
  }

  public Optional<Credentials> credentials() {
    return credentials;
  }

  /**
   * The same source with other credentials, as {@code user:password}, percent-encoded as in a URI.
   */
  public SourceUri withCredentials(String userInfo) {
    return new SourceUri(
        scheme, redacted, host, port, rest, Optional.of(new Credentials(userInfo)));
  }

  /** The source without credentials: safe to log, store and show. */
  @Override
  public String toString() {
    return redacted;
  }

  /** The part of a URI that no one may see. Its {@code toString} is {@code ***}. Thread-safe. */
  public static final class Credentials {
    private final String userInfo;

    Credentials(String userInfo) {
      this.userInfo = userInfo;
    }

    /** {@code user:password} as it stood in the URI, percent-encoded. */
    public String reveal() {
      return userInfo;
    }

    @Override
    public String toString() {
      return "***";
    }
  }
}
