package io.moodline.ingest;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecParameters;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avcodec.AVPacketSideData;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVInputFormat;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;

/**
 * One source opened with FFmpeg: its pictures, one after the other, with their times. Owns all
 * native memory of it. Runs in a decoder child only. Confined to the source's thread.
 */
final class VideoSource implements PictureSource {
  /** Largest picture that is decoded: 4096 x 2304. A larger one is a mistake or an attack. */
  static final long MAX_PIXELS = 4096L * 2304;

  private static final int MAX_STREAMS = 32;
  private static final double HIGHEST_RATE = 240;
  private static final int NO_TIME = -1;
  private static final long SILENT_NANOS = 4_500_000_000L;

  /** Beyond such a jump a live source's clock was set anew. */
  private static final long LIVE_JUMP_MICROS = 10_000_000;

  /** Key frames come seldom: so far apart may they be. */
  private static final long LIVE_KEY_JUMP_MICROS = 60_000_000;

  /** How much of its stated length a recording may lack before it counts as broken off. */
  private static final double MISSING_PART = 0.05;

  private static final long MISSING_MICROS = 1_000_000;

  private final boolean live;
  private final boolean keysOnly;
  private BooleanSupplier goesOn = () -> true;
  private @Nullable AVFormatContext format;
  private final HardwareWish hardware;
  private @Nullable PictureCodecs codecs;
  private @Nullable AVPacket packet;
  private int streamIndex;
  private int timeBaseNum = 1;
  private int timeBaseDen = 1;
  private double rate;
  private int rotation;
  private String codecName = "";
  private int codedWidth;
  private int codedHeight;
  private double pixelAspect = 1;
  private long durationMicros = NO_TIME;
  private long reachedMicros;
  private long zeroMicros = avutil.AV_NOPTS_VALUE;
  private long mediaMicros = NO_TIME;
  private boolean draining;
  private boolean givingOut;
  private int packetsUntimed;
  private int readError;

  private VideoSource(boolean live, boolean keysOnly, HardwareWish hardware) {
    this.hardware = hardware;
    this.live = live;
    this.keysOnly = keysOnly;
  }

  /**
   * Opens a source.
   *
   * @throws SourceException when it can not be opened, or holds no video that can be decoded
   */
  static VideoSource open(DecoderMessage.Open order) throws SourceException {
    VideoSource source =
        new VideoSource(
            order.live(), order.wanted().mode() == WantedFrames.Mode.KEYFRAMES, order.hardware());
    try {
      source.openInput(order);
      source.openCodec(source.findVideo());
      return source;
    } catch (SourceException | RuntimeException | Error e) {
      source.close();
      throw e;
    }
  }

  private void openInput(DecoderMessage.Open order) throws SourceException {
    AVInputFormat demuxer = avformat.av_find_input_format(order.demuxer());
    if (demuxer == null) {
      throw new SourceException(
          "needs the demuxer " + order.demuxer() + ", which is missing", false);
    }
    AVFormatContext opened = avformat.avformat_alloc_context();
    opened.max_streams(MAX_STREAMS);
    AVDictionary options = new AVDictionary(null);
    long started = System.nanoTime();
    try {
      order.options().forEach((key, value) -> avutil.av_dict_set(options, key, value, 0));
      // A failed call frees the context itself.
      int code = avformat.avformat_open_input(opened, order.url(), demuxer, options);
      if (live && code < 0 && System.nanoTime() - started >= SILENT_NANOS) {
        throw new SourceException("does not answer", true); // FFmpeg calls it invalid data
      }
      if (code < 0) {
        throw SourceException.opening(code, live);
      }
    } finally {
      avutil.av_dict_free(options);
    }
    format = opened;
    int code = avformat.avformat_find_stream_info(opened, (PointerPointer<?>) null);
    if (code < 0) {
      throw SourceException.opening(code, live);
    }
  }

  /** The first stream of pictures that move: a cover in a music file is none. */
  private AVStream findVideo() throws SourceException {
    AVFormatContext opened = require(format);
    AVStream found = null;
    for (int i = 0; i < opened.nb_streams(); i++) {
      AVStream stream = opened.streams(i);
      boolean video = stream.codecpar().codec_type() == avutil.AVMEDIA_TYPE_VIDEO;
      boolean cover = (stream.disposition() & avformat.AV_DISPOSITION_ATTACHED_PIC) != 0;
      if (found == null && video && !cover) {
        found = stream;
      } else {
        stream.discard(avcodec.AVDISCARD_ALL);
      }
    }
    if (found == null) {
      throw new SourceException("has no video", false);
    }
    return found;
  }

  private void openCodec(AVStream stream) throws SourceException {
    AVCodecParameters parameters = stream.codecpar();
    codecName = avcodec.avcodec_get_name(parameters.codec_id()).getString();
    AVCodec decoder = avcodec.avcodec_find_decoder(parameters.codec_id());
    if (decoder == null) {
      throw new SourceException(
          "uses the codec " + codecName + ", which Moodline can not decode", false);
    }
    codedWidth = parameters.width();
    codedHeight = parameters.height();
    if (codedWidth <= 0 || codedHeight <= 0) {
      throw new SourceException("has no video that can be decoded: its size is unknown", live);
    }
    if ((long) codedWidth * codedHeight > MAX_PIXELS) {
      throw SourceException.tooLarge(codedWidth, codedHeight);
    }
    packet = avcodec.av_packet_alloc();
    streamIndex = stream.index();
    timeBaseNum = stream.time_base().num();
    timeBaseDen = stream.time_base().den();
    rate = rate(require(format), stream);
    pixelAspect = aspect(stream.sample_aspect_ratio());
    rotation = rotation(parameters);
    durationMicros = duration(require(format), stream);
    codecs =
        PictureCodecs.open(
            new PictureCodec.Setup(
                decoder, codecName, parameters, stream.time_base(), live, keysOnly),
            hardware,
            stepMicros() * 1000);
  }

  private double rate(AVFormatContext opened, AVStream stream) {
    AVRational stated = stream.avg_frame_rate();
    if (live || stated.num() <= 0 || stated.den() <= 0) {
      stated = avformat.av_guess_frame_rate(opened, stream, null);
    }
    double found = stated.num() > 0 && stated.den() > 0 ? avutil.av_q2d(stated) : 0;
    return found <= HIGHEST_RATE ? found : 0;
  }

  private static double aspect(AVRational ratio) {
    double aspect = ratio.num() > 0 && ratio.den() > 0 ? avutil.av_q2d(ratio) : 1;
    return aspect >= 0.25 && aspect <= 4 ? aspect : 1;
  }

  /** Quarter turns to the right that show the picture upright: 0 to 3. */
  private static int rotation(AVCodecParameters parameters) {
    for (int i = 0; i < parameters.nb_coded_side_data(); i++) {
      AVPacketSideData data = new AVPacketSideData(parameters.coded_side_data()).position(i);
      if (data.type() == avcodec.AV_PKT_DATA_DISPLAYMATRIX && data.size() >= 36) {
        double degrees = avutil.av_display_rotation_get(new IntPointer(data.data()));
        return Double.isNaN(degrees) ? 0 : Math.floorMod(Math.round(-degrees / 90), 4);
      }
    }
    return 0;
  }

  private long duration(AVFormatContext opened, AVStream stream) {
    if (live) {
      return NO_TIME;
    }
    if (stream.duration() > 0) {
      return micros(stream.duration());
    }
    return opened.duration() > 0 ? opened.duration() : NO_TIME;
  }

  @Override
  public void whileLooking(BooleanSupplier asked) {
    goesOn = asked;
  }

  @Override
  public boolean next() throws SourceException {
    PictureCodecs decoders = require(codecs);
    while (true) {
      int code = decoders.receive();
      if (code >= 0) {
        AVFrame picture = decoders.picture();
        if (isWanted(picture) && readTime(picture)) {
          return true;
        }
      } else if (givingOut && code == avutil.AVERROR_EOF()) {
        decoders.flush();
        givingOut = false;
      } else if (code == avutil.AVERROR_EOF() || draining && code != avutil.AVERROR_EAGAIN()) {
        checkComplete();
        return false;
      } else if (!feed(decoders)) {
        return false;
      }
    }
  }

  /** A codec that can not leave pictures out gives all of them. */
  private boolean isWanted(AVFrame picture) {
    return !keysOnly || (picture.flags() & AVFrame.AV_FRAME_FLAG_KEY) != 0;
  }

  /** Gives the decoder one packet; false where a live source is at its end, or none is wanted. */
  private boolean feed(PictureCodecs decoders) {
    AVPacket data = require(packet);
    int code = avformat.av_read_frame(require(format), data);
    if (!goesOn.getAsBoolean()) {
      avcodec.av_packet_unref(data);
      return false;
    }
    if (code < 0) {
      if (live) {
        return false;
      }
      readError = code == avutil.AVERROR_EOF() ? 0 : code;
      draining = true;
      decoders.send(null);
      return true;
    }
    if (data.stream_index() == streamIndex) {
      if (keysOnly) {
        timeTheFirst(data.pts());
      }
      if (data.pts() != avutil.AV_NOPTS_VALUE) {
        reachedMicros = Math.max(reachedMicros, micros(data.pts() + Math.max(0, data.duration())));
      }
      decoders.send(data);
      if (live && keysOnly && (data.flags() & avcodec.AV_PKT_FLAG_KEY) != 0) {
        // It would keep the picture until it has seen those behind it, and they are left out.
        decoders.send(null);
        givingOut = true;
      }
    }
    avcodec.av_packet_unref(data);
    return true;
  }

  /**
   * The first picture of an RTSP source has no time, but the packets behind it do. Where they are
   * left out, the next picture may come much later than one step after the first.
   */
  private void timeTheFirst(long stamp) {
    if (zeroMicros != avutil.AV_NOPTS_VALUE || mediaMicros < 0) {
      return;
    }
    packetsUntimed++;
    if (stamp != avutil.AV_NOPTS_VALUE) {
      zeroMicros = micros(stamp) - mediaMicros - packetsUntimed * stepMicros();
    }
  }

  private long stepMicros() {
    return rate > 0 ? Math.round(1e6 / rate) : 40_000;
  }

  private boolean readTime(AVFrame picture) {
    long stamp = picture.best_effort_timestamp();
    long step = stepMicros();
    if (stamp == avutil.AV_NOPTS_VALUE) {
      mediaMicros = mediaMicros < 0 ? 0 : mediaMicros + step;
      return true;
    }
    long time = micros(stamp);
    if (zeroMicros == avutil.AV_NOPTS_VALUE) {
      zeroMicros = time - Math.max(0, mediaMicros < 0 ? 0 : mediaMicros + step);
    }
    long next = time - zeroMicros;
    if (live
        && mediaMicros >= 0
        && (next <= mediaMicros
            || next - mediaMicros > (keysOnly ? LIVE_KEY_JUMP_MICROS : LIVE_JUMP_MICROS))) {
      next = mediaMicros + step;
      zeroMicros = time - next;
    }
    if (next <= mediaMicros) {
      return false; // two pictures of one time: the first one counts
    }
    mediaMicros = next;
    return true;
  }

  private void checkComplete() throws SourceException {
    double seconds = Math.max(0, mediaMicros) / 1e6;
    if (mediaMicros < 0) {
      String what = keysOnly ? "key frame" : "picture";
      throw new SourceException(
          (live ? "sent no " : "has no ") + what + " that can be decoded", live);
    }
    if (readError != 0) {
      throw new SourceException(
          String.format(
              java.util.Locale.ROOT, "breaks off after %.1f s (%s)", seconds, text(readError)),
          false);
    }
    long missing = durationMicros - reachedMicros;
    if (durationMicros > 0 && missing > Math.max(MISSING_MICROS, durationMicros * MISSING_PART)) {
      throw new SourceException(
          String.format(
              java.util.Locale.ROOT,
              "breaks off after %.1f s of %.1f s",
              seconds,
              durationMicros / 1e6),
          false);
    }
  }

  private static String text(int code) {
    return SourceException.text(code);
  }

  private long micros(long stamp) {
    // Exact: stamps and bases of real files multiply within 64 bits but for hostile ones.
    return Math.round((double) stamp * timeBaseNum * 1e6 / timeBaseDen);
  }

  @Override
  public AVFrame picture() {
    return require(codecs).picture();
  }

  @Override
  public Optional<DecodedBy> decoderNews() {
    return require(codecs).news();
  }

  @Override
  public long mediaTimeMicros() {
    return mediaMicros;
  }

  /** Its presentation time as the container has it, in units of {@link #timeBase}. */
  @Override
  public long stamp() {
    long stamp = picture().best_effort_timestamp();
    return stamp != avutil.AV_NOPTS_VALUE
        ? stamp
        : Math.round((zero() + mediaMicros) / 1e6 * timeBaseDen / timeBaseNum);
  }

  private long zero() {
    return zeroMicros == avutil.AV_NOPTS_VALUE ? 0 : zeroMicros;
  }

  /** Seconds in one unit of the container's presentation times. */
  AVRational timeBase() {
    return avutil.av_make_q(timeBaseNum, timeBaseDen);
  }

  @Override
  public String codecName() {
    return codecName;
  }

  @Override
  public double framesPerSecond() {
    return rate;
  }

  @Override
  public int rotation() {
    return rotation;
  }

  @Override
  public double pixelAspect() {
    return pixelAspect;
  }

  @Override
  public int shownWidth() {
    return rotation % 2 == 0 ? straightWidth() : codedHeight;
  }

  @Override
  public int shownHeight() {
    return rotation % 2 == 0 ? codedHeight : straightWidth();
  }

  private int straightWidth() {
    return (int) Math.round(codedWidth * pixelAspect);
  }

  @Override
  public long durationMicros() {
    return durationMicros;
  }

  private static <T> T require(@Nullable T resource) {
    if (resource == null) {
      throw new IllegalStateException("the source is closed");
    }
    return resource;
  }

  @Override
  public void close() {
    if (packet != null) {
      avcodec.av_packet_free(packet);
      packet = null;
    }
    if (codecs != null) {
      codecs.close();
      codecs = null;
    }
    if (format != null) {
      avformat.avformat_close_input(format);
      format = null;
    }
  }
}
