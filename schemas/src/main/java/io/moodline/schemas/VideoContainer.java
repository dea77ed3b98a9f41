package io.moodline.schemas;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The container formats that Moodline opens, told by their first bytes.
 *
 * <p>A file's name says nothing: a playlist named {@code .mp4} would make FFmpeg open whatever it
 * lists. So the format is found here, before any native code sees the file, and FFmpeg is then
 * forced to it. Thread-safe.
 */
public enum VideoContainer {
  /** ISO base media: MP4, MOV, M4V, 3GP. */
  MP4("mov"),
  /** Matroska and WebM. */
  MATROSKA("matroska"),
  AVI("avi"),
  MPEG_TS("mpegts"),
  MPEG_PS("mpeg"),
  FLV("flv"),
  OGG("ogg"),
  /** Windows Media. */
  ASF("asf"),
  /** Material exchange format of broadcasting. */
  MXF("mxf"),
  GIF("gif"),
  IVF("ivf"),
  YUV4MPEG("yuv4mpegpipe"),
  NUT("nut"),
  REAL_MEDIA("rm"),
  /** Bare H.264 in Annex B byte stream form. */
  H264("h264"),
  /** Bare H.265 in Annex B byte stream form. */
  HEVC("hevc"),
  /** Bare MPEG-1 or MPEG-2 video. */
  MPEG_VIDEO("mpegvideo");

  /** The common ones, as people know them, for messages. */
  public static final String COMMON_NAMES =
      "MP4, MOV, MKV, WebM, AVI, MPEG-TS, MPEG-PS, FLV, OGG or WMV";

  /** How many bytes {@link #sniff} wants to see; fewer are enough for most formats. */
  public static final int HEAD_BYTES = 1024;

  private final String demuxer;

  VideoContainer(String demuxer) {
    this.demuxer = demuxer;
  }

  /** FFmpeg's name of the demuxer. */
  public String demuxer() {
    return demuxer;
  }

  /** Finds the format from the first bytes of a file; empty when it is none of ours. */
  public static Optional<VideoContainer> sniff(byte[] head) {
    if (isIsoMedia(head)) {
      return Optional.of(MP4);
    }
    if (startsWith(head, 0, 0x1A, 0x45, 0xDF, 0xA3)) {
      return Optional.of(MATROSKA);
    }
    if (text(head, 0, "RIFF") && text(head, 8, "AVI ")) {
      return Optional.of(AVI);
    }
    if (isTransportStream(head)) {
      return Optional.of(MPEG_TS);
    }
    if (startsWith(head, 0, 0x00, 0x00, 0x01, 0xBA)) {
      return Optional.of(MPEG_PS);
    }
    if (text(head, 0, "FLV")) {
      return Optional.of(FLV);
    }
    if (text(head, 0, "OggS")) {
      return Optional.of(OGG);
    }
    if (startsWith(head, 0, 0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11)) {
      return Optional.of(ASF);
    }
    return sniffRare(head);
  }

  private static Optional<VideoContainer> sniffRare(byte[] head) {
    // SMPTE ST 377-1: the key of a header partition pack.
    if (startsWith(head, 0, 0x06, 0x0E, 0x2B, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0D, 0x01, 0x02)) {
      return Optional.of(MXF);
    }
    if (text(head, 0, "GIF87a") || text(head, 0, "GIF89a")) {
      return Optional.of(GIF);
    }
    if (text(head, 0, "DKIF")) {
      return Optional.of(IVF);
    }
    if (text(head, 0, "YUV4MPEG2 ")) {
      return Optional.of(YUV4MPEG);
    }
    if (text(head, 0, "nut/multimedia container")) {
      return Optional.of(NUT);
    }
    if (text(head, 0, ".RMF")) {
      return Optional.of(REAL_MEDIA);
    }
    if (startsWith(head, 0, 0x00, 0x00, 0x01, 0xB3)) {
      return Optional.of(MPEG_VIDEO);
    }
    return sniffByteStream(head);
  }

  /** ISO/IEC 14496-10 and 23008-2, Annex B: a start code, then a parameter set or a delimiter. */
  private static Optional<VideoContainer> sniffByteStream(byte[] head) {
    int at = startsWith(head, 0, 0, 0, 0, 1) ? 4 : startsWith(head, 0, 0, 0, 1) ? 3 : -1;
    if (at < 0 || head.length < at + 2) {
      return Optional.empty();
    }
    boolean hevc = head[at + 1] == 1 && isOneOf((head[at] >> 1) & 0x3F, 32, 35);
    boolean avc = (head[at] & 0x80) == 0 && isOneOf(head[at] & 0x1F, 7, 9);
    return hevc ? Optional.of(HEVC) : avc ? Optional.of(H264) : Optional.empty();
  }

  private static boolean isOneOf(int value, int one, int other) {
    return value == one || value == other;
  }

  /**
   * ISO/IEC 14496-12: a box is a 32-bit size and a four-letter type; these types can stand first.
   */
  private static boolean isIsoMedia(byte[] head) {
    for (String type : new String[] {"ftyp", "moov", "mdat", "free", "skip", "wide", "pnot"}) {
      if (text(head, 4, type)) {
        return true;
      }
    }
    return false;
  }

  /**
   * ISO/IEC 13818-1: packets of 188 bytes (192 in M2TS, with the mark at 4) that start with 0x47.
   */
  private static boolean isTransportStream(byte[] head) {
    return repeats(head, 0, 188) || repeats(head, 4, 192);
  }

  private static boolean repeats(byte[] head, int first, int packet) {
    if (head.length <= first + 2 * packet) {
      return false;
    }
    return head[first] == 0x47 && head[first + packet] == 0x47 && head[first + 2 * packet] == 0x47;
  }

  private static boolean text(byte[] head, int at, String word) {
    byte[] bytes = word.getBytes(StandardCharsets.US_ASCII);
    return head.length >= at + bytes.length
        && java.util.Arrays.equals(head, at, at + bytes.length, bytes, 0, bytes.length);
  }

  private static boolean startsWith(byte[] head, int at, int... bytes) {
    if (head.length < at + bytes.length) {
      return false;
    }
    for (int i = 0; i < bytes.length; i++) {
      if ((head[at + i] & 0xFF) != bytes[i]) {
        return false;
      }
    }
    return true;
  }
}
