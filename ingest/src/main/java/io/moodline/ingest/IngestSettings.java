package io.moodline.ingest;

import io.moodline.runtime.Setting;
import java.time.Duration;
import java.util.List;

/** Settings of the ingest stage. Thread-safe. */
public final class IngestSettings {
  static final Setting<Integer> UNANALYSED_FRAMES =
      Setting.integer(
          "ingest.unanalysed.frames",
          64,
          2,
          10_000,
          "Frames of one recording that may wait for the analyzer; reading pauses beyond it.");
  static final Setting<Integer> UNANALYSED_MEGABYTES =
      Setting.integer(
          "ingest.unanalysed.megabytes",
          32,
          1,
          100_000,
          "Millions of bytes of one recording's frames that may wait for the analyzer; reading pauses beyond it.");
  static final Setting<Integer> LIVE_QUEUE_FRAMES =
      Setting.integer(
          "ingest.live.queue.frames",
          8,
          1,
          1000,
          "Frames of one live stream that may wait to be published; the oldest is dropped and counted beyond it.");
  static final Setting<Duration> COMMIT_INTERVAL =
      Setting.duration(
          "ingest.commit.interval",
          "50ms",
          "How often frames and positions are committed together.");
  static final Setting<Duration> STALL_AFTER =
      Setting.duration(
          "ingest.stall.after",
          "5s",
          "A live stream without a frame for so long is called STALLED.");
  static final Setting<Duration> RECONNECT_AFTER =
      Setting.duration(
          "ingest.reconnect.after",
          "10s",
          "A live stream without a frame for so long is disconnected and opened again.");
  static final Setting<String> TLS_AUTHORITIES =
      Setting.text(
          "ingest.tls.authorities",
          "",
          "PEM file with certificates of further authorities that rtsps and https sources may be signed by; what Java"
              + " trusts is trusted too.");
  static final Setting<String> NETWORKS =
      Setting.text(
          "ingest.networks",
          "",
          "The only networks that sources are read from, as in 10.0.0.0/8, fd00::/8; empty for all. Link-local,"
              + " multicast and metadata addresses are never read.");
  static final Setting<Integer> PICTURE_MAX_WIDTH =
      Setting.integer(
          "ingest.picture.max.width",
          DecoderPool.MAX_WIDTH,
          160,
          3840,
          "Wider pictures are scaled down to so many pixels; faces below some 40 pixels are lost.");
  static final Setting<Integer> JPEG_QUALITY =
      Setting.integer(
          "ingest.picture.jpeg.quality",
          DecoderPool.JPEG_QUALITY,
          50,
          100,
          "Quality of the JPEG that a frame is published as.");
  static final Setting<String> DECODER_HARDWARE =
      Setting.text(
          "ingest.decoder.hardware",
          HardwareWish.OFF,
          "What decodes live streams: off for software; FFmpeg's name of a kind of hardware (cuda, vaapi, qsv, ...), with"
              + " software where it can not be used; or auto for what takes less of the processor, measured over each"
              + " stream's first 50 pictures. moodline hardware lists what there is. Recordings are always decoded in"
              + " software.");

  public static final List<Setting<?>> ALL =
      List.of(
          UNANALYSED_FRAMES,
          UNANALYSED_MEGABYTES,
          LIVE_QUEUE_FRAMES,
          COMMIT_INTERVAL,
          STALL_AFTER,
          RECONNECT_AFTER,
          TLS_AUTHORITIES,
          NETWORKS,
          PICTURE_MAX_WIDTH,
          JPEG_QUALITY,
          DECODER_HARDWARE);

  private IngestSettings() {}
}
