package io.moodline.ingest;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The one video that a camera's session description offers, and a description of our own of it: of
 * what a camera wrote, only the payload's mapping and parameters go on to FFmpeg, and only if they
 * look as they should. Thread-safe.
 *
 * @param payloadType RTP payload type, 0 to 127
 * @param codec its name in RTP, upper case
 * @param mapping value of {@code a=rtpmap} behind the payload type; empty for a static type
 * @param parameters value of {@code a=fmtp} behind the payload type; empty for none
 * @param control where the media is set up: absolute, relative or empty
 * @param sessionControl the same of the whole session
 */
record Sdp(
    int payloadType,
    String codec,
    String mapping,
    String parameters,
    String control,
    String sessionControl) {
  private static final Map<Integer, String> STATIC_TYPES = Map.of(26, "JPEG", 32, "MPV");
  private static final List<String> CODECS =
      List.of("H264", "H265", "JPEG", "MP4V-ES", "MPV", "VP8", "VP9", "AV1");

  /** Where FFmpeg sets the media up. */
  static final String CONTROL_OF_OURS = "video";

  private static final int USUAL_TICKS = 90_000;
  private static final Pattern MEDIA =
      Pattern.compile("m=([a-z]+) [0-9]+(?:/[0-9]+)? (RTP/[A-Z/]+) ([0-9]{1,3})(?: .*)?");
  private static final Pattern MAPPING =
      Pattern.compile("([A-Za-z0-9-]+)/([0-9]{1,9})(?:/[0-9]+)?");
  private static final Pattern PARAMETERS = Pattern.compile("[\\x20-\\x7e]{0,4000}");
  private static final Pattern CONTROL = Pattern.compile("[\\x21-\\x7e]{0,2000}");

  /**
   * Reads a description.
   *
   * @throws WireException when it offers no video that can be decoded
   */
  static Sdp parse(String text) throws WireException {
    String session = "";
    List<List<String>> medias = new ArrayList<>();
    for (String line : text.split("\r?\n", -1)) {
      if (line.startsWith("m=")) {
        medias.add(new ArrayList<>());
      }
      if (!medias.isEmpty()) {
        medias.get(medias.size() - 1).add(line.strip());
      } else if (line.startsWith("a=control:")) {
        session = control(line);
      }
    }
    for (List<String> media : medias) {
      if (media.get(0).startsWith("m=video ")) {
        return video(media, session);
      }
    }
    throw new WireException(medias.isEmpty() ? "describes no media" : "has no video");
  }

  private static Sdp video(List<String> lines, String sessionControl) throws WireException {
    Matcher media = MEDIA.matcher(lines.get(0));
    if (!media.matches()) {
      throw new WireException("describes its video in a way that can not be read");
    }
    int type = Integer.parseInt(media.group(3));
    Matcher mapping = MAPPING.matcher(attribute(lines, "a=rtpmap:" + type + " ").orElse(""));
    boolean mapped = mapping.matches();
    String codec =
        mapped ? mapping.group(1).toUpperCase(Locale.ROOT) : STATIC_TYPES.getOrDefault(type, "");
    if (type > 127 || !CODECS.contains(codec)) {
      throw new WireException(
          "sends "
              + (codec.isEmpty() ? "video of an unknown codec" : codec)
              + ", which Moodline can not decode");
    }
    String parameters = attribute(lines, "a=fmtp:" + type + " ").orElse("");
    return new Sdp(
        type,
        codec,
        mapped ? mapping.group() : "",
        PARAMETERS.matcher(parameters).matches() ? parameters : "",
        lines.stream()
            .filter(line -> line.startsWith("a=control:"))
            .map(Sdp::control)
            .findFirst()
            .orElse(""),
        sessionControl);
  }

  private static Optional<String> attribute(List<String> lines, String name) {
    return lines.stream()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip())
        .findFirst();
  }

  private static String control(String line) {
    String value = line.substring("a=control:".length()).strip();
    return CONTROL.matcher(value).matches() && !value.equals("*") ? value : "";
  }

  /** How fast the time of its RTP packets runs. */
  int ticksPerSecond() {
    String stated = mapping.replaceFirst("^[^/]*/", "").replaceFirst("/.*", "");
    int ticks = stated.isEmpty() ? 0 : Integer.parseInt(stated);
    return ticks == 0 ? USUAL_TICKS : ticks;
  }

  /** The address of the media, given the address that was described. */
  String mediaUrl(String base) {
    return resolve(resolve(base, sessionControl), control);
  }

  /** The address of the whole session. */
  String sessionUrl(String base) {
    return resolve(base, sessionControl);
  }

  private static String resolve(String base, String control) {
    if (control.isEmpty() || control.startsWith("rtsp://") || control.startsWith("rtsps://")) {
      return control.isEmpty() ? base : control;
    }
    return base.endsWith("/") ? base + control : base + "/" + control;
  }

  /** The description that FFmpeg is given. */
  String plain() {
    return "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 0 RTP/AVP "
        + payloadType
        + "\r\n"
        + (mapping.isEmpty() ? "" : "a=rtpmap:" + payloadType + " " + mapping + "\r\n")
        + (parameters.isEmpty() ? "" : "a=fmtp:" + payloadType + " " + parameters + "\r\n")
        + "a=control:"
        + CONTROL_OF_OURS
        + "\r\n";
  }
}
