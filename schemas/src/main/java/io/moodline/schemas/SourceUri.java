package io.moodline.schemas;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a stream's pixels come from, read by a strict grammar of our own: what is not understood is
 * refused rather than handed to FFmpeg.
 *
 * <ul>
 *   <li>{@code rtsp://[user:password@]host[:port]/path}, {@code rtsps://...}; {@code
 *       ?transport=udp} asks for UDP instead of TCP and is not sent to the camera
 *   <li>{@code http://[user:password@]host[:port]/path}, {@code https://...}: a video, a motion
 *       JPEG or an HLS playlist
 *   <li>{@code webcam:0} or {@code webcam:Name of the camera}, with {@code ?size=1280x720&rate=30}
 *   <li>{@code file:/absolute/path} or {@code file:name-in-media-folder}
 *   <li>{@code pictures:folder-in-media-folder}, with {@code ?rate=1}: its pictures in the order of
 *       their names, which end in jpg, jpeg, png, webp or bmp
 *   <li>{@code synthetic:live} or {@code synthetic:recording}, with {@code
 *       ?size=640x360&rate=25&faces=1&seed=1&seconds=10}: drawn pictures whose faces are known
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
    HTTP,
    HTTPS,
    WEBCAM,
    FILE,
    PICTURES,
    SYNTHETIC;

    /** Whether the source is reached through the network. */
    public boolean isNetwork() {
      return this == RTSP || this == RTSPS || this == HTTP || this == HTTPS;
    }

    /** Whether the way to it is encrypted. */
    public boolean isSecure() {
      return this == RTSPS || this == HTTPS;
    }

    private int defaultPort() {
      return switch (this) {
        case RTSP -> 554;
        case RTSPS -> 322;
        case HTTP -> 80;
        case HTTPS -> 443;
        default -> -1;
      };
    }
  }

  private static final int MAX_LENGTH = 2000;
  private static final String EXAMPLES =
      "rtsp://..., rtsps://..., http://..., https://..., webcam:0, file:..., pictures:... or synthetic:live";
  private static final Pattern NETWORK =
      Pattern.compile("(rtsps?|https?)://(?:([^@/?#]*)@)?([^/?#@]*)([/?][^#]*)?");
  private static final Pattern HOST_PORT =
      Pattern.compile(
          "(\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::([0-9]{1,5}))?");
  private static final Pattern DOTTED_QUAD =
      Pattern.compile("(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\\.|$)){4}");
  private static final Pattern LAST_LABEL_NUMERIC =
      Pattern.compile("(?:.*\\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\\.?");
  private static final Pattern LOCAL =
      Pattern.compile("(webcam|pictures|synthetic):([^?]*)(?:\\?(.*))?", Pattern.DOTALL);
  private static final Pattern WEBCAM = Pattern.compile("[0-9]{1,2}|[\\p{L}\\p{N}][^/\\\\?]{0,99}");
  private static final Pattern SIZE = Pattern.compile("[1-9][0-9]{1,3}x[1-9][0-9]{1,3}");
  private static final Pattern RATE =
      Pattern.compile("(?:[1-9][0-9]?|1[0-9]{2}|0\\.[0-9]{0,2}[1-9])");
  private static final Pattern COUNT = Pattern.compile("[0-9]{1,6}");
  private static final Pattern TRANSPORT = Pattern.compile("(?i)(?<=[?&])transport=([^&]*)&?");
  private static final Map<String, Pattern> WEBCAM_OPTIONS = Map.of("size", SIZE, "rate", RATE);
  private static final Map<String, Pattern> PICTURE_OPTIONS = Map.of("rate", RATE);
  private static final Map<String, Pattern> SYNTHETIC_OPTIONS =
      Map.of("size", SIZE, "rate", RATE, "faces", COUNT, "seed", COUNT, "seconds", COUNT);
  private static final Pattern SCHEME =
      Pattern.compile("([A-Za-z][A-Za-z0-9+.-]*):.*", Pattern.DOTALL);

  private final Scheme scheme;
  private final String redacted;
  private final String host;
  private final int port;
  private final String rest;
  private final Map<String, String> options;
  private final Optional<Credentials> credentials;

  private SourceUri(
      Scheme scheme,
      String redacted,
      String host,
      int port,
      String rest,
      Map<String, String> options,
      Optional<Credentials> credentials) {
    this.scheme = scheme;
    this.redacted = redacted;
    this.host = host;
    this.port = port;
    this.rest = rest;
    this.options = options;
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
      throw new IllegalArgumentException("the source is empty: give " + EXAMPLES);
    }
    if (text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("the source is longer than " + MAX_LENGTH + " characters");
    }
    if (text.chars().anyMatch(c -> c < 0x20 || c == 0x7f)) {
      throw new IllegalArgumentException("the source holds control characters");
    }
    Matcher scheme = SCHEME.matcher(text);
    if (!scheme.matches()) {
      throw new IllegalArgumentException("the source has no scheme: give " + EXAMPLES);
    }
    return switch (scheme.group(1).toLowerCase(Locale.ROOT)) {
      case "rtsp", "rtsps", "http", "https" -> parseNetwork(text);
      case "webcam", "pictures", "synthetic" -> parseLocal(text);
      case "file" -> parseFile(text);
      default ->
          throw new IllegalArgumentException(
              "source scheme '"
                  + scheme.group(1)
                  + "' is not known: use rtsp, rtsps, http, https, webcam, file, pictures or synthetic");
    };
  }

  private static SourceUri parseNetwork(String text) {
    Matcher uri = NETWORK.matcher(text);
    if (!uri.matches() || !isPlain(text)) {
      throw new IllegalArgumentException(
          "the source is no address of a camera: write rtsp://user:password@host:port/path, with special characters"
              + " percent-encoded");
    }
    Matcher authority = HOST_PORT.matcher(uri.group(3));
    if (!authority.matches()) {
      throw new IllegalArgumentException(
          "the host of the source is not valid: write a name, a.b.c.d or [IPv6]");
    }
    String host = authority.group(1).toLowerCase(Locale.ROOT);
    checkHost(host);
    Scheme scheme = Scheme.valueOf(uri.group(1).toUpperCase(Locale.ROOT));
    int port =
        authority.group(2) == null ? scheme.defaultPort() : Integer.parseInt(authority.group(2));
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("the port of the source is not within 1 to 65535");
    }
    String rest = uri.group(4) == null ? "/" : uri.group(4);
    String redacted =
        uri.group(1) + "://" + host + (authority.group(2) == null ? "" : ":" + port) + rest;
    Map<String, String> options = Map.of();
    if (scheme == Scheme.RTSP || scheme == Scheme.RTSPS) {
      options = transport(rest);
      rest = TRANSPORT.matcher(rest).replaceAll("").replaceFirst("[?&]$", "");
    }
    if (!rest.startsWith("/")) {
      rest = "/" + rest;
    }
    Optional<Credentials> credentials = Optional.ofNullable(uri.group(2)).map(Credentials::new);
    return new SourceUri(scheme, redacted, host, port, rest, options, credentials);
  }

  /** Spaces, back slashes and what is not ASCII mean different things to different readers. */
  private static boolean isPlain(String text) {
    return text.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '\\');
  }

  private static Map<String, String> transport(String rest) {
    Matcher transport = TRANSPORT.matcher(rest);
    if (!transport.find()) {
      return Map.of();
    }
    String value = transport.group(1).toLowerCase(Locale.ROOT);
    if (!value.equals("tcp") && !value.equals("udp") || transport.find()) {
      throw new IllegalArgumentException("the transport of the source is not tcp or udp");
    }
    return Map.of("transport", value);
  }

  private static void checkHost(String host) {
    if (host.startsWith("[")) {
      check(host.indexOf(':') > 0, "only IPv6 addresses stand in brackets");
      return;
    }
    if (LAST_LABEL_NUMERIC.matcher(host).matches() && !DOTTED_QUAD.matcher(host).matches()) {
      throw new IllegalArgumentException(
          "the host of the source is an unusual spelling of an address: write it as a.b.c.d without leading zeros");
    }
  }

  private static SourceUri parseLocal(String text) {
    Matcher local = LOCAL.matcher(text);
    if (!local.matches()) {
      throw new IllegalArgumentException("the scheme of the source is written in lower case");
    }
    Scheme scheme = Scheme.valueOf(local.group(1).toUpperCase(Locale.ROOT));
    String name = local.group(2);
    String query = local.group(3) == null ? "" : local.group(3);
    Map<String, String> options =
        switch (scheme) {
          case WEBCAM -> {
            check(
                WEBCAM.matcher(name).matches(),
                "a webcam is written webcam:0, webcam:1, ... or webcam:Its name");
            yield options(query, WEBCAM_OPTIONS);
          }
          case PICTURES -> {
            check(!name.isBlank(), "the folder is missing: write pictures:folder?rate=1");
            yield options(query, PICTURE_OPTIONS);
          }
          default -> {
            check(
                name.equals("live") || name.equals("recording"),
                "a synthetic source is written synthetic:live or synthetic:recording");
            yield options(query, SYNTHETIC_OPTIONS);
          }
        };
    return new SourceUri(scheme, text, "", -1, name, options, Optional.empty());
  }

  private static Map<String, String> options(String query, Map<String, Pattern> known) {
    Map<String, String> options = new LinkedHashMap<>();
    for (String option : query.isEmpty() ? new String[0] : query.split("&", -1)) {
      int equals = option.indexOf('=');
      Pattern form = known.get(option.substring(0, Math.max(0, equals)));
      if (form == null) {
        throw new IllegalArgumentException(
            "an option of the source is not known: give " + String.join(", ", known.keySet()));
      }
      String value = option.substring(equals + 1);
      check(
          form.matcher(value).matches(),
          "the option " + option.substring(0, equals) + " of the source has a value out of range");
      options.put(option.substring(0, equals), value);
    }
    return options;
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
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
    return new SourceUri(Scheme.FILE, "file:" + path, "", -1, path, Map.of(), Optional.empty());
  }

  public Scheme scheme() {
    return scheme;
  }

  /** Whether the source is watched as it happens, rather than read from a recording. */
  public boolean isLive() {
    return switch (scheme) {
      case FILE, PICTURES -> false;
      case SYNTHETIC -> rest.equals("live");
      default -> true;
    };
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
   * What follows the host, at least {@code /}; the webcam's index or name; the path of the file or
   * folder as it was given; {@code live} or {@code recording}.
   */
  public String path() {
    return rest;
  }

  /** An option that followed a question mark and is Moodline's own. */
  public Optional<String> option(String name) {
    return Optional.ofNullable(options.get(name));
  }

  public Optional<Credentials> credentials() {
    return credentials;
  }

  /**
   * The same source with other credentials, as {@code user:password}, percent-encoded as in a URI.
   */
  public SourceUri withCredentials(String userInfo) {
    return new SourceUri(
        scheme, redacted, host, port, rest, options, Optional.of(new Credentials(userInfo)));
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
