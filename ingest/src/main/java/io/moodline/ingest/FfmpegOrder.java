package io.moodline.ingest;

import java.util.HashMap;
import java.util.Map;

/**
 * What the child is told of a source: address, demuxer, protocols and codecs are all forced, so
 * that neither a file's content nor a server's answer can lead FFmpeg elsewhere. Thread-safe.
 */
final class FfmpegOrder {
  /** The decoders that a network source may wake: what cameras send, and nothing exotic. */
  private static final String NETWORK_CODECS =
      "h264,hevc,mjpeg,mpeg4,mpeg2video,mpeg1video,vp8,vp9,libdav1d,av1";

  /** The link ends a silence long before; this is for a link that is broken. */
  private static final String LINK_TIMEOUT_MICROS = "60000000";

  private static final String LONGEST_ANALYSIS_MICROS = "3000000";

  private final int maxWidth;
  private final int jpegQuality;
  private final HardwareWish hardware;

  /** Orders that ask for software. */
  FfmpegOrder(int maxWidth, int jpegQuality) {
    this(maxWidth, jpegQuality, HardwareWish.of(HardwareWish.OFF));
  }

  FfmpegOrder(int maxWidth, int jpegQuality, HardwareWish hardware) {
    this.maxWidth = maxWidth;
    this.jpegQuality = jpegQuality;
    this.hardware = hardware;
  }

  /** The order for the source with a number in its child. */
  DecoderMessage.Open of(int stream, DecodeOrder order) {
    return of(stream, order, false);
  }

  /**
   * The same.
   *
   * @param fell whether the source's decoder went down lately
   */
  DecoderMessage.Open of(int stream, DecodeOrder order, boolean fell) {
    return open(stream, order).with(hardware.of(order, fell));
  }

  private DecoderMessage.Open open(int stream, DecodeOrder order) {
    if (order instanceof DecodeOrder.Recording recording) {
      return open(
          stream,
          order,
          "file:" + recording.file(),
          recording.container().demuxer(),
          Map.of("protocol_whitelist", "file"),
          recording.afterMicros());
    }
    if (order instanceof DecodeOrder.Linked linked) {
      return open(
          stream, order, linked.url(), linked.ready().demuxer(), options(linked.ready()), -1);
    }
    if (order instanceof DecodeOrder.Pictures pictures) {
      Map<String, String> options = Map.of("rate", Double.toString(pictures.picturesPerSecond()));
      return open(
          stream,
          order,
          pictures.folder().toString(),
          PictureSource.FOLDER,
          options,
          pictures.afterMicros());
    }
    if (order instanceof DecodeOrder.Synthetic drawn) {
      return open(
          stream,
          order,
          drawn.uri().toString(),
          PictureSource.SYNTHETIC,
          Map.of(),
          drawn.afterMicros());
    }
    if (order instanceof DecodeOrder.Webcam camera) {
      Map<String, String> options = new HashMap<>(Map.of("protocol_whitelist", "file"));
      if (!camera.size().isEmpty()) {
        options.put("video_size", camera.size());
      }
      if (!camera.rate().isEmpty()) {
        options.put("framerate", camera.rate());
      }
      return open(stream, order, camera.device(), "video4linux2", options, -1);
    }
    throw new IllegalArgumentException("a network source is read through a link");
  }

  private DecoderMessage.Open open(
      int stream,
      DecodeOrder order,
      String url,
      String demuxer,
      Map<String, String> options,
      long after) {
    boolean paced =
        order instanceof DecodeOrder.Linked linked
            ? linked.ready().paced()
            : order instanceof DecodeOrder.Synthetic && order.isLive();
    return new DecoderMessage.Open(
        stream,
        url,
        demuxer,
        options,
        order.isLive(),
        paced,
        order.wanted(),
        maxWidth,
        jpegQuality,
        after,
        hardware);
  }

  private static Map<String, String> options(SourceLink.Ready ready) {
    Map<String, String> options = new HashMap<>(ready.options());
    options.put("timeout", LINK_TIMEOUT_MICROS);
    options.put("analyzeduration", LONGEST_ANALYSIS_MICROS);
    options.put("codec_whitelist", NETWORK_CODECS);
    options.put("format_whitelist", ready.demuxer());
    if (ready.protocol().equals("rtsp")) {
      options.put("allowed_media_types", "video");
      options.put("protocol_whitelist", "tcp");
    } else {
      options.put("protocol_whitelist", "http,tcp");
      options.put("seekable", "0");
    }
    return options;
  }
}
