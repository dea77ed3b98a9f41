package io.moodline.ingest;

import io.moodline.schemas.SourceUri;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Map;

/**
 * What FFmpeg is told of a source: address, demuxer and protocols are all forced, so that neither a
 * file's content nor a server's answer can lead it elsewhere. Thread-safe.
 */
final class FfmpegOrder {
  /** A camera that says nothing for so long is given up, microseconds. */
  private static final String SOCKET_TIMEOUT_MICROS = "5000000";

  private final int maxWidth;
  private final int jpegQuality;

  FfmpegOrder(int maxWidth, int jpegQuality) {
    this.maxWidth = maxWidth;
    this.jpegQuality = jpegQuality;
  }

  /** The order for the source with a number in its child. */
  DecoderMessage.Open of(int stream, DecodeOrder order) {
    if (order instanceof DecodeOrder.Recording recording) {
      return new DecoderMessage.Open(
          stream,
          "file:" + recording.file(),
          recording.container().demuxer(),
          Map.of("protocol_whitelist", "file"),
          false,
          order.framesPerSecond(),
          maxWidth,
          jpegQuality,
          recording.afterMicros());
    }
    if (order instanceof DecodeOrder.Rtsp rtsp) {
      boolean secure = rtsp.uri().scheme() == SourceUri.Scheme.RTSPS;
      Map<String, String> options =
          Map.of(
              "rtsp_transport",
              "tcp",
              "allowed_media_types",
              "video",
              "timeout",
              SOCKET_TIMEOUT_MICROS,
              "protocol_whitelist",
              secure ? "tls,tcp" : "tcp");
      return live(stream, url(rtsp), "rtsp", options, order.framesPerSecond());
    }
    int camera = ((DecodeOrder.Webcam) order).index();
    return live(
        stream,
        "/dev/video" + camera,
        "video4linux2",
        Map.of("protocol_whitelist", "file"),
        order.framesPerSecond());
  }

  private DecoderMessage.Open live(
      int stream, String url, String demuxer, Map<String, String> options, double rate) {
    return new DecoderMessage.Open(
        stream, url, demuxer, options, true, rate, maxWidth, jpegQuality, -1);
  }

  private static String url(DecodeOrder.Rtsp rtsp) {
    SourceUri uri = rtsp.uri();
    String scheme = uri.scheme() == SourceUri.Scheme.RTSPS ? "rtsps://" : "rtsp://";
    String credentials = uri.credentials().map(known -> known.reveal() + "@").orElse("");
    return scheme + credentials + literal(rtsp.address()) + ":" + uri.port() + uri.path();
  }

  private static String literal(InetAddress address) {
    String text = address.getHostAddress();
    return address instanceof Inet6Address ? "[" + text.replaceFirst("%.*", "") + "]" : text;
  }

  /** The source's name in a sentence for people; without credentials or paths into a camera. */
  static String name(DecodeOrder order) {
    if (order instanceof DecodeOrder.Recording recording) {
      return "'" + recording.file().getFileName() + "'";
    }
    if (order instanceof DecodeOrder.Rtsp rtsp) {
      return "the camera at " + rtsp.uri().host() + ":" + rtsp.uri().port();
    }
    return "webcam:" + ((DecodeOrder.Webcam) order).index();
  }
}
