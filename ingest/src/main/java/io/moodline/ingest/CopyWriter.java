package io.moodline.ingest;

import io.moodline.runtime.UserException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swscale;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.ffmpeg.swscale.SwsFilter;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * A video file that is being written: H.264 pictures at given times, and sound as it comes. Owns
 * its native memory; what is not finished is no file that plays. Confined to one thread.
 */
final class CopyWriter implements AutoCloseable {
  private static final String ENCODER = "libopenh264";
  private static final double USUAL_RATE = 25;

  private final AVFormatContext format;
  private final String ending;
  private @Nullable AVIOContext file;
  private @Nullable AVCodecContext codec;
  private @Nullable AVStream video;
  private @Nullable AVFrame picture;
  private @Nullable AVPacket packet;
  private @Nullable SwsContext converter;
  private @Nullable BytePointer pixels;
  private final PointerPointer<BytePointer> sourceData = new PointerPointer<>(1);
  private final IntPointer sourceStride = new IntPointer(1);

  private CopyWriter(AVFormatContext format, String ending) {
    this.format = format;
    this.ending = ending;
  }

  /** FFmpeg's name of the container that a file's ending stands for. */
  static String format(Path target) {
    String name = String.valueOf(target.getFileName()).toLowerCase(Locale.ROOT);
    return switch (name.substring(name.lastIndexOf('.') + 1)) {
      case "mp4", "m4v" -> "mp4";
      case "mov" -> "mov";
      case "mkv" -> "matroska";
      default ->
          throw new UserException("'" + target + "' names no video: end it in .mp4, .mov or .mkv");
    };
  }

  static CopyWriter create(Path path, String formatName) throws IOException {
    AVFormatContext made = new AVFormatContext(null);
    if (avformat.avformat_alloc_output_context2(made, null, formatName, path.toString()) < 0) {
      throw new IOException("FFmpeg can not write " + formatName);
    }
    CopyWriter writer = new CopyWriter(made, formatName);
    try {
      AVIOContext io = new AVIOContext(null);
      check(avformat.avio_open(io, path.toString(), avformat.AVIO_FLAG_WRITE));
      writer.file = io;
      made.pb(io);
      return writer;
    } catch (IOException | RuntimeException e) {
      writer.close();
      throw e;
    }
  }

  /**
   * Adds a stream of sound; before {@link #start}.
   *
   * @throws SourceException when the container can not hold it as it is
   */
  AVStream addSound(AVStream from) throws SourceException {
    int codecId = from.codecpar().codec_id();
    if (avformat.avformat_query_codec(format.oformat(), codecId, avcodec.FF_COMPLIANCE_NORMAL)
        != 1) {
      throw new SourceException(
          "has sound as "
              + avcodec.avcodec_get_name(codecId).getString()
              + ", which "
              + ending
              + " can not hold: name the copy .mkv",
          false);
    }
    AVStream to = avformat.avformat_new_stream(format, null);
    avcodec.avcodec_parameters_copy(to.codecpar(), from.codecpar());
    to.codecpar().codec_tag(0);
    to.time_base(from.time_base());
    return to;
  }

  /** Begins the file with pictures of one size, whose times are in units of {@code timeBase}. */
  void start(int width, int height, AVRational timeBase, double rate) throws IOException {
    AVCodec encoder = avcodec.avcodec_find_encoder_by_name(ENCODER);
    AVCodecContext context = avcodec.avcodec_alloc_context3(encoder);
    codec = context;
    double usual = rate > 0 ? rate : USUAL_RATE;
    context.width(width);
    context.height(height);
    context.pix_fmt(avutil.AV_PIX_FMT_YUV420P);
    context.time_base(timeBase);
    context.framerate(avutil.av_d2q(usual, 100_000));
    context.gop_size((int) Math.max(1, Math.round(2 * usual)));
    context.bit_rate((long) (width * (long) height * Math.min(60, usual) / 8));
    context.thread_count(1);
    context.colorspace(avutil.AVCOL_SPC_BT709);
    context.color_range(avutil.AVCOL_RANGE_MPEG);
    if ((format.oformat().flags() & avformat.AVFMT_GLOBALHEADER) != 0) {
      context.flags(context.flags() | avcodec.AV_CODEC_FLAG_GLOBAL_HEADER);
    }
    check(avcodec.avcodec_open2(context, encoder, (PointerPointer<?>) null));
    AVStream stream = avformat.avformat_new_stream(format, null);
    check(avcodec.avcodec_parameters_from_context(stream.codecpar(), context));
    stream.time_base(timeBase);
    stream.avg_frame_rate(context.framerate());
    video = stream;
    check(avformat.avformat_write_header(format, (AVDictionary) null));
    AVFrame frame = avutil.av_frame_alloc();
    picture = frame;
    frame.format(avutil.AV_PIX_FMT_YUV420P);
    frame.width(width);
    frame.height(height);
    frame.colorspace(avutil.AVCOL_SPC_BT709);
    check(avutil.av_frame_get_buffer(frame, 0));
    packet = avcodec.av_packet_alloc();
    pixels = new BytePointer(3L * width * height);
    openConverter(width, height);
  }

  private void openConverter(int width, int height) {
    SwsContext made =
        swscale.sws_getContext(
            width,
            height,
            avutil.AV_PIX_FMT_BGR24,
            width,
            height,
            avutil.AV_PIX_FMT_YUV420P,
            swscale.SWS_BILINEAR,
            (SwsFilter) null,
            (SwsFilter) null,
            (DoublePointer) null);
    var bt709 = swscale.sws_getCoefficients(avutil.AVCOL_SPC_BT709);
    swscale.sws_setColorspaceDetails(made, bt709, 1, bt709, 0, 0, 1 << 16, 1 << 16);
    converter = made;
  }

  /**
   * Adds a picture.
   *
   * @param bgr 8-bit BGR by rows, of the size given to {@link #start}
   * @param stamp later than the one before
   */
  void add(byte[] bgr, long stamp) throws IOException {
    AVFrame frame = require(picture);
    check(avutil.av_frame_make_writable(frame));
    BytePointer copied = require(pixels).position(0).put(bgr);
    swscale.sws_scale(
        require(converter),
        sourceData.put(0, copied),
        sourceStride.put(0, 3 * frame.width()),
        0,
        frame.height(),
        frame.data(),
        frame.linesize());
    frame.pts(stamp);
    encode(frame);
  }

  private void encode(@Nullable AVFrame frame) throws IOException {
    AVCodecContext context = require(codec);
    AVPacket encoded = require(packet);
    check(avcodec.avcodec_send_frame(context, frame));
    while (avcodec.avcodec_receive_packet(context, encoded) >= 0) {
      AVStream to = require(video);
      avcodec.av_packet_rescale_ts(encoded, context.time_base(), to.time_base());
      encoded.stream_index(to.index());
      check(avformat.av_interleaved_write_frame(format, encoded));
    }
  }

  /** Adds a packet of sound; the packet is empty afterwards. */
  void addSound(AVPacket sound, AVRational timeBase, AVStream to) throws IOException {
    avcodec.av_packet_rescale_ts(sound, timeBase, to.time_base());
    sound.stream_index(to.index());
    sound.pos(-1);
    check(avformat.av_interleaved_write_frame(format, sound));
  }

  /** Ends the file. */
  void finish() throws IOException {
    encode(null);
    check(avformat.av_write_trailer(format));
  }

  private static void check(int code) throws IOException {
    if (code < 0) {
      throw new IOException(SourceException.text(code));
    }
  }

  private static <T> T require(@Nullable T resource) {
    if (resource == null) {
      throw new IllegalStateException("the copy was not started");
    }
    return resource;
  }

  @Override
  public void close() {
    if (converter != null) {
      swscale.sws_freeContext(converter);
      converter = null;
    }
    if (packet != null) {
      avcodec.av_packet_free(packet);
      packet = null;
    }
    if (picture != null) {
      avutil.av_frame_free(picture);
      picture = null;
    }
    if (codec != null) {
      avcodec.avcodec_free_context(codec);
      codec = null;
    }
    if (pixels != null) {
      pixels.close();
      pixels = null;
    }
    if (file != null) {
      avformat.avio_closep(file);
      file = null;
    }
    avformat.avformat_free_context(format);
    sourceData.close();
    sourceStride.close();
  }
}
